"""Worlds of odd echoes, three runners, kills and cuts: nothing is paid twice, and nothing runs unseen."""

from __future__ import annotations

import itertools
import os
import random
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.chaos.history import Outcome, play
from tests.chaos.runs import Runner
from tests.chaos.worlds import JOBS, World, drawn, worst

SECONDS = float(os.environ.get("FTOPS_CHAOS_SECONDS", "60"))
"""How long histories are begun, for both dialects together."""
SEED = int(os.environ.get("FTOPS_CHAOS_SEED", "20261127"))
"""Of the first history; each further one has the next number."""
FIGHT_SECONDS = 6.0
RUNNERS = 3


def worlds(dialect: str) -> Iterator[tuple[int, World]]:
    """Begin with the worst world, then draw one from each history's seed."""
    yield SEED, worst(dialect)
    for seed in itertools.count(SEED + 1):
        yield seed, drawn(dialect, random.Random(f"world {seed}"))


@pytest.fixture(scope="module")
def runners() -> Iterator[list[Runner]]:
    with ExitStack() as stack:
        three = [stack.enter_context(Runner()) for _ in range(RUNNERS)]
        for runner in three:
            runner.ready()
        yield three


@pytest.mark.slow
@pytest.mark.parametrize("dialect", JOBS)
def test_chaos_pays_for_nothing_twice_and_leaves_nothing_unseen(
    dialect: str, runners: list[Runner], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deadline = time.monotonic() + SECONDS / len(JOBS)
    outcomes: list[Outcome] = []
    longest = 0.0
    for seed, world in worlds(dialect):
        began = time.monotonic()
        outcomes.append(play(world, seed, tmp_path / str(seed), runners, FIGHT_SECONDS))
        longest = max(longest, time.monotonic() - began)
        if time.monotonic() + longest / 2 > deadline:
            break
    with capsys.disabled():
        sys.stdout.write(told(dialect, outcomes))
    assert [f"seed {one.seed}: {what}" for one in outcomes for what in one.wrong] == []


def told(dialect: str, outcomes: list[Outcome]) -> str:
    total = (
        f"{len(outcomes)} histories, {sum(one.runs.total() for one in outcomes)} runs, "
        f"{sum(one.kills for one in outcomes)} kills, {sum(one.cuts for one in outcomes)} cuts, "
        f"{sum(one.creates for one in outcomes)} creates, "
        f"{sum(len(one.duplicates) for one in outcomes)} duplicates, "
        f"{sum(len(one.unseen) for one in outcomes)} unseen"
    )
    return "".join(f"\n  {line}" for line in (f"{dialect}: {total}", *map(str, outcomes))) + "\n"
