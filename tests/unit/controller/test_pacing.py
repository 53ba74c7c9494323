"""How long a controller waits: within bounds whatever happens, and a loop that ends when it is told to."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftops.controller.controller import Controller
from ftops.controller.pacing import LONGEST_PAUSE_SECONDS, STANDING_BY_SECONDS, Pacing
from ftops.controller.reconciled import Reconciled, Result
from ftops.errors import ExitCode

INTERVALS = st.floats(1, 100_000)
SHARES = st.floats(0, 1)


def ended(result: Result = Result.DONE) -> Reconciled:
    return Reconciled("1", "p", Path("p"), 0.0, 1.0, result, ExitCode.NOTHING)


def after(pacing: Pacing, *results: Result) -> Pacing:
    for result in results:
        pacing = pacing.after(ended(result))
    return pacing


@given(INTERVALS, SHARES, st.lists(st.sampled_from(Result), max_size=40), SHARES)
def test_a_pause_stays_within_its_bounds_whatever_happened(
    interval: float, jitter: float, results: list[Result], drawn: float
) -> None:
    seconds = after(Pacing(interval, jitter), *results).seconds(drawn)
    least = min(interval, STANDING_BY_SECONDS)
    most = max(interval, min(6 * interval, LONGEST_PAUSE_SECONDS))
    assert least * (1 - jitter) * 0.999 <= seconds <= most * (1 + jitter) * 1.001


@given(INTERVALS, SHARES, SHARES)
def test_chance_moves_a_pause_no_more_than_the_jitter(interval: float, jitter: float, drawn: float) -> None:
    seconds = Pacing(interval, jitter).seconds(drawn)
    assert abs(seconds - interval) <= interval * jitter * 1.001
    assert Pacing(interval, 0.0).seconds(drawn) == interval


def test_failures_double_the_pause_up_to_six_intervals_and_a_good_round_ends_that() -> None:
    pacing = Pacing(60.0)
    pauses = []
    for _ in range(5):
        pacing = after(pacing, Result.FAILED)
        pauses.append(pacing.seconds(0.5))
    assert pauses == [120.0, 240.0, 360.0, 360.0, 360.0]
    assert after(pacing, Result.DONE).seconds(0.5) == 60.0
    assert after(pacing, Result.REFUSED).seconds(0.5) == 60.0


def test_backoff_ends_at_an_hour_unless_the_interval_is_longer() -> None:
    failing = [Result.FAILED] * 50
    assert after(Pacing(1800.0), *failing).seconds(0.5) == LONGEST_PAUSE_SECONDS
    assert after(Pacing(86_400.0), *failing).seconds(0.5) == 86_400.0


def test_who_stands_by_looks_sooner_and_forgets_no_failure() -> None:
    pacing = after(Pacing(300.0), Result.FAILED, Result.STANDING_BY)
    assert pacing.seconds(0.5) == STANDING_BY_SECONDS
    assert after(Pacing(5.0), Result.STANDING_BY).seconds(0.5) == 5.0
    assert after(pacing, Result.FAILED).seconds(0.5) == 1200.0


@pytest.mark.parametrize("rounds", [0, 1, 3])
def test_a_controller_tells_every_round_and_ends_when_the_wait_does(rounds: int) -> None:
    told: list[Result] = []
    waited: list[float] = []
    results = iter([Result.FAILED, Result.STANDING_BY, Result.DONE])

    def wait(seconds: float) -> bool:
        waited.append(seconds)
        return len(told) == rounds

    def hear(one: Reconciled) -> None:
        told.append(one.result)

    Controller(lambda: ended(next(results)), Pacing(100.0), wait, lambda: 0.5, (hear,)).go_on()
    assert told == [Result.FAILED, Result.STANDING_BY, Result.DONE][:rounds]
    assert waited == [0.0, 200.0, 30.0, 100.0][: rounds + 1]
