"""Each step of an apply changes just what it says in the records."""

from __future__ import annotations

import pytest

from ftops.errors import About, RefusalKind
from ftops.model.job import JobStatus
from ftops.model.refusal import Refusal
from ftops.model.state import ArchivedRecord, Intent, Record, RecordedJob, SentRequest, State
from ftops.model.value import replace
from ftops.records.ledger import MOST_REQUESTS, Ledger, newest
from ftops.records.renaming import jobless, worth_taking_over
from ftops.records.settings import settings_differ, settings_of, with_settings
from ftops.records.surgery import accepted, never_arrived, not_mine, removed, retried
from tests.simulator.world import fine_tune

INTENT = Intent("p", "n1", "f1:1", 1, 1, {}, 100.0, 160.0, {"model": "m"}, ("j8",))
REFUSAL = Refusal(RefusalKind.LIMIT, "full", None, About.MODEL, "m", 100.0, 100.0)


def job(job_id: str, **more: object) -> RecordedJob:
    made = RecordedJob(job_id, "p", "f1:1", 1, 1, f"nonce-{job_id}", JobStatus.RUNNING)
    return replace(made, **more)  # type: ignore[arg-type]  # fields of a test


def record(**more: object) -> Record:
    return replace(Record("p", "f1:1", 1, 1, {}), **more)  # type: ignore[arg-type]  # fields of a test


def state(**records: Record) -> State:
    return State("sim", "l", fine_tunes=records)


@pytest.mark.parametrize(("at", "until"), [(120.0, 120.0), (160.0, 160.0), (200.0, 160.0)])
def test_after_an_answer_nothing_is_on_its_way_any_more(at: float, until: float) -> None:
    ledger = Ledger(state(a=record(intent=INTENT)))
    ledger.answered("a", at)
    assert ledger.records["a"].intent == replace(INTENT, not_after=until)


def test_a_job_is_replaced_where_it_stands_and_no_other_is() -> None:
    newer = job("j2", status=JobStatus.CANCELLED)
    places = Ledger(state())
    places.records = {"a": record(job=job("j2"), history=(job("j1"),))}
    places.put("a", newer)
    assert places.records["a"].jobs == (newer, job("j1"))
    places.records = {"a": record(job=job("j1"), history=(job("j2"), job("j3")))}
    places.put("a", newer)
    assert places.records["a"].jobs == (job("j1"), newer, job("j3"))
    places.records = {"a": record(job=job("j1"))}
    places.put("a", newer)
    assert places.records["a"].jobs == (job("j1"), newer)
    places.records, places.archive = {}, {"a": ArchivedRecord(2, (job("j1"), job("j2")))}
    places.put("a", newer)
    assert places.archive["a"] == ArchivedRecord(2, (job("j1"), newer))
    places.archive = {"a": ArchivedRecord(2, (job("j1"),))}
    places.put("a", newer)
    assert places.archive["a"] == ArchivedRecord(2, (job("j1"), newer))


def test_an_adopted_job_brings_its_provider_and_lowers_no_number() -> None:
    ledger = Ledger(state(a=record(generation=5, job=job("j5", generation=5))))
    older = job("j2", generation=2, attempt=3, provider="q", detached=True)
    ledger.adopt("a", fine_tune("a"), older, "f1:9", {"model": "m"})
    kept = ledger.records["a"]
    assert (kept.provider, kept.fingerprint, kept.generation, kept.attempt) == ("q", "f1:9", 5, 3)
    assert kept.job == replace(older, detached=False, fingerprint="f1:9")
    assert kept.history == (job("j5", generation=5),)
    assert ledger.knows("j2")


def test_the_newest_requests_are_kept_and_equal_ones_once() -> None:
    requests = [SentRequest("p", {"seed": number}, ()) for number in range(MOST_REQUESTS + 1)]
    assert newest(requests) == tuple(requests[1:])
    first, again = SentRequest("p", {"seed": 1}, ("j1",)), SentRequest("p", {"seed": 1}, ("j2",))
    assert newest([first, again]) == (first,)
    assert len(newest([first, replace(first, provider="q")])) == 2


@pytest.mark.parametrize(
    ("kept", "free"),
    [
        (None, True),
        (record(), True),
        (record(job=job("j1", status=JobStatus.FAILED)), False),
        (record(intent=INTENT), False),
        (record(intent=replace(INTENT, lapsed=True)), True),
    ],
)
def test_a_name_has_no_job_where_neither_one_is_recorded_nor_in_doubt(
    kept: Record | None, *, free: bool
) -> None:
    assert jobless(state(**({"a": kept} if kept else {})), "a") is free


@pytest.mark.parametrize(
    ("kept", "worth"),
    [
        (record(), False),
        (record(intent=INTENT), True),
        (record(intent=replace(INTENT, lapsed=True)), False),
        (record(job=job("j1")), True),
        (record(job=job("j1", status=JobStatus.SUCCEEDED)), True),
        (record(job=job("j1", status=JobStatus.FAILED)), False),
    ],
)
def test_what_would_be_paid_again_is_worth_taking_over(kept: Record, *, worth: bool) -> None:
    assert worth_taking_over(kept) is worth


def test_a_create_given_up_by_a_person_knows_the_jobs_that_it_is_not() -> None:
    given_up = never_arrived(state(a=record(intent=INTENT)), "a", ["j9", "j7"]).fine_tunes["a"].intent
    assert given_up == replace(INTENT, seen=("j7", "j8", "j9"), lapsed=True)


def test_a_retry_lifts_the_refusal_and_its_time_and_nothing_else() -> None:
    refused = replace(INTENT, lapsed=True, withdrawn_at=100.0, refusal=REFUSAL)
    lifted = retried(state(a=record(intent=refused)), "a", []).fine_tunes["a"].intent
    assert lifted == replace(INTENT, lapsed=True)


def test_a_job_of_somebody_else_leaves_its_record_and_the_rest_stays() -> None:
    kept = state(a=record(job=job("j1"), history=(job("j2"), job("j3"))), b=record(job=job("j4")))
    without_first, without_second = not_mine(kept, "p", "j1"), not_mine(kept, "p", "j2")
    assert without_first.fine_tunes["a"].jobs == (job("j2"), job("j3"))
    assert without_second.fine_tunes["a"].jobs == (job("j1"), job("j3"))
    assert without_second.fine_tunes["b"] == kept.fine_tunes["b"]
    assert not_mine(without_second, "p", "j1").not_mine == {"p": ("j1", "j2")}


def test_only_the_job_that_a_person_named_is_accepted_as_it_is() -> None:
    kept = state(a=record(job=job("j1", likeness=True), history=(job("j2", likeness=True),)))
    jobs = accepted(kept, "a", "j1").fine_tunes["a"].jobs
    assert [(one.accepted, one.likeness) for one in jobs] == [(True, False), (False, False)]
    again = accepted(accepted(kept, "a", "j1"), "a", "j2").fine_tunes["a"].jobs
    assert [one.accepted for one in again] == [True, True]


def test_a_fine_tune_that_is_not_watched_any_more_leaves_its_job_running() -> None:
    left = removed(state(a=record(generation=3, job=job("j1"))), "a")
    assert left.fine_tunes == {}
    assert left.archive["a"] == ArchivedRecord(3, (job("j1", detached=True),))


def test_a_name_that_returns_knows_all_that_it_was() -> None:
    asked = SentRequest("p", {"seed": 1}, ())
    left = ArchivedRecord(4, (job("j1"),), ("n7",), (asked,), ("f1:stopped",))
    for step in ("intend", "adopt"):
        ledger = Ledger(State("sim", "l", archive={"a": left}))
        if step == "intend":
            ledger.intend("a", fine_tune("a"), replace(INTENT, generation=5))
        else:
            ledger.adopt("a", fine_tune("a"), job("j2"), "f1:1", {})
        kept = ledger.records["a"]
        assert kept.generation == (5 if step == "intend" else 4)
        assert kept.history == (job("j1"),)
        assert (kept.spent_nonces, kept.requests) == (("n7",), (asked,))
        assert kept.cancelled_by_hand == ("f1:stopped",)
        assert ledger.archive == {}


def test_a_create_that_is_sent_under_another_nonce_leaves_the_first_behind() -> None:
    ledger = Ledger(state(a=record(intent=INTENT, spent_nonces=("n0",))))
    ledger.intend("a", fine_tune("a"), replace(INTENT, nonce="n2", attempt=2))
    kept = ledger.records["a"]
    assert (kept.spent_nonces, kept.requests, kept.attempt) == (("n0", "n1"), (INTENT.request,), 2)
    ledger.intend("a", fine_tune("a"), replace(INTENT, nonce="n2", attempt=2))
    assert ledger.records["a"].spent_nonces == ("n0", "n1")


def test_a_setting_that_differs_is_told_by_its_name() -> None:
    declared = replace(fine_tune("a", protect=True), labels={"team": "x"})
    told, kept = settings_of(declared), settings_of(record())
    assert {name for name in told if told[name] != kept[name]} == {"labels", "lifecycle"}
    assert settings_differ(record(), declared)
    assert not settings_differ(with_settings(record(), declared), declared)
