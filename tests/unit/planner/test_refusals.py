"""What an earlier refusal means for the next create: held, waiting or tried again, by recorded times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ftops.errors import About, RefusalKind
from ftops.model.change import Action, Change, Reason
from ftops.model.dataset import Dataset
from ftops.model.finetune import FineTune, Retry, RetryOn
from ftops.model.job import FailureClass, JobError, JobStatus
from ftops.model.observation import Observation, ProviderFacts
from ftops.model.planning import Inputs
from ftops.model.provider_memory import ProviderMemory, RefusedUpload
from ftops.model.refusal import Refusal
from ftops.model.state import Intent, Record, RecordedJob, State
from ftops.model.value import replace
from ftops.planner.planner import plan
from ftops.providers.registry import dialects
from tests.simulator.world import fine_tune

NOW = 1_000_000.0
DAY = 86_400.0
FACTS = ProviderFacts("p", "openai", dialects()["openai"].capabilities)


def planned(
    *declared: FineTune, state: State, now: float = NOW, patient: bool = False, settle: float = 900.0
) -> dict[str, Change]:
    datasets = {
        f"{one.name}.jsonl": Dataset(f"{one.name}.jsonl", one.name * 64, 10, 1, one.name * 64)
        for one in declared
    }
    seen = {"p": Observation(replace(FACTS, settle=settle), listed_at=(now,))}
    inputs = Inputs("sim", declared, datasets, seen, state, now, patient=patient)
    return {change.name: change for change in plan(inputs).plan.changes}


def fingerprint(one: FineTune) -> str:
    return planned(one, state=State("sim", "l"))[one.name].fingerprint or ""


def refused(one: FineTune, kind: RefusalKind, first: float, last: float, **more: Any) -> Record:
    """Return a record whose create was refused so."""
    values = {"message": "no", "code": None, "about": About.MODEL, "model": "gpt-4o-mini", **more}
    refusal = Refusal(kind, first_at=first, last_at=last, **values)
    known = fingerprint(one)
    intent = Intent("p", "n1", known, 1, 1, {}, last - 1, last + 59, {}, (), lapsed=True)
    intent = replace(intent, withdrawn_at=last, refusal=refusal)
    return Record("p", known, 1, 1, {}, intent=intent)


def states(records: Mapping[str, Record]) -> State:
    return State("sim", "l", fine_tunes=records)


def decided(one: FineTune, record: Record, **how: Any) -> tuple[Action, Reason]:
    change = planned(one, state=states({one.name: record}), **how)[one.name]
    return change.action, change.reason


A, B = fine_tune("a"), fine_tune("b")


@pytest.mark.parametrize("kind", [RefusalKind.REJECTED, RefusalKind.FORBIDDEN])
def test_a_refusal_for_good_is_held_with_the_providers_words_and_the_way_out(kind: RefusalKind) -> None:
    record = refused(A, kind, NOW - 10 * DAY, NOW - 10 * DAY, message="no such model", code="bad")
    change = planned(A, state=states({"a": record}))["a"]
    assert (change.action, change.reason) == (Action.HOLD, Reason.REJECTED)
    assert "bad: no such model" in change.message
    assert "ftops resolve a --retry" in change.message


def test_another_declaration_is_not_bound_by_the_refusal_of_an_earlier_one() -> None:
    record = refused(A, RefusalKind.REJECTED, NOW, NOW)
    assert decided(fine_tune("a", 2), record)[0] is Action.CREATE


def test_what_is_not_ready_is_tried_at_once_by_whoever_asks() -> None:
    record = refused(A, RefusalKind.NOT_READY, NOW, NOW, about=About.FILE)
    assert decided(A, record) == (Action.CREATE, Reason.NEW)


@pytest.mark.parametrize(("waited", "pause"), [(0, 60), (60, 60), (300, 300), (3600, 3600), (7200, 3600)])
@pytest.mark.parametrize(
    ("kind", "reason"),
    [(RefusalKind.NOT_READY, Reason.NOT_READY), (RefusalKind.LIMIT, Reason.PROVIDER_LIMIT)],
)
def test_between_rounds_the_pause_grows_with_the_time_that_was_waited(
    kind: RefusalKind, reason: Reason, waited: float, pause: float
) -> None:
    record = refused(A, kind, NOW - waited, NOW)
    assert decided(A, record, now=NOW + pause - 1, patient=True) == (Action.WAIT, reason)
    assert decided(A, record, now=NOW + pause, patient=True) == (Action.CREATE, Reason.NEW)


def test_a_limit_is_asked_again_after_a_minute_or_the_settle_time_if_that_is_shorter() -> None:
    record = refused(A, RefusalKind.LIMIT, NOW, NOW)
    assert decided(A, record, now=NOW + 59) == (Action.WAIT, Reason.PROVIDER_LIMIT)
    assert decided(A, record, now=NOW + 60)[0] is Action.CREATE
    assert decided(A, record, now=NOW + 2, settle=2.0)[0] is Action.CREATE


def test_the_time_that_the_provider_asks_for_counts_up_to_an_hour() -> None:
    record = refused(A, RefusalKind.LIMIT, NOW, NOW, retry_after=600.0)
    assert decided(A, record, now=NOW + 599)[0] is Action.WAIT
    record = refused(A, RefusalKind.LIMIT, NOW, NOW, retry_after=1e9)
    assert decided(A, record, now=NOW + 3600)[0] is Action.CREATE


def test_a_clock_that_was_set_back_keeps_nobody_waiting() -> None:
    record = refused(A, RefusalKind.LIMIT, NOW, NOW)
    assert decided(A, record, now=NOW - 10 * DAY)[0] is Action.CREATE


@pytest.mark.parametrize("kind", [RefusalKind.NOT_READY, RefusalKind.LIMIT])
def test_a_wait_of_more_than_a_day_needs_a_person_and_is_tried_all_the_same(kind: RefusalKind) -> None:
    record = refused(A, kind, NOW - DAY, NOW)
    assert decided(A, record, now=NOW + 1, patient=True) == (Action.HOLD, Reason.STUCK)
    assert decided(A, record, now=NOW + 3600, patient=True) == (Action.CREATE, Reason.STUCK)


def test_a_full_model_makes_its_others_wait_and_no_more() -> None:
    other = replace(B, model="gpt-4.1-mini")
    same = replace(fine_tune("c"), lifecycle=B.lifecycle)
    state = states({"a": refused(A, RefusalKind.LIMIT, NOW, NOW)})
    changes = planned(A, other, same, state=state, now=NOW + 1)
    assert {name: change.action for name, change in changes.items()} == {
        "a": Action.WAIT,
        "b": Action.CREATE,
        "c": Action.WAIT,
    }
    assert changes["c"].reason is Reason.PROVIDER_LIMIT


def test_a_limit_of_the_account_makes_every_model_wait() -> None:
    state = states({"a": refused(A, RefusalKind.LIMIT, NOW, NOW, about=About.ACCOUNT)})
    changes = planned(A, replace(B, model="gpt-4.1-mini"), state=state, now=NOW + 1)
    assert changes["b"].reason is Reason.PROVIDER_LIMIT
    assert "from this account" in changes["b"].message


def test_a_forbidden_model_makes_nobody_else_wait() -> None:
    state = states({"a": refused(A, RefusalKind.FORBIDDEN, NOW, NOW)})
    assert planned(A, B, state=state)["b"].action is Action.CREATE


def test_a_create_that_was_not_sent_is_sent_again_a_minute_later_under_its_own_numbers() -> None:
    record = refused(A, RefusalKind.LIMIT, NOW, NOW)
    assert record.intent is not None
    record = replace(record, intent=replace(record.intent, refusal=None))
    assert decided(A, record, now=NOW + 59) == (Action.WAIT, Reason.SETTLING)
    change = planned(A, state=states({"a": record}), now=NOW + 60)["a"]
    assert (change.action, change.generation, change.attempt) == (Action.CREATE, 1, 1)


def test_a_retry_that_was_refused_is_not_counted_twice() -> None:
    one = fine_tune("a", retry=Retry(2, (RetryOn.PROVIDER_ERROR,)))
    record = refused(one, RefusalKind.LIMIT, NOW, NOW)
    error = JobError("server_error", "it broke", FailureClass.PROVIDER_ERROR)
    job = RecordedJob("job-1", "p", fingerprint(one), 1, 1, "n0", JobStatus.FAILED, error=error)
    assert record.intent is not None
    record = replace(record, attempt=2, job=job, intent=replace(record.intent, attempt=2))
    change = planned(one, state=states({"a": record}), now=NOW + 60)["a"]
    assert (change.action, change.reason, change.attempt) == (Action.CREATE, Reason.RETRY, 2)


def test_a_retry_that_was_refused_for_good_is_held_for_that() -> None:
    one = fine_tune("a", retry=Retry(2, (RetryOn.PROVIDER_ERROR,)))
    record = refused(one, RefusalKind.REJECTED, NOW, NOW)
    job = RecordedJob("job-1", "p", fingerprint(one), 1, 1, "n0", JobStatus.FAILED)
    assert decided(one, replace(record, attempt=2, job=job)) == (Action.HOLD, Reason.REJECTED)


@pytest.mark.parametrize(
    ("upload", "action"),
    [
        (RefusedUpload("too large", NOW), Action.HOLD),
        (RefusedUpload("bad", NOW, ("f1", "f2", "f3")), Action.HOLD),
        (RefusedUpload("bad", NOW, ("f1", "f2")), Action.CREATE),
    ],
)
def test_data_that_the_provider_refused_holds_its_own_fine_tune(
    upload: RefusedUpload, action: Action
) -> None:
    memory = {"p": ProviderMemory(refused_uploads={"a" * 64: upload})}
    changes = planned(A, B, state=State("sim", "l", providers=memory))
    assert changes["a"].action is action
    assert changes["b"].action is Action.CREATE
    if action is Action.HOLD:
        assert (changes["a"].reason, upload.message in changes["a"].message) == (Reason.REJECTED, True)
