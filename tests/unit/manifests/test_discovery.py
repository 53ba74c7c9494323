"""Which files are manifests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ftops.manifests.discovery import manifest_files
from ftops.manifests.loader import parse_yaml

(PROJECT,) = parse_yaml(b"spec:\n  manifests:\n  - here\n  - there\n", "ftops.yaml").documents


def found(root: Path, *patterns: str) -> tuple[list[str], list[str]]:
    files, problems = manifest_files(root.resolve(), patterns, PROJECT)
    return files, [str(problem) for problem in problems]


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
        (["empty/", "jobs/*.nothing"], []),
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
    assert problem.startswith(f"{where}: is a link that leads out of the project")


def test_a_pattern_that_is_itself_a_link_out_is_a_problem(root: Path, tmp_path: Path) -> None:
    (root / "elsewhere").symlink_to(tmp_path)
    names, (problem,) = found(root, "elsewhere/")
    assert names == []
    assert "leads out of the project" in problem


def test_a_link_that_leads_nowhere_is_a_problem(root: Path) -> None:
    (root / "jobs/dead.yaml").symlink_to(root / "nothing.yaml")
    _, (problem,) = found(root, "jobs")
    assert "is a link that leads nowhere" in problem


def test_a_name_that_is_not_utf_8_is_a_problem_that_can_be_printed(root: Path) -> None:
    Path(os.fsdecode(os.fsencode(root / "jobs") + b"/\xff.yaml")).touch()
    _, (problem,) = found(root, "jobs")
    assert "has a name that is not UTF-8" in problem
    assert problem.encode()


def test_a_project_reached_by_a_link_is_whole(root: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(root)
    assert found(tmp_path / "link", "jobs/*.yaml") == (["jobs/a.yaml"], [])
