"""Freeze windows, typed by hand: nothing is created in one, and it goes on by itself after it."""

from __future__ import annotations

import json
import time

import pytest

from ftops.api.surroundings import SystemClock
from tests.conftest import Emulator, ProjectDirectory

NOW_AND_FOR_DAYS = '{cron: "0 0 * * *", duration: 3d, zone: Europe/Berlin, reason: release freeze'
"""Open whenever the test runs, and for at least two days more."""
NEVER_IN_A_TEST = '[{cron: "0 0 29 2 *", duration: 1m}]'
"""Open for a minute in four years."""


def frozen(project: ProjectDirectory, windows: str) -> None:
    text = (project.root / "ftops.yaml").read_text().split("  freeze:")[0]
    project.write("ftops.yaml", f"{text}  freeze: {windows}\n")


def freeze_all(project: ProjectDirectory) -> None:
    frozen(project, f"[{NOW_AND_FOR_DAYS}, for: all}}]")


def freeze_creates(project: ProjectDirectory) -> None:
    frozen(project, f"[{NOW_AND_FOR_DAYS}}}]")


def words(project: ProjectDirectory) -> str:
    return " ".join(f"{project.out} {project.err}".split())


def test_in_a_window_nothing_is_created_and_it_goes_on_by_itself_after_it(
    project: ProjectDirectory, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.manifest("a")
    frozen(project, '[{cron: "* * * * *", duration: 30m, reason: release freeze}]')
    for command in (("apply", "--yes"), ("reconcile", "--once")):
        assert project.ftops(*command) == 0
        assert "(release freeze)" in words(project)
    assert emulator.jobs() == 0
    assert project.plan() == {"a": "wait freeze"}
    project.ftops("status")
    assert all(len(line) <= 80 for line in project.out.splitlines())
    assert "(release freeze)" in words(project)
    # A window that opened once, some days ago, is over: nobody has to say so.
    shown = time.gmtime(time.time() - 3 * 86_400)
    frozen(
        project,
        f'[{{cron: "{shown.tm_min} {shown.tm_hour} {shown.tm_mday} {shown.tm_mon} *", duration: 90h}}]',
    )
    assert project.plan() == {"a": "wait freeze"}
    monkeypatch.setattr(SystemClock, "now", lambda _: time.time() + 86_400)
    assert project.ftops("reconcile", "--once") == 0
    assert emulator.jobs() == 1


def test_a_person_lifts_a_freeze_by_name_for_one_run(project: ProjectDirectory, emulator: Emulator) -> None:
    project.manifest("a")
    freeze_creates(project)
    project.ftops("plan")
    assert "`--allow freeze` lifts it for one run" in words(project)
    assert project.ftops("plan", "--allow", "freeze=1") == 64
    assert project.ftops("apply", "--yes", "--allow", "freeze") == 0
    assert "--allow freeze lifts what is frozen until" in words(project)
    assert emulator.jobs() == 1


def test_a_plan_from_before_a_window_waits_in_it(project: ProjectDirectory, emulator: Emulator) -> None:
    project.manifest("a")
    frozen(project, NEVER_IN_A_TEST)
    assert project.ftops("plan", "--out", "p.plan") == 0
    freeze_creates(project)
    assert project.ftops("apply", "p.plan") == 0
    assert "frozen until" in words(project)
    assert emulator.jobs() == 0
    frozen(project, NEVER_IN_A_TEST)
    assert project.ftops("apply", "p.plan") == 0
    assert emulator.jobs() == 1


def test_only_a_window_for_all_keeps_what_runs(project: ProjectDirectory, emulator: Emulator) -> None:
    for name in ("changed", "removed", "stopped"):
        project.manifest(name)
    assert project.ftops("apply", "--yes") == 0
    project.manifest("changed", "hyperparameters: {n_epochs: 2}")
    (project.root / "jobs/removed.yaml").unlink()
    freeze_all(project)
    assert project.plan() == {
        "changed": "wait freeze",
        "removed": "wait freeze",
        "stopped": "keep in-progress",
    }
    assert project.ftops("cancel", "stopped", "--yes") == 0
    assert emulator.requests("cancel") == 1
    assert project.ftops("reconcile", "--once") == 0
    assert emulator.requests("cancel") == 1
    freeze_creates(project)
    assert project.ftops("reconcile", "--once") == 0
    assert emulator.requests("cancel") == 2
    plan = project.plan()
    assert plan["changed"] == "wait freeze"
    assert emulator.jobs() == 3


def test_what_a_window_says_wrong_is_said_with_its_place(project: ProjectDirectory) -> None:
    project.manifest("a")
    frozen(project, '\n    - {cron: "0 25 * * *", duration: 1h}\n    - {cron: "0 0 30 2 *", duration: 400d}')
    assert project.ftops("validate", "--format", "json") == 1
    errors = json.loads(project.out)["errors"]
    said = [(one["line"], one["path"], one["message"]) for one in errors]
    first = said[0][0]
    assert said == [
        (first, "spec.freeze[0].cron", "'25' is not an hour"),
        (first + 1, "spec.freeze[1].cron", "names days that never come"),
        (first + 1, "spec.freeze[1].duration", "must be longer than nothing and at most 366 days"),
    ]
    assert all(one["column"] and one["hint"] for one in errors)
    frozen(project, '[{cron: "0 9 * * MON", duration: 1h, zone: Europe/Berlim}]')
    assert project.ftops("validate") == 1
    assert "did you mean 'Europe/Berlin'?" in words(project)
