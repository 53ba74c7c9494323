"""What a person decides, from Python: state surgery, saved plans, imports, waiting; no command line."""

from __future__ import annotations

import json
import stat

import pytest

import ftops
from ftops.state.backends.local import LocalBackend
from ftops.state.holder import current_holder
from tests.conftest import Emulator, ProjectDirectory

STATE = ".ftops/state.json"


def applied(project: ProjectDirectory, *names: str) -> None:
    for name in names:
        project.manifest(name, f"suffix: {name}")
    with ftops.open_project(project.root) as opened:
        opened.apply(opened.plan()).raise_for_failures()


def test_a_record_is_renamed_and_forgotten_and_the_state_brought_back(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    applied(project, "a")
    before = (project.root / STATE).read_bytes()
    with ftops.open_project(project.root) as opened:
        opened.plan()
        moved = opened.state.mv("a", "b")
        assert "the record of a is renamed to b" in moved.words
        assert moved.backup is not None
        assert moved.backup.read_bytes() == before
        assert stat.S_IMODE(moved.backup.stat().st_mode) == 0o600
        assert json.loads(opened.state.pull())["fine_tunes"].keys() == {"b"}
        # The same open project goes on with what it has just written.
        assert [change.action for change in opened.plan().changes] == [ftops.Action.ADOPT]
        opened.state.rm("b")
        with pytest.raises(ftops.UsageError, match="no record of b"):
            opened.state.rm("b")
        with pytest.raises(ftops.Refused, match="is newer"):
            opened.state.push(before)
        assert opened.state.push(before, force=True).serial > moved.serial
        assert opened.state.location.endswith("state.json")
        versions = opened.state.history()
        assert (versions[0].name, versions[0].fine_tunes) == ("now", 1)
        assert str(moved.backup) in [one.name for one in versions]
        assert json.loads(opened.state.pull())["fine_tunes"].keys() == {"a"}
    assert project.plan() == {"a": "keep in-progress"}
    assert (emulator.requests("create"), emulator.requests("cancel")) == (1, 0)


def test_surgery_respects_the_lock_of_another_run(project: ProjectDirectory, emulator: Emulator) -> None:
    applied(project, "a")
    before = (project.root / STATE).read_bytes()
    lease = LocalBackend(project.root / STATE).lock(current_holder("apply", {}, 0.0), 0.0)
    with ftops.open_project(project.root) as opened:
        for cut in (lambda: opened.state.mv("a", "b"), lambda: opened.state.rm("a"), opened.state.rebuild):
            with pytest.raises(ftops.LockHeld):
                cut()
        with pytest.raises(ftops.NeedsPerson, match="holds the lock"):
            opened.state.unlock()
        lease.release()
        assert opened.state.unlock() is False
    assert (project.root / STATE).read_bytes() == before


def test_a_closed_project_is_not_operated_on(project: ProjectDirectory, emulator: Emulator) -> None:
    applied(project, "a")
    with ftops.open_project(project.root) as opened:
        state = opened.state
    with pytest.raises(ftops.UsageError, match="closed"):
        state.rm("a")
    with pytest.raises(ftops.UsageError, match="closed"):
        opened.resolve("a", retry=True)
    assert project.plan() == {"a": "keep in-progress"}


def test_a_lost_state_is_rebuilt_although_this_project_has_read_it(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    applied(project, "a")
    with ftops.open_project(project.root) as opened:
        opened.plan()
        (project.root / STATE).unlink()
        (note,) = opened.state.rebuild()
        assert note.startswith("a: ")
        assert [change.action for change in opened.plan().changes] == [ftops.Action.KEEP]
        assert opened.state.rebuild() == ()
    assert project.plan() == {"a": "keep in-progress"}
    assert emulator.jobs() == 1


def test_a_state_moves_to_another_place(project: ProjectDirectory, emulator: Emulator) -> None:
    applied(project, "a")
    with ftops.open_project(project.root) as opened:
        assert opened.state.migrate("other/state.json").location.endswith("other/state.json")
        with pytest.raises(ftops.StateMoved):
            opened.plan()
        with pytest.raises(ftops.UsageError, match="already"):
            opened.state.migrate(STATE)
    text = (project.root / "ftops.yaml").read_text()
    project.write("ftops.yaml", text.replace("spec:\n", "spec:\n  state: other/state.json\n"))
    assert project.plan() == {"a": "keep in-progress"}


def test_a_plan_is_saved_in_one_process_and_applied_in_another(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.manifest("a")
    path = project.root / "saved.json"
    with ftops.open_project(project.root) as opened:
        opened.save(opened.plan(), path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert project.ftops("show", "saved.json") == 0
    events: list[ftops.Event] = []
    with ftops.open_project(project.root) as opened:
        # A look before it must not give the new state another lineage than the plan has.
        opened.plan()
        assert [one.change.name for one in opened.apply_saved(path, on_event=events.append).done] == ["a"]
        assert len(opened.apply_saved(path)) == 0
        assert [row.job_id is not None for row in opened.status()] == [True]
    assert ftops.EventKind.CHANGE_DONE in [event.kind for event in events]
    assert emulator.jobs() == 1


def test_a_stale_saved_plan_does_nothing(project: ProjectDirectory, emulator: Emulator) -> None:
    project.manifest("a")
    path = project.root / "saved.json"
    with ftops.open_project(project.root) as opened:
        opened.save(opened.plan(), path)
    project.manifest("a", "hyperparameters: {n_epochs: 4}")
    with ftops.open_project(project.root) as opened:
        with pytest.raises(ftops.NeedsPerson, match="stale"):
            opened.apply_saved(path)
        with pytest.raises(ftops.UsageError, match="save takes a plan"):
            opened.save(object(), path)  # type: ignore[arg-type] # what a mistaken program does
    assert emulator.jobs() == 0


def test_a_frozen_project_applies_no_saved_plan_and_imports_nothing(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    applied(project, "a")
    project.manifest("b", "suffix: b")
    path = project.root / "saved.json"
    with ftops.open_project(project.root) as opened:
        opened.save(opened.plan(), path)
        project.write(".ftops/freeze", "incident 42\n")
        for change in (
            lambda: opened.apply_saved(path),
            lambda: opened.import_job("c", "ftjob-1"),
            opened.import_all,
            lambda: opened.resolve("a", retry=True),
        ):
            with pytest.raises(ftops.Refused, match="incident 42"):
                change()
    assert emulator.jobs() == 1


def test_an_imported_job_plans_to_no_change(project: ProjectDirectory, emulator: Emulator) -> None:
    applied(project, "a")
    with ftops.open_project(project.root) as opened:
        (row,) = opened.status()
        assert row.job_id is not None
        with pytest.raises(ftops.FtopsError, match="already recorded as a"):
            opened.import_job("copy", row.job_id)
        assert not (project.root / "jobs/copy.yaml").exists()
    (project.root / STATE).unlink()
    (project.root / "jobs/a.yaml").unlink()
    project.manifest("kept", "suffix: kept")
    with ftops.open_project(project.root) as opened:
        made = opened.import_job("copy", row.job_id)
        assert (made.path, made.job_id) == (opened.root / "jobs/copy.yaml", row.job_id)
        assert {change.name: change.action.value for change in opened.plan().changes} == {
            "copy": "keep",
            "kept": "create",
        }


def test_a_person_settles_what_only_a_person_can(project: ProjectDirectory, emulator: Emulator) -> None:
    project.manifest("a")
    emulator.fault("drop", "create")
    with ftops.open_project(project.root) as opened:
        assert len(opened.apply(opened.plan()).failed) == 1
        with pytest.raises(ftops.UsageError, match="one of"):
            opened.resolve("a", retry=True, never_arrived=True)
        with pytest.raises(ftops.UsageError, match="one of"):
            opened.resolve("a")
        settled = opened.resolve("a", never_arrived=True)
        assert (settled.words, settled.backup) == ("In the state: the next apply may create a again.", None)
        assert [change.action for change in opened.plan().changes] == [ftops.Action.CREATE]


def test_an_apply_that_waits_goes_on_with_what_the_plan_shows_as_following(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.manifest("a")
    project.manifest("b", "suffix: b", model="{from: a}")

    def hurry(event: ftops.Event) -> None:
        if event.kind is ftops.EventKind.CHANGE_DONE:
            emulator.advance(100_000)

    with ftops.open_project(project.root) as opened:
        result = opened.apply(opened.plan(), wait=True, on_event=hurry)
        assert [one.change.name for one in result.done] == ["a", "b"]
        assert sorted(opened.outputs()) == ["a", "b"]
    assert emulator.jobs() == 2


def test_an_apply_that_has_waited_long_enough_says_so(project: ProjectDirectory, emulator: Emulator) -> None:
    project.manifest("a")
    with ftops.open_project(project.root) as opened:
        with pytest.raises(ftops.NeedsPerson, match="not everything has ended after 0 s"):
            opened.apply(opened.plan(), wait=True, timeout=0)
        assert [row.job_id is not None for row in opened.status()] == [True]
    assert emulator.jobs() == 1
