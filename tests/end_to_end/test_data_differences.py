"""What has changed in data since it was trained on: in the plan, in Markdown and JSON, and by `data diff`."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ftops.files.kept_rows import FOLDER
from ftops.manifests.schema import schema_text
from tests.conftest import ProjectDirectory

COUNT = 60


def rows(count: int = COUNT) -> list[dict[str, Any]]:
    return [
        {
            "messages": [
                {"role": "user", "content": f"How do I reset the password of account {n}?"},
                {"role": "assistant", "content": f"Open page {n} of the settings and choose Reset."},
            ]
        }
        for n in range(count)
    ]


def write(project: ProjectDirectory, found: Sequence[Any], ends: str = "\n") -> None:
    text = "".join(json.dumps(row) + ends for row in found)
    (project.root / "data/train.jsonl").write_bytes(text.encode())


def git(project: ProjectDirectory, *arguments: str) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b.example", "-c", "core.autocrlf=false")
    subprocess.run(["git", "-C", str(project.root), *identity, *arguments], check=True, capture_output=True)


def commit(project: ProjectDirectory, message: str = "x") -> None:
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", message)


@pytest.fixture(params=["kept", "git"])
def trained(request: pytest.FixtureRequest, project: ProjectDirectory) -> ProjectDirectory:
    """A project that has trained on sixty rows: which, is known by kept digests, or by git alone."""
    project.manifest("a")
    write(project, rows())
    if request.param == "git":
        project.write(".gitignore", ".ftops/\n")
        git(project, "init", "-q")
        commit(project)
    assert project.ftops("apply", "--yes") == 0
    if request.param == "git":
        for file in (project.root / FOLDER).iterdir():
            file.unlink()
    return project


def five_changed() -> list[dict[str, Any]]:
    found = rows()
    for number in (3, 10, 11, 40, 59):
        found[number]["messages"][1]["content"] += " Then sign in again."
    return found


def forget(project: ProjectDirectory) -> None:
    """Remove all that knows which rows were trained."""
    shutil.rmtree(project.root / ".git", ignore_errors=True)
    shutil.rmtree(project.root / FOLDER, ignore_errors=True)


def planned(project: ProjectDirectory) -> tuple[str, dict[str, Any], str]:
    """The plan of the only fine-tune in every form."""
    assert project.ftops("plan") == 0
    text = project.out
    assert project.ftops("plan", "--format", "markdown") == 0
    markdown = project.out
    assert project.ftops("plan", "--format", "json") == 0
    document = json.loads(project.out)
    jsonschema.Draft7Validator(json.loads(schema_text("plan"))).validate(document)
    (change,) = document["changes"]
    return text, change, markdown


def test_a_plan_counts_the_rows_that_changed(trained: ProjectDirectory) -> None:
    write(trained, [*five_changed(), *rows(62)[60:]])
    text, change, markdown = planned(trained)
    assert "    data/train.jsonl  5 rows changed, 2 added (was 60)\n" in text
    assert "training_file.sha256" not in text
    assert change["action"] == "replace"
    (difference,) = change["differences"]
    assert difference["path"] == "training_file.sha256"
    assert difference["rows"] == {
        "path": "data/train.jsonl",
        "before": 60,
        "after": 62,
        "added": 2,
        "removed": 0,
        "changed": 5,
        "moved": False,
    }
    assert "5 changed, 2 added, 0 removed. It trains a." in markdown


def test_a_plan_says_where_only_the_order_changed(trained: ProjectDirectory) -> None:
    write(trained, rows()[::-1])
    text, change, markdown = planned(trained)
    assert "    data/train.jsonl  only the order of its 60 rows changed\n" in text
    assert "the order of 60 rows in data/train.jsonl" in markdown
    assert change["differences"][0]["rows"]["moved"] is True


def test_line_ends_change_nothing(trained: ProjectDirectory) -> None:
    write(trained, rows(), "\r\n")
    text, change, _ = planned(trained)
    assert "No changes" in text
    assert change["differences"] == []


def test_a_saved_plan_shows_it_and_is_applied(trained: ProjectDirectory) -> None:
    write(trained, five_changed())
    assert trained.ftops("plan", "--out", "p.json") == 0
    assert trained.ftops("show", "p.json") == 0
    assert "5 rows changed (was 60)" in trained.out
    assert trained.ftops("apply", "p.json") == 0
    assert trained.ftops("plan") == 0
    assert "No changes" in trained.out


def test_digests_are_shown_where_nobody_knows_the_rows(trained: ProjectDirectory) -> None:
    forget(trained)
    write(trained, five_changed())
    text, change, _ = planned(trained)
    assert "    other training data\n" in text
    assert "rows" not in change["differences"][0]


def test_kept_digests_are_not_believed_in_ci(
    project: ProjectDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.manifest("a")
    write(project, rows())
    assert project.ftops("apply", "--yes") == 0
    write(project, five_changed())
    monkeypatch.setenv("CI", "true")
    assert project.ftops("plan") == 0
    assert "    other training data\n" in project.out


def test_nothing_is_kept_through_a_link(project: ProjectDirectory, tmp_path: Path) -> None:
    project.manifest("a")
    outside = tmp_path / "outside"
    outside.mkdir()
    (project.root / ".ftops").mkdir(exist_ok=True)
    (project.root / ".ftops/cache").symlink_to(outside)
    assert project.ftops("apply", "--yes") == 0
    assert list(outside.iterdir()) == []


def diff(project: ProjectDirectory, *arguments: str) -> dict[str, Any]:
    """The difference as a document, which its schema has to allow."""
    assert project.ftops("data", "diff", *arguments, "--format", "json") in (0, 1)
    document: dict[str, Any] = json.loads(project.out)
    jsonschema.Draft7Validator(json.loads(schema_text("data-diff"))).validate(document)
    return document


def test_the_difference_of_changed_rows(trained: ProjectDirectory) -> None:
    write(trained, five_changed())
    assert trained.ftops("data", "diff", "a") == 0
    assert "  5 rows changed (was 60); it trains again\n  changed row 4\n" in trained.out
    assert trained.out.endswith("  ... and 2 more changed\n")
    by_git = "against commit" in trained.out
    change = (
        "    messages[1].content\n"
        "      - …ttings and choose Reset.\n"
        "      + …ttings and choose Reset. Then sign in again.\n"
    )
    assert (change in trained.out) is by_git
    (file,) = diff(trained, "a")["files"]
    assert (file["rows"]["changed"], file["trains_again"], file["only_order"]) == (5, True, False)
    assert [one["before"] for one in file["samples"]] == [4, 11, 12]
    assert trained.ftops("data", "diff", "a", "--detailed-exitcode") == 2
    assert trained.ftops("data", "diff", "data/train.jsonl", "--samples", "0") == 0
    assert "changed row" not in trained.out


def test_the_difference_of_another_order_and_of_line_ends(trained: ProjectDirectory) -> None:
    write(trained, rows()[::-1])
    assert trained.ftops("data", "diff", "a") == 0
    assert "only the order of its 60 rows changed; it trains again" in trained.out
    (file,) = diff(trained, "a")["files"]
    assert (file["only_order"], file["only_line_ends"], file["trains_again"]) == (True, False, True)
    write(trained, rows(), "\r\n")
    assert trained.ftops("data", "diff", "a", "--detailed-exitcode") == 0
    assert "the rows are the same" in trained.out
    assert "not train again" in " ".join(trained.out.split())
    (file,) = diff(trained, "a")["files"]
    assert (file["only_order"], file["trains_again"]) == (False, False)


def test_the_difference_as_a_reviewer_sees_it(trained: ProjectDirectory) -> None:
    found = five_changed()
    found[3]["messages"][1]["content"] += " </pre></details> @octocat <img src=x>\x1b[31m"
    write(trained, [*found, *rows(61)[60:]])
    assert trained.ftops("data", "diff", "a", "--format", "markdown") == 0
    lines = trained.out.splitlines()
    assert lines[0] == "## ftops data diff"
    assert lines[2].startswith("- **data/train.jsonl** (a, training), against ")
    assert lines[2].endswith(": 5 rows changed, 1 added (was 60); it trains again")
    assert "<img" not in trained.out
    assert "\x1b" not in trained.out
    assert trained.out.count("</details>") == 1
    assert "  added row 61\n" in trained.out
    write(trained, rows()[::-1])
    assert trained.ftops("data", "diff", "a", "--format", "markdown") == 0
    assert "only the order of its 60 rows changed" in trained.out
    assert "<details>" not in trained.out
    write(trained, rows(), "\r\n")
    assert trained.ftops("data", "diff", "a", "--format", "markdown") == 0
    assert "the rows are the same" in trained.out


def test_a_project_may_forbid_samples(trained: ProjectDirectory) -> None:
    text = (trained.root / "ftops.yaml").read_text()
    trained.write("ftops.yaml", f"{text}  data: {{samples: false}}\n")
    write(trained, five_changed())
    for form in ("text", "json", "markdown"):
        assert trained.ftops("data", "diff", "a", "--samples", "9", "--format", form) == 0
        assert "settings" not in trained.out
        assert "row" in trained.out
    assert diff(trained, "a")["samples_withheld"] is True
    assert trained.ftops("plan") == 0
    assert "5 rows changed" in trained.out


def test_a_revision_and_two_files(project: ProjectDirectory) -> None:
    project.manifest("a")
    write(project, rows())
    git(project, "init", "-q")
    commit(project)
    git(project, "tag", "v1")
    write(project, five_changed())
    commit(project)
    assert diff(project, "a", "--against", "v1")["files"][0]["rows"]["changed"] == 5
    assert diff(project, "data/train.jsonl", "--against", "HEAD")["files"][0]["trains_again"] is False
    project.write("data/other.jsonl", json.dumps(rows()[0]) + "\n")
    assert project.ftops("data", "diff", "data/other.jsonl", "--against", "v1") == 1
    assert "v1 has no file data/other.jsonl" in project.err
    (file,) = diff(project, "data/train.jsonl", "data/other.jsonl")["files"]
    assert (file["rows"]["removed"], file["rows"]["after"], file["fine_tune"]) == (59, 1, None)


def test_the_trained_rows_survive_a_fresh_clone(project: ProjectDirectory, tmp_path: Path) -> None:
    project.write(".gitignore", ".ftops/cache\n")
    project.manifest("a")
    write(project, rows())
    git(project, "init", "-q")
    commit(project)
    assert project.ftops("apply", "--yes") == 0
    for count in (62, 61, 60):
        write(project, [*five_changed(), *rows(count)[60:]])
        commit(project)
    git(project, "mv", "data/train.jsonl", "data/renamed.jsonl")
    manifest = (project.root / "jobs/a.yaml").read_text()
    project.write("jobs/a.yaml", manifest.replace("train.jsonl", "renamed.jsonl"))
    commit(project, "renamed, and the state with it")
    clone = ProjectDirectory(tmp_path / "clone", project.capsys)
    subprocess.run(["git", "clone", "-q", str(project.root), str(clone.root)], check=True)
    assert diff(clone, "a")["files"][0]["rows"]["changed"] == 5
    assert clone.ftops("plan") == 0
    assert "    data/renamed.jsonl  5 rows changed (was 60)\n" in clone.out


def test_what_is_not_known_is_said(trained: ProjectDirectory) -> None:
    forget(trained)
    write(trained, five_changed())
    assert trained.ftops("data", "diff", "a") == 1
    text = " ".join(trained.out.split())
    assert "the rows that were trained on cannot be found" in text
    assert "git fetch --unshallow" in text
    (file,) = diff(trained, "a")["files"]
    assert file["rows"] is None
    write(trained, rows())
    assert trained.ftops("data", "diff", "a") == 0


@pytest.mark.parametrize("content", [b"", b"ftops rows 1\nabcd12345678", b"\0" * 100, b"ftops rows 1\n"])
def test_damaged_digests_are_ignored(project: ProjectDirectory, content: bytes) -> None:
    project.manifest("a")
    write(project, rows())
    assert project.ftops("apply", "--yes") == 0
    (kept,) = (project.root / FOLDER).iterdir()
    kept.write_bytes(content)
    write(project, five_changed())
    assert project.ftops("plan") == 0
    assert "    other training data\n" in project.out


def test_a_run_without_a_cache_keeps_nothing(project: ProjectDirectory) -> None:
    project.manifest("a")
    assert project.ftops("apply", "--yes", "--no-cache") == 0
    assert not (project.root / FOLDER).exists()


def test_a_link_in_place_of_kept_digests_is_not_followed(project: ProjectDirectory, tmp_path: Path) -> None:
    project.manifest("a")
    write(project, rows())
    assert project.ftops("apply", "--yes") == 0
    (kept,) = (project.root / FOLDER).iterdir()
    kept.rename(tmp_path / "kept")
    kept.symlink_to(tmp_path / "kept")
    write(project, five_changed())
    assert project.ftops("plan") == 0
    assert "    other training data\n" in project.out
