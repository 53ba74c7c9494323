"""When a create counts as never arrived: to the second, by two lists and not by one."""

from __future__ import annotations

import pytest

from ftops.model.job import Job, JobStatus, Stamp
from ftops.model.observation import Observation, ProviderFacts
from ftops.model.state import Intent, Record, State
from ftops.model.value import replace
from ftops.providers.registry import dialects
from ftops.records.intents import Doubt, Verdict, absent, resolve_intent
from ftops.records.matching import LiveJobs

SENT, SETTLE = 1000.0, 900.0
OVER = SENT + 60 + SETTLE
"""When the settle time of a create is over that may be sent until a minute after it was noted."""
FACTS = ProviderFacts("p", "openai", dialects()["openai"].capabilities, settle=SETTLE)
INTENT = Intent("p", "n1", "f1:1", 1, 1, {}, SENT, SENT + 60, {}, ())
NOTHING = (Doubt.SETTLING, ())


def live(*listed_at: float, jobs: tuple[Job, ...] = (), intent: Intent = INTENT) -> LiveJobs:
    state = State("sim", "l", fine_tunes={"a": Record("p", "f1:1", 1, 1, {}, intent=intent)})
    return LiveJobs({"p": Observation(FACTS, jobs, listed_at=listed_at)}, state)


def noted(*listed_at: float) -> float | None:
    intent = absent(INTENT, live(*listed_at), NOTHING)
    assert intent is not None
    return intent.absent_since


def judged(now: float, *listed_at: float, since: float | None = OVER + 1) -> Verdict:
    intent = replace(INTENT, absent_since=since)
    seen = live(*listed_at, intent=intent)
    return resolve_intent(intent, seen, State("sim", "l"), now)


@pytest.mark.parametrize(
    ("listed_at", "since"),
    [
        ((OVER - 1,), None),
        ((OVER,), None),
        ((OVER + 1,), OVER + 1),
        ((OVER - 1, OVER + 2, OVER + 3), OVER + 2),
        ((), None),
    ],
)
def test_the_first_list_that_counts_begins_after_the_settle_time(
    listed_at: tuple[float, ...], since: float | None
) -> None:
    assert noted(*listed_at) == since


def test_what_was_noted_first_stays() -> None:
    intent = replace(INTENT, absent_since=OVER + 1)
    assert absent(intent, live(OVER + 50), NOTHING) == intent


def test_what_could_be_the_job_makes_the_time_begin_anew() -> None:
    intent = replace(INTENT, absent_since=OVER + 1)
    found = absent(intent, live(OVER + 50), (Doubt.AMBIGUOUS, ("job-1",)))
    assert found == replace(intent, absent_since=None)


def test_a_create_that_was_given_up_is_not_doubted_again() -> None:
    lapsed = replace(INTENT, lapsed=True)
    assert absent(lapsed, live(OVER + 1), NOTHING) == lapsed
    assert absent(None, live(OVER + 1), NOTHING) is None


@pytest.mark.parametrize(
    ("second", "never"), [(OVER + SETTLE, False), (OVER + 1 + SETTLE, True), (OVER + 2 + SETTLE, True)]
)
def test_the_second_list_begins_a_settle_time_after_the_first(second: float, *, never: bool) -> None:
    verdict = judged(second + 1, second)
    expected = replace(INTENT, absent_since=OVER + 1, lapsed=True)
    assert verdict == (expected if never else NOTHING)


def test_one_list_however_late_is_not_two() -> None:
    assert judged(1e9, 1e9, since=None) == NOTHING


def test_a_clock_that_went_back_proves_nothing() -> None:
    assert judged(OVER + 1, OVER + 1 + SETTLE) == NOTHING


def test_of_two_jobs_of_one_create_the_older_is_taken_whatever_the_order_of_the_list() -> None:
    stamp = Stamp("sim", "l", "a", "f1:1", 1, 1, "n1")
    jobs = [
        Job(job_id, "p", JobStatus.RUNNING, created_at=at, stamp=stamp)
        for job_id, at in (("j3", 5.0), ("j2", 5.0), ("j1", 6.0))
    ]
    for order in (jobs, jobs[::-1], jobs[1:] + jobs[:1]):
        verdict = resolve_intent(INTENT, live(jobs=tuple(order)), State("sim", "l"), SENT)
        assert isinstance(verdict, Job)
        assert verdict.id == "j2"
