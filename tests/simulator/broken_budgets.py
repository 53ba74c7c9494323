"""Planners that count money wrongly, each in one way: the laws of budgets must catch them."""

from __future__ import annotations

from typing import Any

import pytest

from ftops.model.spending import ZERO
from ftops.model.spent import Spending
from ftops.model.state import State
from ftops.model.value import replace
from ftops.records import intents
from ftops.records.spending import spendings
from tests.simulator.broken import Broken
from tests.simulator.history import MONEY

PLACE = "ftops.reconciler.budgets"


def _counting(patch: pytest.MonkeyPatch, count: Any) -> None:
    patch.setattr(f"{PLACE}.spendings", count)


def _no_budget(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(f"{PLACE}.within_budgets", lambda inputs, planning, *others: planning)
    patch.setattr("ftops.reconciler.line.within_budgets", lambda inputs, planning, *others: planning)


def _doubts_forgotten(patch: pytest.MonkeyPatch) -> None:
    _counting(patch, lambda state: [one for one in spendings(state) if one.job_id is not None])


def _running_for_free(patch: pytest.MonkeyPatch) -> None:
    _counting(patch, lambda state: [one for one in spendings(state) if not one.open])


def _ended_for_free(patch: pytest.MonkeyPatch) -> None:
    _counting(patch, lambda state: [one for one in spendings(state) if one.open])


def _forgotten_for_free(patch: pytest.MonkeyPatch) -> None:
    _counting(patch, lambda state: spendings(replace(state, archive={})))


def _earlier_for_free(patch: pytest.MonkeyPatch) -> None:
    def current(state: State) -> tuple[Spending, ...]:
        records = {name: replace(one, history=()) for name, one in state.fine_tunes.items()}
        return spendings(replace(state, fine_tunes=records))

    _counting(patch, current)


def _low_ends(patch: pytest.MonkeyPatch) -> None:
    """Count what something may cost at least."""

    def least(state: State) -> list[Spending]:
        amounts = ((one, one.amount) for one in spendings(state))
        return [replace(one, amount=replace(cost, high=cost.low)) if cost else one for one, cost in amounts]

    _counting(patch, least)


def _counted_twice(patch: pytest.MonkeyPatch) -> None:
    _counting(patch, lambda state: [*spendings(state), *spendings(state)])


def _yesterday_counted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("ftops.review.purse._belongs", lambda job, when: True)


def _failures_for_free(patch: pytest.MonkeyPatch) -> None:
    def free(state: State) -> list[Spending]:
        return [one if one.waste is None else replace(one, amount=None) for one in spendings(state)]

    _counting(patch, free)


def _purchase_lost(patch: pytest.MonkeyPatch) -> None:
    """Forget what a job was bought for as soon as it is there."""
    adopt = intents.adopt_intent

    def without(record: Any, job: Any) -> Any:
        bare = replace(record, intent=replace(record.intent, purchase=None))
        return adopt(bare, job)

    patch.setattr("ftops.records.ledger.adopt_intent", without)
    patch.setattr("ftops.records.settling.adopt_intent", without)


def _room_not_used_up(patch: pytest.MonkeyPatch) -> None:
    """Compare each create with the whole of what is left, as if it were alone."""
    patch.setattr("ftops.review.deferring.price", _once_only())


def _once_only() -> Any:
    from ftops.review.purse import price

    asked: list[Any] = []

    def first_time(cost: Any) -> Any:
        asked.append(cost)
        return price(cost) if len(asked) % 2 else ZERO

    return first_time


BROKEN_BUDGETS = tuple(
    Broken(how, breaks, focus=MONEY)
    for how, breaks in (
        ("no look at the budget", _no_budget),
        ("creates in doubt forgotten", _doubts_forgotten),
        ("what runs is free", _running_for_free),
        ("what has ended is free", _ended_for_free),
        ("what is forgotten is free", _forgotten_for_free),
        ("earlier jobs are free", _earlier_for_free),
        ("failures are free", _failures_for_free),
        ("the low end is counted", _low_ends),
        ("every job counts twice", _counted_twice),
        ("every day counts as today", _yesterday_counted),
        ("what a job was bought for is lost", _purchase_lost),
        ("creates do not use up what is left", _room_not_used_up),
    )
)
