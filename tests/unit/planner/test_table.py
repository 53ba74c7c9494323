"""The table as data: whole, true of what is decided, and met by a golden plan in each row."""

from __future__ import annotations

import json
from collections import defaultdict

import pytest

from ftops.model.change import Action, Reason
from ftops.planner.table import BEFORE, DECLARED, GATES, STRAYS, UNDECLARED, UNREAD, Beside, Row
from tests.conftest import REPOSITORY
from tests.property.test_planner_laws import worlds

PARTS = {"declared": DECLARED, "unread": UNREAD, "undeclared": UNDECLARED}
SOMEWHERE_ELSE = frozenset(
    {
        # These need more than a folder of one whole list and one plan.
        Reason.UNREACHABLE,
        Reason.INCOMPLETE_LIST,
        Reason.UNKNOWN_PROVIDER,
        Reason.NOT_READY,
        Reason.LOOKALIKE_IN_FLIGHT,
        Reason.OVER_BUDGET,
    }
)
"""Reasons that no golden folder has: unit and end-to-end tests meet them."""


def stated() -> set[Reason]:
    rows: list[Row | Beside] = [row for part in PARTS.values() for row in part]
    return {reason for row in (*rows, *BEFORE, *GATES, *STRAYS) for reason in row.reasons}


def words(reason: Reason) -> str:
    rows: list[Row | Beside] = [row for part in PARTS.values() for row in part]
    return " ".join(row.does for row in (*rows, *BEFORE, *GATES, *STRAYS) if reason in row.reasons)


def golden() -> dict[Reason, set[str]]:
    found: defaultdict[Reason, set[str]] = defaultdict(set)
    for case in (REPOSITORY / "tests/golden/plans").iterdir():
        for change in json.loads((case / "plan.json").read_text())["changes"]:
            found[Reason(change["reason"])].add(change["action"])
    return found


def test_every_reason_stands_in_the_table() -> None:
    assert stated() == set(Reason)


def test_every_reason_has_a_golden_plan_or_says_where_else_it_is_met() -> None:
    assert set(Reason) - golden().keys() == SOMEWHERE_ELSE


def test_golden_plans_do_as_the_table_says() -> None:
    for reason, actions in golden().items():
        for action in actions - {Action.KEEP.value, Action.UPDATE.value}:
            assert action in words(reason), f"{reason}: {action}"


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS.keys())
def test_no_row_stands_twice(part: tuple[Row, ...]) -> None:
    assert len({row.decide for row in part}) == len(part)


def test_histories_decide_as_the_table_says() -> None:
    met: set[Reason] = set()
    for seed, world in worlds():
        for change in world.plan().changes:
            met.add(change.reason)
            if change.action not in (Action.KEEP, Action.UPDATE):
                assert change.action.value in words(change.reason), f"seed {seed}: {change}"
    assert len(met) > 12
