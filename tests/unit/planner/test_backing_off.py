"""Retries wait longer each time, and a provider that cannot be paid is asked less and less often."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftops.errors import About, RefusalKind
from ftops.model.change import Action, Change, Reason
from ftops.model.finetune import FineTune, Retry, RetryOn
from ftops.model.job import FailureClass, JobError, JobStatus
from ftops.model.queue import ordinal
from ftops.model.spending import Purchase
from ftops.model.state import Record, RecordedJob, State
from ftops.model.value import replace
from ftops.planner.retrying import LONGEST_BACKOFF_SECONDS
from tests.simulator.world import fine_tune
from tests.unit.planner.test_refusals import DAY, NOW, fingerprint, planned, refused, states

MINUTE = 60.0


def failing(backoff: float, attempt: int = 1, **job: Any) -> tuple[FineTune, Record]:
    """Return a fine-tune and its record, whose last job failed."""
    one = fine_tune("a", retry=Retry(9, (RetryOn.PROVIDER_ERROR,), backoff))
    known = fingerprint(one)
    error = JobError("server_error", "boom", FailureClass.PROVIDER_ERROR)
    made = RecordedJob("job-1", "p", known, 1, attempt, "n1", JobStatus.FAILED, error=error)
    return one, Record("p", known, 1, attempt, job=replace(made, **{"finished_at": NOW, **job}))


def decided(one: FineTune, record: Record, now: float) -> tuple[Action, Reason]:
    change = planned(one, state=states({"a": record}), now=now)["a"]
    return change.action, change.reason


WAITS, RETRIES = (Action.WAIT, Reason.BACKOFF), (Action.CREATE, Reason.RETRY)


@given(st.floats(1, 2 * DAY), st.integers(1, 8), st.floats(0, 3 * DAY))
def test_no_retry_comes_before_its_pause_is_over_and_each_comes_after_it(
    backoff: float, attempt: int, after: float
) -> None:
    one, record = failing(backoff, attempt)
    pause = min(backoff * 2 ** (attempt - 1), LONGEST_BACKOFF_SECONDS)
    wanted = RETRIES if NOW + after >= NOW + pause else WAITS
    assert decided(one, record, NOW + after) == wanted


def test_without_a_backoff_a_retry_is_immediate() -> None:
    assert decided(*failing(0), NOW) == RETRIES


def test_a_clock_of_the_providers_that_is_ahead_shortens_nothing() -> None:
    one, record = failing(MINUTE, finished_at=NOW + 30)
    assert decided(one, record, NOW + 80) == WAITS
    assert decided(one, record, NOW + 90) == RETRIES


def test_a_wait_says_what_follows_and_when() -> None:
    one, record = failing(10 * MINUTE)
    change = planned(one, state=states({"a": record}), now=NOW)["a"]
    assert change.message == "retry 1 of 8 after provider error, at 1970-01-12 13:56 UTC"
    assert change.then is not None
    assert (change.then.action, change.then.reason, change.then.attempt) == (Action.CREATE, Reason.RETRY, 2)


def test_what_was_retried_in_vain_says_how_often_and_the_providers_words() -> None:
    one, record = failing(0, 3)
    one = replace(one, lifecycle=replace(one.lifecycle, retry=Retry(3, (RetryOn.PROVIDER_ERROR,))))
    change = planned(one, state=states({"a": record}))["a"]
    assert (change.action, change.reason) == (Action.HOLD, Reason.FAILED)
    assert change.message == "retried 2 times; the last job failed: server_error: boom"


A, B, C = fine_tune("a"), fine_tune("b"), fine_tune("c", priority=1)


def unpaid(one: FineTune, first: float, last: float) -> Record:
    words = {"message": "pay first", "code": "billing", "about": About.ACCOUNT}
    return refused(one, RefusalKind.BILLING, first, last, **words)


def test_billing_is_said_once_by_the_first_of_the_queue() -> None:
    state = states({"a": unpaid(A, NOW, NOW)})
    made = planned(A, B, C, state=state, patient=True)
    assert (made["c"].action, made["c"].reason) == (Action.HOLD, Reason.BILLING)
    assert "pay first" in made["c"].message
    for name, nth in (("a", "2nd"), ("b", "3rd")):
        assert (made[name].action, made[name].reason) == (Action.WAIT, Reason.PROVIDER_LIMIT)
        assert made[name].message == f"{nth} in the queue at p: its billing stops every create (see c)"


@pytest.mark.parametrize("refused_for", [0.0, 10 * MINUTE, 30 * MINUTE, 3 * 60 * MINUTE])
def test_after_a_growing_pause_just_one_create_is_tried(refused_for: float) -> None:
    state = states({"a": unpaid(A, NOW - refused_for, NOW)})
    pause = min(max(MINUTE, refused_for), 60 * MINUTE)

    def creates(after: float, *, patient: bool) -> list[str]:
        made = planned(A, B, C, state=state, now=NOW + after, patient=patient)
        return sorted(name for name, one in made.items() if one.action is Action.CREATE)

    assert creates(pause - 1, patient=True) == []
    assert creates(pause, patient=True) == ["c"]
    # Whoever types `ftops apply` may have paid: all of them are sent.
    assert creates(MINUTE, patient=False) == ["a", "b", "c"]


def test_a_create_that_succeeds_ends_the_stop() -> None:
    done = RecordedJob(
        "job-1", "p", fingerprint(B), 1, 1, "n9", JobStatus.RUNNING, purchase=Purchase(at=NOW + 1)
    )
    state = states({"a": unpaid(A, NOW, NOW), "b": Record("p", fingerprint(B), 1, 1, job=done)})
    earlier = replace(done, purchase=Purchase(at=NOW - 1))
    stopped = states({**state.fine_tunes, "b": Record("p", fingerprint(B), 1, 1, job=earlier)})

    def of_a(at: State) -> Change:
        return planned(A, B, state=at, now=NOW + 30, patient=True)["a"]

    assert of_a(state).action is Action.CREATE
    assert of_a(stopped).reason is Reason.BILLING


def test_places_are_written_as_people_say_them() -> None:
    numbers = (1, 2, 3, 4, 11, 12, 13, 21, 22, 101, 111)
    words = "1st 2nd 3rd 4th 11th 12th 13th 21st 22nd 101st 111th"
    assert [ordinal(number) for number in numbers] == words.split()
