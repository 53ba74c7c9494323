"""Costs in groups: each sum says of which jobs it is, and months are those of UTC."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ftops.errors import UsageError
from ftops.model.calendar import Period, month, span
from ftops.model.job import JobStatus
from ftops.model.prices import CutShort
from ftops.model.spending import ChargeSource, amount
from ftops.model.spent import Spending, Waste
from ftops.model.value import replace
from ftops.review.costs import cost_report

NOVEMBER = month("2026-11")
DONE = Spending(
    "a",
    "oa",
    "j1",
    JobStatus.SUCCEEDED,
    NOVEMBER.start,
    False,
    amount(2),
    ChargeSource.TOKENS,
    amount(1, 3),
    {"team": "support"},
    "mira",
    "c" * 40,
)
FAILED = replace(
    DONE,
    name="b",
    job_id="j2",
    status=JobStatus.FAILED,
    amount=amount(0, 3),
    source=ChargeSource.ESTIMATE,
    waste=Waste.FAILED,
    labels={},
    by=None,
)
RUNNING = replace(DONE, job_id="j3", status=JobStatus.RUNNING, open=True, amount=amount(1, 3))
UNKNOWN = replace(DONE, job_id="j4", amount=None, source=None, estimate=None)
EURO = replace(DONE, job_id="j5", provider="mi", amount=amount(4, currency="EUR"))
EARLIER = replace(DONE, job_id="j6", at=NOVEMBER.start - 0.5)
UNDATED = replace(DONE, job_id="j7", at=None)
ALL = (DONE, FAILED, RUNNING, UNKNOWN, EURO, EARLIER, UNDATED)


def instant(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def test_a_month_ends_where_the_next_one_begins() -> None:
    assert (NOVEMBER.start, NOVEMBER.end) == (instant("2026-11-01"), instant("2026-12-01"))
    assert span(Period.MONTH, instant("2026-12-31T23:59:59")).end == instant("2027-01-01")
    day = span(Period.DAY, instant("2028-02-29T12:00"))
    assert (day.label, day.start, day.end) == ("2028-02-29", instant("2028-02-29"), instant("2028-03-01"))
    assert NOVEMBER.start in NOVEMBER
    assert NOVEMBER.end not in NOVEMBER


@pytest.mark.parametrize("text", ["2026-13", "2026-1", "november", "2026-11-01", "9999-12", ""])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(ValueError) as refused:  # whoever asks says what is wrong
        month(text)
    assert refused.type is ValueError


def test_each_sum_is_of_the_jobs_of_which_it_is_known() -> None:
    report = cost_report(ALL, NOVEMBER, "name")
    whole = report.whole
    assert (whole.jobs, whole.ended, whole.unexpected, whole.unknown) == (5, 4, 1, 1)
    assert whole.expected == (amount(3, 9),)
    assert whole.spent == (amount(2, 5), amount(4, currency="EUR"))
    assert whole.wasted == (amount(0, 3),)
    assert whole.waste == {"failed": (amount(0, 3),)}
    assert whole.open == (amount(1, 3),)
    assert report.undated == 1
    assert cost_report(ALL, None, "name").whole.jobs == len(ALL)


@pytest.mark.parametrize(
    ("by", "groups"),
    [
        ("name", ["a", "b"]),
        ("provider", ["mi", "oa"]),
        ("who", ["mira", ""]),
        ("commit", ["c" * 40]),
        ("label=team", ["support", ""]),
    ],
)
def test_groups_are_in_order_and_what_is_in_none_comes_last(by: str, groups: list[str]) -> None:
    assert list(cost_report(ALL, NOVEMBER, by).groups) == groups


@pytest.mark.parametrize("by", ["names", "label=", "label", ""])
def test_an_unknown_group_is_refused_with_the_known_ones(by: str) -> None:
    with pytest.raises(UsageError) as refused:
        cost_report(ALL, NOVEMBER, by)
    assert refused.value.hint is not None


def test_only_what_ended_early_and_is_bounded_has_its_providers_rule() -> None:
    told = replace(FAILED, job_id="j8", source=ChargeSource.PROVIDER)
    stopped = replace(FAILED, job_id="j9", status=JobStatus.CANCELLED)
    asked: list[tuple[str, JobStatus]] = []

    def rules(provider: str, status: JobStatus) -> CutShort:
        asked.append((provider, status))
        return CutShort.UNKNOWN if status is JobStatus.FAILED else CutShort.WORK_DONE

    report = cost_report([*ALL, told, stopped], NOVEMBER, "name", rules)
    found = {one.job_id: one.cut_short for one in report.jobs if one.cut_short}
    assert found == {"j2": CutShort.UNKNOWN, "j9": CutShort.WORK_DONE}
    assert asked == [("oa", JobStatus.FAILED), ("oa", JobStatus.CANCELLED)]
