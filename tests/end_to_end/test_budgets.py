"""Budgets, typed by hand: a plan is refused, part of it fits, a reconcile waits and goes on next day."""

from __future__ import annotations

import json
import time

import pytest

from ftops.api.surroundings import SystemClock
from tests.conftest import Emulator, ProjectDirectory

PRICE = "  prices: {local: {gpt-4o-mini: {training_per_million_tokens: 30000}}}\n"
"""What one of these fine-tunes costs at it is known from its estimate: `each`."""


def budgeted(project: ProjectDirectory, *names: str, budget: str = "{}", more: str = "") -> None:
    text = (project.root / "ftops.yaml").read_text().split("  prices:")[0]
    project.write("ftops.yaml", f"{text}{PRICE}  budget: {budget}\n{more}")
    for name in names:
        project.manifest(
            name, f"hyperparameters: {{n_epochs: 3}}\nsuffix: {name}", labels=f"{{team: t{name}}}"
        )


def each(project: ProjectDirectory) -> float:
    assert project.ftops("plan", "--format", "json") in (0, 3)
    changes = json.loads(project.out)["changes"]
    high: float = next(one["estimated_cost"]["high"] for one in changes if one["estimated_cost"])
    return high


def actions(project: ProjectDirectory) -> dict[str, str]:
    project.ftops("status", "--format", "json")
    return {row["name"]: row["reason"] for row in json.loads(project.out)["fine_tunes"]}


def test_the_third_create_is_refused_and_what_fits_is_said_and_does(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    budgeted(project, "a", "b", "c")
    one = each(project)
    budgeted(project, budget=f"{{month: {one * 2.5:.2f}}}")
    assert project.ftops("apply", "--yes") == 3
    assert emulator.jobs() == 0
    words = " ".join(project.out.split())
    assert "has $" in words
    assert "what fits: --target a --target b; --allow budget=" in words
    assert project.ftops("apply", "--yes", "--target", "a", "--target", "b") == 0
    assert project.ftops("apply", "--yes") == 3
    assert "running)" in " ".join(project.out.split())
    hint = next(word for word in project.out.split() if word.startswith("budget="))
    assert project.ftops("apply", "--yes", "--allow", hint) == 0
    assert emulator.jobs() == 3


def test_a_reconcile_does_what_fits_waits_for_the_rest_and_goes_on_by_itself(
    project: ProjectDirectory, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    budgeted(project, "a", "b", "c")
    one = each(project)
    budgeted(project, budget=f"{{day: {one * 1.5:.2f}}}")
    assert project.ftops("reconcile", "--once") == 0
    assert "it waits until" in " ".join(project.out.split())
    assert emulator.jobs() == 1
    assert project.ftops("reconcile", "--once") == 0
    assert emulator.jobs() == 1
    assert sorted(actions(project).values())[1:] == ["over-budget", "over-budget"]
    for day in (1, 2):
        tomorrow(monkeypatch, day)
        assert project.ftops("reconcile", "--once") == 0
        assert emulator.jobs() == 1 + day
    assert project.ftops("reconcile", "--once") == 0
    assert emulator.jobs() == 3


def tomorrow(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    monkeypatch.setattr(SystemClock, "now", lambda _: time.time() + days * 86_400)


def test_what_can_never_fit_is_held_and_does_not_keep_the_rest_waiting(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    budgeted(project, "a")
    one = each(project)
    project.manifest("big", "hyperparameters: {n_epochs: 50}\nsuffix: big")
    budgeted(project, budget=f"{{month: {one * 1.5:.2f}}}")
    assert project.ftops("reconcile", "--once") == 3
    assert emulator.jobs() == 1
    assert actions(project)["big"] == "over-budget"


def test_an_unknown_cost_is_refused_under_a_budget(project: ProjectDirectory, emulator: Emulator) -> None:
    project.manifest("a")
    project.write("ftops.yaml", (project.root / "ftops.yaml").read_text() + "  budget: {month: 500}\n")
    assert project.ftops("apply", "--yes") == 3
    assert "the cost of a is unknown" in " ".join(project.out.split())
    assert project.ftops("reconcile", "--once") == 3
    assert emulator.jobs() == 0


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        ("{month: -1}", "spec.budget.month: must be at least 0, not the number -1"),
        ("{month: .inf}", "is not a usable number"),
        ("{mnth: 1}", "unknown field 'mnth' (did you mean 'month'?)"),
        ("{labels: {team: {month: 1}}}", "write a label as KEY=VALUE"),
        ("{month: many}", "must be a number"),
    ],
)
def test_a_budget_that_is_none_is_refused_with_its_place(
    project: ProjectDirectory, emulator: Emulator, budget: str, words: str
) -> None:
    budgeted(project, "a", budget=budget)
    assert project.ftops("apply", "--yes") == 1
    assert words in " ".join(project.err.split())
    assert "ftops.yaml:" in project.err
    assert emulator.jobs() == 0


def test_a_label_that_no_fine_tune_has_is_refused_with_its_place(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    budgeted(project, "a", budget='{labels: {"team=tb": {month: 1000}}}')
    assert project.ftops("apply", "--yes") == 3
    words = " ".join(project.out.split())
    assert "no fine-tune has the label team=tb" in words
    assert "did you mean 'team=ta'?" in words
    assert "ftops.yaml:" in words
    assert emulator.jobs() == 0


def test_a_providers_and_a_labels_budget_hold_beside_the_projects(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    budgeted(project, "a", "b")
    one = each(project)
    budgeted(project, budget=f'{{month: 1000, labels: {{"team=ta": {{month: {one / 2:.2f}}}}}}}')
    assert project.ftops("reconcile", "--once") == 3
    assert actions(project) == {"a": "over-budget", "b": "in-progress"}
    assert emulator.jobs() == 1
