"""What one round comes to in numbers."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from ftops.controller import series
from ftops.controller.measured import gauges, succeeded
from ftops.controller.series import MOST_NAMED, STATUSES
from ftops.model.ack import Ack
from ftops.model.budget import Budget, Budgets
from ftops.model.change import JOB_FAILED_REASONS, NEEDS_PERSON_REASONS, RESTING_REASONS, Action, Reason
from ftops.model.event import Outcome
from ftops.model.job import JobStatus
from ftops.model.value import replace
from ftops.records.spending import spendings
from ftops.review.alarms import failure_of
from ftops.review.purse import Purse, purse
from tests.unit.controller.measuring import NOW, change, create, done, hold, keep, record, round_of, wait

OCTOBER = datetime(2026, 10, 2, tzinfo=UTC).timestamp()


def budgeted(**records: object) -> Purse:
    run = round_of(records=dict(records))  # type: ignore[arg-type]  # records of a test
    budgets = Budgets(
        Budget(month=Decimal(100)), {"oa": Budget(day=Decimal(10))}, {"team=a": Budget(month=Decimal(5))}
    )
    return purse(budgets, spendings(run.reviewed.stored), NOW, [{"team": "a"}])


def test_each_fine_tune_is_counted_once_by_its_present_status() -> None:
    run = round_of(
        keep("a"),
        hold("b"),
        wait("c"),
        create("d"),
        create("e"),
        records={"a": record("a", JobStatus.SUCCEEDED), "b": record("b", JobStatus.FAILED)},
        results=[done(create("e"))],
    )
    found = gauges(run)
    assert set(found[series.FINE_TUNE.name]) == {
        ("a", "oa", "succeeded"),
        ("b", "oa", "failed"),
        ("c", "oa", "waiting"),
        ("d", "oa", "absent"),
        ("e", "oa", "pending"),
    }
    counts = found[series.FINE_TUNES.name]
    assert counts.keys() == {(status,) for status in STATUSES}
    assert {status for (status,), count in counts.items() if count} == {
        *("succeeded", "failed", "waiting", "absent", "pending")
    }
    assert sum(counts.values()) == 5


def test_ten_thousand_fine_tunes_make_a_bounded_number_of_series_and_the_urgent_are_among_them() -> None:
    names = [f"n{number:05}" for number in range(10_000)]
    records = {name: record(name, JobStatus.SUCCEEDED) for name in names}
    run = round_of(*map(keep, names), hold("zz"), records={**records, "zz": record("zz", JobStatus.FAILED)})
    found = gauges(run)
    assert len(found[series.FINE_TUNE.name]) == MOST_NAMED
    assert ("zz", "oa", "failed") in found[series.FINE_TUNE.name]
    assert found[series.FINE_TUNES.name]["succeeded",] == 10_000
    assert sum(map(len, found.values())) < MOST_NAMED + 200


def test_holds_and_waits_are_counted_by_reason_and_the_others_stand_at_zero() -> None:
    found = gauges(round_of(hold("a"), hold("b"), hold("c", Reason.PROTECTED), wait("d")))
    holds, waits = found[series.HOLDS.name], found[series.WAITS.name]
    assert holds.keys() == waits.keys() == {(reason.value,) for reason in Reason}
    assert (holds["failed",], holds["protected",], sum(holds.values())) == (2, 1, 3)
    assert (waits["waiting-for",], sum(waits.values())) == (1, 1)


@pytest.mark.parametrize("reason", sorted(Reason))
def test_a_hold_needs_a_person_where_the_exit_code_says_so(reason: Reason) -> None:
    calls = reason in (NEEDS_PERSON_REASONS | JOB_FAILED_REASONS) - RESTING_REASONS
    assert gauges(round_of(hold("a", reason)))[series.NEEDS_PERSON.name] == {(): float(calls)}


def test_a_provider_that_cannot_be_listed_is_one_thing_to_look_at() -> None:
    held = [hold(name, Reason.UNREACHABLE) for name in "abc"]
    run = round_of(*held, incomplete={"oa": "no route"})
    assert gauges(run)[series.NEEDS_PERSON.name] == {(): 1}
    assert not succeeded(run)


def test_what_was_acknowledged_or_settled_in_the_round_needs_nobody() -> None:
    stuck = change("s", Action.CREATE, Reason.STUCK)
    ack = Ack((failure_of(hold("a")),), "a known bad file", "ana", NOW - 60, NOW + 60)
    for until, expected in ((NOW + 60, 1), (NOW - 1, 2)):
        run = round_of(
            hold("a"), hold("b"), stuck, results=[done(stuck)], acks={"a": replace(ack, until=until)}
        )
        assert gauges(run)[series.NEEDS_PERSON.name] == {(): expected}
    assert gauges(round_of(hold("a"), hold("b"), stuck))[series.NEEDS_PERSON.name] == {(): 3}


def test_costs_are_those_of_the_month_and_ever_with_the_creates_of_the_round() -> None:
    run = round_of(
        create("new", 4.0),
        create("dear"),
        records={
            "old": record("old", JobStatus.SUCCEEDED, 7.0, OCTOBER),
            "now": record("now", JobStatus.SUCCEEDED, 3.0),
            "bad": record("bad", JobStatus.FAILED, 2.0),
            "other": record("other", JobStatus.SUCCEEDED, 1.0, provider="zz"),
        },
        results=[done(create("new", 4.0)), done(create("dear"))],
    )
    found = gauges(run)
    assert found[series.SPENT.name] == {
        ("oa", "month"): 5.0,
        ("oa", "ever"): 12.0,
        ("zz", "month"): 1.0,
        ("zz", "ever"): 1.0,
    }
    assert found[series.RUNNING.name]["oa", "month"] == 4.0
    assert found[series.WASTED.name]["oa", "month"] == 2.0
    assert found[series.UNKNOWN.name]["oa", "month"] == 1.0
    assert found[series.UNKNOWN.name]["zz", "month"] == 0.0


def test_each_budget_says_what_is_left_after_the_round() -> None:
    held = budgeted(now=record("now", JobStatus.SUCCEEDED, 3.0))
    bought = create("new", 4.0, labels={"team": "a"})
    found = gauges(round_of(bought, purse=held, results=[done(bought)]))
    assert found[series.BUDGET.name] == {
        ("project", "month"): 100.0,
        ("provider:oa", "day"): 10.0,
        ("label:team=a", "month"): 5.0,
    }
    assert found[series.LEFT.name] == {
        ("project", "month"): 93.0,
        ("provider:oa", "day"): 3.0,
        ("label:team=a", "month"): 1.0,
    }


def test_a_budget_that_is_exceeded_is_below_zero() -> None:
    held = budgeted(now=record("now", JobStatus.SUCCEEDED, 12.5))
    assert gauges(round_of(purse=held))[series.LEFT.name]["provider:oa", "day"] == -2.5


def test_a_round_succeeds_where_all_was_listed_and_done() -> None:
    assert succeeded(round_of(hold("a"), results=[done(create("b"))]))
    assert not succeeded(round_of(results=[done(create("b"), Outcome.FAILED)]))
    assert not succeeded(round_of(results=[done(create("b"), Outcome.SKIPPED)]))
