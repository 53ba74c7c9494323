"""The kill switch: nothing is created, cancelled or recorded while it is on."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from ftops.api.exit_codes import round_code
from ftops.api.rounds import Round, apply_round
from ftops.api.session import open_session
from ftops.api.surroundings import Surroundings
from ftops.errors import ExitCode, Refused
from ftops.model.event import Event, EventKind, Outcome
from ftops.review.selection import Selection
from tests.conftest import Emulator, ProjectDirectory

COMMANDS = [
    ("apply", "--yes"),
    ("apply", "--yes", "--wait"),
    ("reconcile", "--once"),
    ("import", "b", "ftjob-1"),
    ("resolve", "a", "--never-arrived", "--yes"),
]


@pytest.mark.parametrize("arguments", COMMANDS)
@pytest.mark.parametrize("switch", ["variable", "file"])
def test_what_changes_something_refuses_before_any_request(
    project: ProjectDirectory,
    emulator: Emulator,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    switch: str,
) -> None:
    project.manifest("a")
    if switch == "file":
        project.write(".ftops/freeze", "incident 42\n")
    else:
        monkeypatch.setenv("FTOPS_FREEZE", "1")
    assert project.ftops(*arguments) == 3
    assert len(project.err.splitlines()) == 1
    assert "ftops is frozen by" in project.err
    assert ("incident 42" in project.err) is (switch == "file")
    assert emulator.requests("list") == 0
    assert emulator.jobs() == 0
    assert not (project.root / ".ftops/state.json").exists()
    assert not (project.root / "jobs/b.yaml").exists()


@pytest.mark.parametrize("form", ["text", "json", "markdown"])
def test_a_frozen_project_still_plans_and_says_so(
    project: ProjectDirectory, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    project.manifest("a")
    monkeypatch.setenv("FTOPS_FREEZE", "1")
    assert project.ftops("plan", "--format", form) == 0
    assert "ftops is frozen by FTOPS_FREEZE: apply and reconcile refuse" in project.err
    assert "a" in project.out
    monkeypatch.delenv("FTOPS_FREEZE")
    assert project.ftops("plan") == 0
    assert "frozen" not in project.err


def test_json_of_a_refused_apply_is_a_document(project: ProjectDirectory) -> None:
    project.manifest("a")
    project.write(".ftops/freeze", "")
    assert project.ftops("apply", "--yes", "--format", "json") == 3
    assert "frozen" in json.loads(project.out)["errors"][0]["message"]


def test_a_switch_turned_during_an_apply_stops_it_before_the_next_request(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    # One at a time, the first wave is of four: its results are told together.
    for name in "abcdef":
        project.manifest(name, f"suffix: {name}")
    switch = project.root / ".ftops/freeze"

    def freeze_after_the_first(event: Event) -> None:
        if event.kind is EventKind.CHANGE_DONE:
            switch.touch()

    run = _round(project.root, freeze_after_the_first)
    done = [result for result in run.results if result.outcome is Outcome.DONE]
    assert (len(done), len(run.results), emulator.jobs()) == (4, 6, 4)
    assert run.frozen is not None
    assert round_code(run) is ExitCode.REFUSED
    switch.unlink()
    assert len([one for one in _round(project.root).results if one.outcome is Outcome.DONE]) == 2
    assert emulator.jobs() == 6


def test_a_switch_turned_during_a_wait_ends_it(project: ProjectDirectory, emulator: Emulator) -> None:
    project.manifest("a")

    def freeze_once_there_is_a_job() -> None:
        while not emulator.jobs():
            pass
        project.write(".ftops/freeze", "incident 42")

    other = threading.Thread(target=freeze_once_there_is_a_job, daemon=True)
    other.start()
    assert project.ftops("apply", "--yes", "--wait") == 3
    other.join()
    assert "incident 42" in project.err
    (project.root / ".ftops/freeze").unlink()
    assert project.plan() == {"a": "keep in-progress"}


def test_a_switch_turned_while_the_providers_are_listed_stops_everything(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.manifest("a")
    surroundings = Surroundings({"FTOPS_TEST_KEY": "k"}, threading.Event(), lambda _: None)
    with open_session(project.root, surroundings) as session:
        turn = (project.root / ".ftops/freeze").touch
        with pytest.raises(Refused):
            apply_round(session, Selection(), 1, approved=None, look=lambda _: turn())
    assert emulator.jobs() == 0


def _round(root: Path, emit: Callable[[Event], None] = lambda _: None) -> Round:
    surroundings = Surroundings({"FTOPS_TEST_KEY": "k"}, threading.Event(), emit)
    with open_session(root, surroundings) as session:
        return apply_round(session, Selection(), 1, approved=None)
