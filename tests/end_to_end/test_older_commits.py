"""Runs of several commits of one repository: an older one takes nothing back that a newer one brought."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import ftops
from ftops.errors import NeedsPerson
from tests.conftest import Emulator, ProjectDirectory
from tests.end_to_end.test_shared_state import point_at
from tests.repository import Repository
from tests.services.http_state import http_state


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
    applied = state.get("applied")
    return applied["commit"]["id"] if applied else None


def kept(project: ProjectDirectory) -> dict[str, object]:
    """Return the state without what was observed: that a plan was refused is told, and changes nothing."""
    state = json.loads((project.root / ".ftops/state.json").read_text())
    return {key: value for key, value in state.items() if key not in ("serial", "observed", "events")}


def test_an_older_commit_does_not_cancel_what_a_newer_one_declares(
    project: ProjectDirectory, repository: Repository, emulator: Emulator
) -> None:
    assert project.ftops("apply", "--yes") == 0
    newer = repository.git("rev-parse", "newer")
    assert remembered(project) == newer
    repository.git("checkout", "-q", "older")
    before = kept(project)
    for command in (("apply", "--yes"), ("reconcile", "--once")):
        assert project.ftops(*command) == 4
        assert newer[:12] in project.out
        assert "pass --allow-older" in project.out
    assert kept(project) == before
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


def test_what_a_newer_commit_took_back_is_not_brought_by_an_older_one(
    project: ProjectDirectory, repository: Repository, emulator: Emulator
) -> None:
    """The revert declares what the commit before both did: it has nothing to do, and is news all the same."""
    repository.git("checkout", "-q", "older")
    assert project.ftops("apply", "--yes") == 0
    repository.git("checkout", "-q", "newer")
    assert project.ftops("plan", "--out", "newer.plan") == 0
    repository.git("checkout", "-q", "-b", "last")
    repository.git("revert", "--no-edit", "HEAD", at=1_700_000_120)
    assert project.ftops("apply", "--yes") == 0
    assert remembered(project) == repository.git("rev-parse", "last")
    repository.git("checkout", "-q", "newer")
    for command in (("apply", "--yes"), ("apply", "newer.plan")):
        assert project.ftops(*command) == 4
        assert "older-commit" in project.out
    assert emulator.jobs() == 1


def test_an_older_commit_changes_no_setting_either(
    project: ProjectDirectory, repository: Repository, emulator: Emulator
) -> None:
    """It would turn `detach`, which the newer one says, back into a cancel."""
    project.manifest("b", "suffix: b\nlifecycle: {on_remove: detach}")
    repository.commit(at=1_700_000_090)
    repository.git("tag", "newest")
    assert project.ftops("apply", "--yes") == 0
    before = kept(project)
    repository.git("checkout", "-q", "newer")
    assert project.ftops("apply", "--yes", "--target", "a") == 0
    assert project.ftops("apply", "--yes") == 4
    assert kept(project) == before
    repository.git("checkout", "-q", "newest")
    (project.root / "jobs/b.yaml").unlink()
    repository.commit(at=1_700_000_150)
    assert project.plan() == {"a": "keep in-progress", "b": "forget detached"}
    assert emulator.jobs() == 2


def test_a_part_that_goes_back_does_not_take_the_rest_along(
    project: ProjectDirectory, repository: Repository, emulator: Emulator
) -> None:
    project.manifest("a", "suffix: changed")
    newest = repository.commit(at=1_700_000_090)
    assert project.ftops("apply", "--yes") == 0
    repository.git("checkout", "-q", "older")
    assert project.ftops("apply", "--yes", "--target", "a", "--allow-older") == 0
    assert remembered(project) == newest
    assert project.ftops("apply", "--yes") == 4
    assert "older-commit" in project.out
    assert emulator.jobs() == 3


def test_a_commit_that_leaves_the_project_as_it_is_writes_nothing(
    project: ProjectDirectory, repository: Repository
) -> None:
    assert project.ftops("apply", "--yes") == 0
    before = kept(project)
    repository.commit(at=1_700_000_120)
    assert project.ftops("apply", "--yes") == 0
    assert kept(project) == before


def test_a_plan_of_an_older_commit_is_saved_to_be_looked_at_only(
    project: ProjectDirectory, repository: Repository
) -> None:
    assert project.ftops("apply", "--yes") == 0
    repository.git("checkout", "-q", "older")
    assert project.ftops("plan", "--out", "back.plan") == 0
    assert project.ftops("apply", "back.plan") == 4
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


def test_what_was_accepted_is_one_commit_and_no_later_one(
    project: ProjectDirectory, repository: Repository, emulator: Emulator
) -> None:
    assert project.ftops("apply", "--yes") == 0
    repository.git("checkout", "-q", "older")
    assert project.ftops("plan", "--allow-older", "--out", "back.plan") == 0
    repository.git("checkout", "-q", "newer")
    project.manifest("c", "suffix: c")
    newest = repository.commit(at=1_700_000_120)
    assert project.ftops("apply", "--yes") == 0
    repository.git("checkout", "-q", "older")
    assert project.ftops("apply", "back.plan") == 4
    assert "older-commit" in project.out
    with ftops.open_project(project.root) as opened:
        plan = opened.plan(allow_older=True)
        assert [change.name for change in plan.effective_changes] == ["b", "c"]
    assert remembered(project) == newest
    assert emulator.jobs() == 3


def test_a_saved_plan_that_is_done_does_not_go_back_again(
    project: ProjectDirectory, repository: Repository
) -> None:
    assert project.ftops("apply", "--yes") == 0
    repository.git("checkout", "-q", "older")
    assert project.ftops("plan", "--allow-older", "--out", "back.plan") == 0
    assert project.ftops("apply", "back.plan") == 0
    repository.git("checkout", "-q", "newer")
    assert project.ftops("apply", "--yes") == 0
    newer = remembered(project)
    repository.git("checkout", "-q", "older")
    assert project.ftops("apply", "back.plan") == 0
    assert "1 of 1 change of the saved plan is done already" in project.out
    assert remembered(project) == newer
    assert project.ftops("reconcile", "--once") == 4


def test_an_older_commit_that_declares_the_same_may_go_on(
    project: ProjectDirectory, repository: Repository, emulator: Emulator
) -> None:
    """A chain that is half done must not end because somebody mended the README."""
    project.manifest("child", "", model="{from: a}")
    repository.commit(at=1_700_000_090)
    repository.git("tag", "chain")
    project.write("README", "words")
    repository.commit(at=1_700_000_120)
    assert project.ftops("apply", "--yes") == 0
    repository.git("checkout", "-q", "chain")
    emulator.advance(100_000)
    assert project.plan()["child"] == "create new"
    assert project.ftops("apply", "--yes") == 0
    assert emulator.jobs() == 3


def test_runs_of_parts_do_not_keep_each_other_out(
    project: ProjectDirectory, repository: Repository, emulator: Emulator
) -> None:
    """Pipelines of two teams, each with its own --selector: neither has applied all of its commit."""
    project.manifest("b2", "suffix: b2", labels="{team: b}")
    repository.commit(at=1_700_000_090)
    repository.git("tag", "of-b")
    project.manifest("a2", "suffix: a2", labels="{team: a}")
    repository.commit(at=1_700_000_120)
    assert project.ftops("apply", "--yes", "--selector", "team=a") == 0
    assert remembered(project) is None
    repository.git("checkout", "-q", "of-b")
    assert project.ftops("apply", "--yes", "--selector", "team=b") == 0
    assert emulator.jobs() == 2


def test_a_state_that_is_rebuilt_remembers_what_it_was_rebuilt_from(
    project: ProjectDirectory, repository: Repository
) -> None:
    assert project.ftops("apply", "--yes") == 0
    (project.root / ".ftops/state.json").unlink()
    assert project.ftops("state", "rebuild", "--yes") == 0
    assert remembered(project) == repository.git("rev-parse", "newer")


def test_a_run_without_git_says_that_nothing_is_compared(
    project: ProjectDirectory, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert project.ftops("apply", "--yes") == 0
    newer = repository.git("rev-parse", "newer")
    monkeypatch.setenv("PATH", "/nowhere")
    project.manifest("c", "suffix: c")
    assert project.ftops("apply", "--yes") == 0
    assert (
        f"git cannot determine which commit is checked out, so it may be older than {newer[:12]}"
        in project.err
    )
    assert remembered(project) == newer


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
    assert "warn  commit: git cannot determine which commit is checked out" in project.out
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


@pytest.fixture
def late(project: ProjectDirectory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A clone of an older commit, with the same state: it does not declare b."""
    with http_state() as service:
        for name, value in service.environ.items():
            monkeypatch.setenv(name, value)
        point_at(project, service.url("p"))
        project.manifest("a")
        repository = Repository.init(project.root)
        repository.commit(at=1_700_000_000)
        yield repository.clone(tmp_path / "late").root
        assert repository.git("status", "--porcelain") == ""


def begun(root: Path, *arguments: str, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "ftops", "-C", str(root), "apply", *arguments]
    return subprocess.Popen(
        command, stdin=stdin, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def apply_newer(project: ProjectDirectory) -> None:
    project.manifest("b", "suffix: b")
    Repository(project.root).commit(at=1_700_000_060)
    assert project.ftops("apply", "--yes", "--lock-timeout", "20s") == 0


def test_whoever_waits_while_a_newer_commit_is_applied_is_told_why_it_ends(
    project: ProjectDirectory, late: Path, emulator: Emulator
) -> None:
    """What it showed at first had no violation; the round in which it comes up says it."""
    waiting = begun(late, "--yes", "--wait")
    assert waiting.stderr is not None
    while "the job is" not in waiting.stderr.readline():
        assert waiting.poll() is None
    apply_newer(project)
    _, told = waiting.communicate(timeout=60)
    assert waiting.returncode == 4
    assert "Error: older-commit: this is commit " in told
    assert "cancelled" not in told
    assert emulator.jobs() == 2


def test_whoever_thinks_while_a_newer_commit_is_applied_is_told_so(
    project: ProjectDirectory, late: Path, emulator: Emulator
) -> None:
    person, terminal = pty.openpty()
    asking = begun(late, stdin=terminal)
    assert asking.stderr is not None
    question = ""
    while "Apply these changes?" not in question:
        question += asking.stderr.read(1)
        assert asking.poll() is None
    apply_newer(project)
    os.write(person, b"y\n")
    _, told = asking.communicate(timeout=60)
    os.close(person)
    os.close(terminal)
    assert asking.returncode == 4
    assert "Error: older-commit: this is commit " in told
    assert emulator.jobs() == 2
