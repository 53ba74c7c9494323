"""Runs of several commits of one repository: an older one takes nothing back that a newer one brought."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import ftops
from ftops.errors import NeedsPerson
from tests.conftest import Emulator, ProjectDirectory
from tests.repository import Repository


@pytest.fixture
def repository(project: ProjectDirectory) -> Repository:
    """The project's directory as a repository with two commits, of which the second declares b too."""
    made = Repository.init(project.root)
    project.write(".gitignore", ".ftops/\n*.plan\n")
    project.manifest("a")
    made.commit(at=1_700_000_000)
    made.git("tag", "older")
    project.manifest("b", "suffix: b")
    made.commit(at=1_700_000_060)
    made.git("tag", "newer")
    return made


def remembered(project: ProjectDirectory) -> str | None:
    state = json.loads((project.root / ".ftops/state.json").read_text())
    commit = state.get("commit")
    return commit["id"] if commit else None


def test_an_older_commit_does_not_cancel_what_a_newer_one_declares(
    project: ProjectDirectory, repository: Repository, emulator: Emulator
) -> None:
    assert project.ftops("apply", "--yes") == 0
    newer = repository.git("rev-parse", "newer")
    assert remembered(project) == newer
    repository.git("checkout", "-q", "older")
    before = (project.root / ".ftops/state.json").read_bytes()
    for command in (("apply", "--yes"), ("reconcile", "--once")):
        assert project.ftops(*command) == 4
        assert newer[:12] in project.out
        assert "pass --allow-older" in project.out
    assert (project.root / ".ftops/state.json").read_bytes() == before
    assert project.ftops("plan") == 0
    assert "older-commit" in project.out
    assert project.ftops("plan", "--detailed-exitcode") == 4
    repository.git("checkout", "-q", "newer")
    assert project.plan() == {"a": "keep in-progress", "b": "keep in-progress"}
    assert emulator.jobs() == 2


def test_whoever_wants_to_go_back_says_so(project: ProjectDirectory, repository: Repository) -> None:
    assert project.ftops("apply", "--yes") == 0
    older = repository.git("rev-parse", "older")
    repository.git("checkout", "-q", "older")
    assert project.ftops("apply", "--yes", "--allow-older") == 0
    assert remembered(project) == older
    assert "b: cancel done" in project.err
    assert project.ftops("apply", "--yes") == 0
    repository.git("checkout", "-q", "newer")
    assert project.plan()["b"].startswith("create")


def test_an_older_commit_with_nothing_to_do_is_fine_and_is_not_remembered(
    project: ProjectDirectory, repository: Repository
) -> None:
    assert project.ftops("apply", "--yes") == 0
    repository.git("checkout", "-q", "older")
    assert project.ftops("apply", "--yes", "--target", "a") == 0
    assert remembered(project) == repository.git("rev-parse", "newer")


def test_a_newer_commit_is_remembered_although_it_changes_no_job(
    project: ProjectDirectory, repository: Repository, emulator: Emulator
) -> None:
    """It may have taken back what an older run, still waiting somewhere, would now create."""
    repository.git("checkout", "-q", "older")
    assert project.ftops("apply", "--yes") == 0
    repository.git("checkout", "-q", "newer")
    repository.git("revert", "--no-edit", "HEAD", at=1_700_000_120)
    project.write("README", "no manifest")
    last = repository.commit(at=1_700_000_180)
    assert project.ftops("apply", "--yes") == 0
    assert remembered(project) == last
    repository.git("checkout", "-q", "newer")
    assert project.ftops("apply", "--yes") == 4
    assert emulator.jobs() == 1


def test_a_commit_that_leaves_the_project_as_it_is_writes_nothing(
    project: ProjectDirectory, repository: Repository
) -> None:
    assert project.ftops("apply", "--yes") == 0
    before = (project.root / ".ftops/state.json").read_bytes()
    repository.commit(at=1_700_000_120)
    assert project.ftops("apply", "--yes") == 0
    assert (project.root / ".ftops/state.json").read_bytes() == before


def test_a_saved_plan_does_what_it_shows_whatever_was_applied_meanwhile(
    project: ProjectDirectory, repository: Repository, emulator: Emulator
) -> None:
    repository.git("checkout", "-q", "-b", "side", "older")
    assert project.ftops("apply", "--yes") == 0
    project.manifest("c", "suffix: c")
    repository.commit(at=1_700_000_030)
    assert project.ftops("plan", "--out", "side.plan") == 0
    repository.git("checkout", "-q", "newer")
    assert project.ftops("apply", "--yes") == 0
    repository.git("checkout", "-q", "side")
    assert project.ftops("apply", "side.plan") == 0
    assert "1 to create, 0 to replace, 0 to cancel" in project.out
    assert remembered(project) == repository.git("rev-parse", "newer")
    assert emulator.jobs() == 3


def test_a_plan_of_an_older_commit_is_saved_to_be_looked_at_only(
    project: ProjectDirectory, repository: Repository
) -> None:
    assert project.ftops("apply", "--yes") == 0
    repository.git("checkout", "-q", "older")
    assert project.ftops("plan", "--out", "back.plan") == 0
    assert project.ftops("apply", "back.plan") == 3
    assert "was refused when it was made (older-commit)" in project.err
    assert project.ftops("plan", "--allow-older", "--out", "back.plan") == 0
    assert project.ftops("apply", "back.plan") == 0
    assert remembered(project) == repository.git("rev-parse", "older")


def test_a_run_that_does_nothing_begins_no_state(
    project: ProjectDirectory, repository: Repository, emulator: Emulator
) -> None:
    """With the state lost every job is held for a person, who may still bring the state back."""
    assert project.ftops("apply", "--yes") == 0
    (project.root / ".ftops/state.json").unlink()
    assert project.ftops("apply", "--yes") == 4
    assert not (project.root / ".ftops/state.json").exists()
    assert emulator.jobs() == 2
    assert repository.git("status", "--porcelain") == ""


def test_the_doctor_compares_the_commits(
    project: ProjectDirectory, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    older, newer = (repository.git("rev-parse", name)[:12] for name in ("older", "newer"))
    assert project.ftops("doctor") == 0
    assert f"ok    commit: {newer}\n" in project.out
    assert project.ftops("apply", "--yes") == 0
    assert project.ftops("doctor") == 0
    assert f"ok    commit: {newer}; the state was last applied from {newer}\n" in project.out
    repository.git("checkout", "-q", "older")
    assert project.ftops("doctor") == 0
    assert f"warn  commit: {older} is older; the state was last applied from {newer}  - pull" in project.out
    monkeypatch.setenv("PATH", "/nowhere")
    assert project.ftops("doctor") == 0
    assert "warn  commit: git does not tell the commit of this checkout" in project.out
    assert project.ftops("plan") == 0
    assert "older-commit" not in project.out


def test_the_python_api_refuses_and_accepts_likewise(
    project: ProjectDirectory, repository: Repository
) -> None:
    assert project.ftops("apply", "--yes") == 0
    repository.git("checkout", "-q", "older")
    with ftops.open_project(project.root) as opened:
        with pytest.raises(NeedsPerson, match="older-commit"):
            opened.apply(opened.plan())
        done = opened.apply(opened.plan(allow_older=True)).done
        assert [result.change.name for result in done] == ["b"]


def test_two_clones_share_a_state_and_the_older_one_stands_back(
    shared: ProjectDirectory, emulator: Emulator, tmp_path: Path
) -> None:
    """A merge pipeline that comes late, in a shallow clone as CI makes it."""
    repository = Repository.init(shared.root)
    shared.manifest("a")
    repository.commit(at=1_700_000_000)
    late = ProjectDirectory(repository.clone(tmp_path / "late", "--depth", "1").root, shared.capsys)
    shared.manifest("b", "suffix: b")
    repository.commit(at=1_700_000_060)
    assert shared.ftops("apply", "--yes") == 0
    assert late.ftops("apply", "--yes") == 4
    assert "older-commit" in late.out
    assert shared.plan() == {"a": "keep in-progress", "b": "keep in-progress"}
    assert emulator.jobs() == 2
