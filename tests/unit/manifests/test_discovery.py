"""Which files are manifests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ftops.manifests.discovery import manifest_files
from ftops.manifests.loader import parse_yaml

(PROJECT,) = parse_yaml(b"spec:\n  manifests:\n  - here\n  - there\n", "ftops.yaml").documents


def found(root: Path, *patterns: str) -> tuple[list[str], list[str]]:
    seen = manifest_files(root.resolve(), patterns, PROJECT)
    return list(seen.files), [str(problem) for problem in (*seen.problems, *seen.unseen)]


EVERYTHING = [
    "jobs/a.yaml",
    "jobs/b.yml",
    "jobs/deep/er/d.yaml",
    "teams/x/jobs/f.yaml",
    "teams/y/h.yaml",
    "teams/y/jobs/g.yaml",
    "top.yml",
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for name in [
        "ftops.yaml",
        "top.yml",
        "jobs/a.yaml",
        "jobs/b.yml",
        "jobs/c.json",
        "jobs/.hidden.yaml",
        "jobs/.git/e.yaml",
        "jobs/deep/er/d.yaml",
        "teams/x/jobs/f.yaml",
        "teams/y/jobs/g.yaml",
        "teams/y/h.yaml",
    ]:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (root / "empty").mkdir()
    return root


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        (["jobs/"], ["jobs/a.yaml", "jobs/b.yml", "jobs/deep/er/d.yaml"]),
        (["./jobs"], ["jobs/a.yaml", "jobs/b.yml", "jobs/deep/er/d.yaml"]),
        (["jobs/a.yaml"], ["jobs/a.yaml"]),
        (["jobs/c.json"], ["jobs/c.json"]),
        (["jobs/*.yaml"], ["jobs/a.yaml"]),
        (["jobs/?.y*ml"], ["jobs/a.yaml", "jobs/b.yml"]),
        (["jobs/**/*.yaml"], ["jobs/a.yaml", "jobs/deep/er/d.yaml"]),
        (["**/[dh].yaml"], ["jobs/deep/er/d.yaml", "teams/y/h.yaml"]),
        (["teams/*/jobs/"], ["teams/x/jobs/f.yaml", "teams/y/jobs/g.yaml"]),
        (["teams/*"], ["teams/x/jobs/f.yaml", "teams/y/h.yaml", "teams/y/jobs/g.yaml"]),
        (["*.y*ml"], ["top.yml"]),
        (["jobs/a.yaml", "jobs/*.yaml", "jobs"], ["jobs/a.yaml", "jobs/b.yml", "jobs/deep/er/d.yaml"]),
        (["teams/*/jobs/g.yaml", "jobs/*/*/d.yaml"], ["jobs/deep/er/d.yaml", "teams/y/jobs/g.yaml"]),
        (["**"], EVERYTHING),
        (["."], EVERYTHING),
        (["empty/"], []),
        (["emp*"], []),
        (["jobs/.hidden.yaml"], ["jobs/.hidden.yaml"]),
    ],
)
def test_directories_files_and_globs_name_manifests(
    root: Path, patterns: list[str], names: list[str]
) -> None:
    assert found(root, *patterns) == (names, [])


def test_the_project_file_is_no_manifest(root: Path) -> None:
    names, problems = found(root, ".")
    assert "ftops.yaml" not in names
    assert "top.yml" in names
    assert not problems


@pytest.mark.parametrize("pattern", ["/etc", "..", "../other", "jobs/../../other/*.yaml"])
def test_a_pattern_that_leads_out_is_a_problem_at_its_line(root: Path, pattern: str) -> None:
    names, problems = found(root, "jobs/a.yaml", pattern)
    assert names == ["jobs/a.yaml"]
    (problem,) = problems
    assert problem.startswith(f"ftops.yaml:4:5: spec.manifests[1]: {pattern} lies outside the project")


def test_a_directory_that_does_not_exist_is_a_problem(root: Path) -> None:
    _, (problem,) = found(root, "job/")
    assert problem.startswith("ftops.yaml:3:5: spec.manifests[0]: job/ does not exist")


def test_links_inside_the_project_are_followed_and_each_file_comes_once(root: Path) -> None:
    (root / "teams/x/jobs/again.yaml").symlink_to(root / "jobs/a.yaml")
    (root / "teams/x/all").symlink_to(root / "jobs")
    (root / "jobs/deep/loop").symlink_to(root / "jobs")
    names, problems = found(root, "teams/x", "jobs")
    assert names == ["jobs/a.yaml", "jobs/b.yml", "jobs/deep/er/d.yaml", "teams/x/jobs/f.yaml"]
    assert problems == []


@pytest.mark.parametrize("where", ["jobs/out.yaml", "jobs/out"])
def test_a_link_that_leads_out_is_a_problem(root: Path, tmp_path: Path, where: str) -> None:
    (tmp_path / "secret.yaml").touch()
    (root / where).symlink_to(tmp_path / "secret.yaml" if where.endswith("yaml") else tmp_path)
    names, problems = found(root, "jobs")
    assert names == ["jobs/a.yaml", "jobs/b.yml", "jobs/deep/er/d.yaml"]
    (problem,) = problems
    assert problem.startswith(f"{where}: is a link that points outside the project")


def test_a_pattern_that_is_itself_a_link_out_is_a_problem(root: Path, tmp_path: Path) -> None:
    (root / "elsewhere").symlink_to(tmp_path)
    names, (problem,) = found(root, "elsewhere/")
    assert names == []
    assert "points outside the project" in problem


def test_a_link_that_leads_nowhere_is_a_problem(root: Path) -> None:
    (root / "jobs/dead.yaml").symlink_to(root / "nothing.yaml")
    _, (problem,) = found(root, "jobs")
    assert "is a broken link" in problem


def test_a_name_that_is_not_utf_8_is_a_problem_that_can_be_printed(root: Path) -> None:
    Path(os.fsdecode(os.fsencode(root / "jobs") + b"/\xff.yaml")).touch()
    _, (problem,) = found(root, "jobs")
    assert "has a name that is not UTF-8" in problem
    assert problem.encode()


def test_a_project_reached_by_a_link_is_whole(root: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(root)
    assert found(tmp_path / "link", "jobs/*.yaml") == (["jobs/a.yaml"], [])


@pytest.mark.parametrize("pattern", ["jobs/*.nothing", "jobs/[x-z]*", "none/*.yaml", "te[a]ms/*/*/*/*.yaml"])
def test_a_pattern_that_matches_no_file_is_a_problem_at_its_line(root: Path, pattern: str) -> None:
    names, (problem,) = found(root, "jobs/a.yaml", pattern)
    assert names == ["jobs/a.yaml"]
    assert problem.startswith(f"ftops.yaml:4:5: spec.manifests[1]: {pattern} matches no file")


def test_two_patterns_that_mean_the_same_are_both_right(root: Path) -> None:
    assert found(root, "jobs/*.yaml", "./jobs/*.yaml") == (["jobs/a.yaml"], [])


@pytest.mark.parametrize("link", ["jobs/latest", "jobs/zz"])
@pytest.mark.parametrize("pattern", ["jobs/v*/*.yaml", "jobs/**/x.yaml", "jobs/v2/x.yaml"])
def test_a_link_to_a_folder_hides_it_from_no_pattern(root: Path, link: str, pattern: str) -> None:
    (root / "jobs/v2").mkdir()
    (root / "jobs/v2/x.yaml").touch()
    (root / link).symlink_to("v2")
    assert found(root, pattern) == (["jobs/v2/x.yaml"], [])


def test_a_folder_is_found_by_the_way_through_a_link_too(root: Path) -> None:
    (root / "teams/x/all").symlink_to(root / "jobs")
    (root / "teams/x/all2").symlink_to("all")
    assert found(root, "teams/*/all*/a.yaml") == (["jobs/a.yaml"], [])


def test_links_that_could_be_walked_in_endless_ways_are_walked_once(root: Path) -> None:
    for step in range(40):
        folder = root / f"maze/{step}"
        folder.mkdir(parents=True)
        for way in "abc":
            (folder / way).symlink_to(f"../{(step + 1) % 40}")
    (root / "maze/39/x.yaml").touch()
    assert found(root, "maze/0/**/x.yaml", "maze/**/**/**/x.yaml") == (["maze/39/x.yaml"], [])


@pytest.mark.parametrize("pattern", ["jobs", "jobs/v*/*.yaml"])
def test_a_link_to_a_folder_that_is_not_there_is_a_problem(root: Path, pattern: str) -> None:
    (root / "jobs/v1").mkdir()
    (root / "jobs/v1/x.yaml").touch()
    (root / "jobs/v9").symlink_to("gone")
    names, (problem,) = found(root, pattern)
    assert "jobs/v1/x.yaml" in names
    assert problem == "jobs/v9: is a broken link"


def test_a_link_that_no_pattern_means_is_left_alone(root: Path, tmp_path: Path) -> None:
    (root / "jobs/out").symlink_to(tmp_path)
    (root / "jobs/dead").symlink_to("gone")
    assert found(root, "jobs/*.yaml") == (["jobs/a.yaml"], [])


def test_what_is_no_regular_file_is_a_problem(root: Path) -> None:
    os.mkfifo(root / "jobs/pipe.yaml")
    _, (problem,) = found(root, "jobs")
    assert problem == "jobs/pipe.yaml: is not a regular file"


@pytest.mark.parametrize("name", ["jobs/self", "jobs/self.yaml"])
def test_a_link_to_itself_is_a_problem(root: Path, name: str) -> None:
    (root / name).symlink_to(Path(name).name)
    _, (problem,) = found(root, "jobs")
    assert problem == f"{name}: is a broken link"


@pytest.mark.parametrize("pattern", ["jobs/", "jobs/*.yaml", "jobs/**/*.yaml", "**"])
@pytest.mark.parametrize("name", ["x.YAML", "x.Yaml"])
def test_a_manifest_whose_ending_is_written_otherwise_is_a_problem(
    root: Path, pattern: str, name: str
) -> None:
    (root / "jobs" / name).touch()
    _, (problem,) = found(root, pattern)
    assert problem == f"jobs/{name}: is not read: its ending is not .yaml or .yml (rename it to x.yaml)"


def test_such_a_file_may_be_named_by_its_own_name_and_elsewhere_is_nobodys(root: Path) -> None:
    (root / "jobs/x.YAML").touch()
    (root / "other").mkdir()
    (root / "other/y.YAML").touch()
    assert found(root, "jobs/x.YAML", "teams/") == (
        ["jobs/x.YAML", "teams/x/jobs/f.yaml", "teams/y/h.yaml", "teams/y/jobs/g.yaml"],
        [],
    )


def test_a_folder_may_be_named_like_a_pattern(root: Path) -> None:
    (root / "jobs[1]").mkdir()
    (root / "jobs[1]/a.yaml").touch()
    (root / "jobs1").mkdir()
    (root / "jobs1/b.yaml").touch()
    assert found(root, "jobs[1]/") == (["jobs1/b.yaml", "jobs[1]/a.yaml"], [])
    assert found(root, "jobs[1]/*.yaml") == (["jobs1/b.yaml"], [])


@pytest.mark.parametrize("name", ["x.yaml~", "x.yaml.bak", "#x.yaml#", ".x.yaml.swp"])
def test_what_an_editor_leaves_behind_is_no_manifest(root: Path, name: str) -> None:
    (root / "empty" / name).touch()
    assert found(root, "empty/") == ([], [])
