"""Deadlines and stalls, typed by hand against a provider whose jobs go on only when a test says so."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ftops.api.surroundings import SystemClock
from ftops.emulator.server import EmulatorServer, EmulatorSettings
from tests.conftest import Emulator, ProjectDirectory

HOUR = 3600


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    """A provider whose clock all but stands: only a test moves its jobs, however slow the machine is."""
    with EmulatorServer(EmulatorSettings(tmp_path / "emulator" / "e.db", speed=1e-6)) as server:
        yield Emulator(server)


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    monkeypatch.setattr(SystemClock, "now", lambda _: time.time() + seconds)


def words(project: ProjectDirectory) -> str:
    return " ".join(f"{project.out} {project.err}".split())


def serial(project: ProjectDirectory) -> int:
    found: int = json.loads((project.root / ".ftops/state.json").read_text())["serial"]
    return found


def running(project: ProjectDirectory, emulator: Emulator) -> None:
    """Let the jobs start, and have a round see it."""
    for _ in range(30):
        emulator.advance(2)
        project.ftops("status", "--format", "json")
        if all(row["status"] == "running" for row in json.loads(project.out)["fine_tunes"]):
            assert project.ftops("reconcile", "--once") == 0
            return
    raise AssertionError(project.out)


def test_a_deadline_cancels_once_and_holds_until_a_person_says_so(
    project: ProjectDirectory, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.manifest("a", "lifecycle: {deadline: 6h}")
    assert project.ftops("apply", "--yes") == 0
    later(monkeypatch, 5 * HOUR)
    assert project.plan() == {"a": "keep in-progress"}
    later(monkeypatch, 7 * HOUR)
    assert project.ftops("plan") == 0
    assert "overdue: running for 7 h, deadline 6 h" in words(project)
    for _ in range(3):
        project.ftops("reconcile", "--once")
    assert emulator.requests("cancel") == 1
    emulator.advance(60)
    assert project.ftops("reconcile", "--once") == 5
    assert project.plan() == {"a": "hold overdue"}
    assert project.ftops("status", "a") == 5
    assert "over its deadline" in words(project)
    assert (emulator.jobs(), emulator.requests("cancel")) == (1, 1)
    assert project.ftops("resolve", "a", "--retry", "--yes") == 0
    assert project.plan() == {"a": "create re-declared"}
    assert project.ftops("resolve", "a", "--retry", "--yes") == 1


def test_limits_count_what_a_deadline_cancels(
    project: ProjectDirectory, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        project.manifest(name, f"suffix: {name}\nlifecycle: {{deadline: 6h}}")
    text = (project.root / "ftops.yaml").read_text()
    project.write("ftops.yaml", f"{text}  limits: {{max_cancels: 1}}\n")
    assert project.ftops("apply", "--yes") == 0
    later(monkeypatch, 7 * HOUR)
    assert project.ftops("reconcile", "--once") == 3
    assert emulator.requests("cancel") == 0


def test_protect_and_suspend_keep_what_is_overdue_and_say_so(
    project: ProjectDirectory, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.manifest("a", "suffix: a\nlifecycle: {deadline: 6h, protect: true}")
    project.manifest("b", "suffix: b\nlifecycle: {deadline: 6h}")
    assert project.ftops("apply", "--yes") == 0
    project.manifest("b", "suffix: b\nlifecycle: {deadline: 6h, suspend: true}")
    later(monkeypatch, 7 * HOUR)
    assert project.ftops("reconcile", "--once") == 5
    assert project.plan() == {"a": "hold overdue", "b": "hold overdue"}
    assert emulator.requests("cancel") == 0


def test_a_job_that_shows_nothing_new_is_stalled_until_it_moves(
    project: ProjectDirectory, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.manifest("a", "suffix: a\nhyperparameters: {n_epochs: 10}\nlifecycle: {stall_after: 30m}")
    project.manifest("b", "suffix: b\nhyperparameters: {n_epochs: 10}")
    assert project.ftops("apply", "--yes") == 0
    running(project, emulator)
    asked = emulator.requests("events")
    before = serial(project)
    for minutes in (5, 15, 25):
        later(monkeypatch, minutes * 60)
        assert project.ftops("reconcile", "--once") == 0
    # Until it is in doubt nothing is asked and nothing is written.
    assert (emulator.requests("events"), serial(project)) == (asked, before)
    later(monkeypatch, 2 * HOUR)
    assert project.ftops("reconcile", "--once") == 4
    assert "stalled: nothing new for" in words(project)
    assert emulator.requests("events") == asked + 1
    assert project.ftops("status") == 4
    assert all(len(line) <= 80 for line in project.out.splitlines())
    assert "needs a person" in words(project)
    assert project.ftops("status", "a", "--format", "json") == 4
    (row,) = json.loads(project.out)["fine_tunes"]
    assert (row["status"], row["reason"], row["group"]) == ("running", "stalled", "needs-person")
    written = serial(project)
    assert project.ftops("reconcile", "--once") == 4
    assert serial(project) == written
    assert emulator.requests("cancel") == 0
    # It moves: a step is reported, and nothing but its events says so.
    for _ in range(30):
        if project.plan()["a"] != "hold stalled":
            break
        emulator.advance(2)
    assert project.plan()["a"] == "keep in-progress"
    assert project.ftops("reconcile", "--once") == 0
    emulator.advance(10 * HOUR)
    assert project.ftops("reconcile", "--once") == 0
