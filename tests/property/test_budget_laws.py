"""Budgets over random histories: never above by more than what ran already, never stuck below."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable

import pytest
from msgspec.structs import asdict

from ftops.model.value import replace
from tests.simulator.broken import Broken
from tests.simulator.broken_budgets import BROKEN_BUDGETS
from tests.simulator.history import MONEY, History, generate
from tests.simulator.shrinking import shrink, verdict

BUDGETS = (30, 45, 60)
"""USD a day: at least what the dearest fine-tune may cost, so that each fits alone."""

QUICK = [range(first, first + 50) for first in range(0, 400, 50)]
THOROUGH = range(1000, 11_000)
MOST_SEEDS = 3000


def history(seed: int) -> History:
    return generate(seed, focus=MONEY, budget=BUDGETS[seed % len(BUDGETS)])


def no_law_is_broken(seeds: Iterable[int]) -> None:
    for seed in seeds:
        found = verdict(history(seed))
        # What breaks without a budget too is for the laws of creates, which look at other histories.
        if found is not None and verdict(replace(history(seed), budget=None)) is None:
            steps = json.dumps(asdict(shrink(history(seed))))
            pytest.fail(f"seed {seed}: {found}\nshrunk: python -m tests.simulator '{steps}'")


@pytest.mark.parametrize("seeds", QUICK, ids=lambda seeds: str(seeds.start))
def test_no_history_with_a_budget_breaks_a_law(seeds: range) -> None:
    no_law_is_broken(seeds)


@pytest.mark.slow
def test_ten_thousand_histories_with_a_budget_break_no_law() -> None:
    no_law_is_broken(THOROUGH)


def caught_by(broken: Broken) -> tuple[int, str]:
    """Return the first seed whose history shows the fault, and the law that it breaks."""
    with pytest.MonkeyPatch.context() as patch:
        broken.breaks(patch)
        for seed in range(MOST_SEEDS):
            if (found := verdict(history(seed))) is not None:
                break
        else:
            pytest.fail(f"no seed below {MOST_SEEDS} catches a planner with: {broken.how}")
    assert verdict(history(seed)) is None, "a sound planner is caught too"
    return seed, found


@pytest.mark.slow
@pytest.mark.parametrize("broken", BROKEN_BUDGETS, ids=lambda one: one.how)
def test_a_planner_that_counts_wrongly_is_caught(broken: Broken, capsys: pytest.CaptureFixture[str]) -> None:
    seed, law = caught_by(broken)
    assert law.startswith("LawBroken")
    with capsys.disabled():
        sys.stdout.write(f"\n  {broken.how}: caught by seed {seed}: {law[:120]}\n")
