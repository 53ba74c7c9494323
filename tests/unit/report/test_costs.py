"""Costs as people read them: ranges, currencies and what is unknown are said, never rounded away."""

from __future__ import annotations

import json

import pytest

from ftops.model.calendar import month
from ftops.model.job import JobStatus
from ftops.model.prices import CutShort
from ftops.model.spending import Amount, amount
from ftops.model.value import replace
from ftops.report.costs import MOST_JOBS, costs_document, render_costs, render_costs_markdown
from ftops.report.words import amount_words
from ftops.review.costs import cost_report
from tests.unit.review.test_costs import ALL, DONE, FAILED, NOVEMBER


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (None, "unknown"),
        (amount(1.2), "$1.20"),
        (amount(1, 3), "$1.00 to $3.00"),
        (amount(0, 3), "up to $3.00"),
        (amount(0), "$0.00"),
        (amount(0.0123), "$0.01"),
        (amount(4, currency="EUR"), "4.00 EUR"),
    ],
)
def test_a_cost_reads_as_what_is_known_of_it(one: Amount | None, words: str) -> None:
    assert amount_words(one) == words


def test_the_text_says_what_was_spent_wasted_is_running_and_unknown() -> None:
    text = render_costs(cost_report(ALL, NOVEMBER, "label=team"))
    assert text.splitlines()[0].split() == [
        "TEAM",
        "JOBS",
        "EXPECTED",
        "SPENT",
        "WASTED",
        "RUNNING",
        "UNKNOWN",
    ]
    for sentence in (
        "Spent in 2026-11 (UTC): $2.00 to $5.00 and 4.00 EUR on 4 ended jobs.",
        "Of that wasted: up to $3.00 (up to $3.00 failed).",
        "1 job is running or in doubt, as of the last apply or reconcile: $1.00 to $3.00 more.",
        "1 ended job has no estimate: what is expected is the sum of the others.",
        "1 job is of unknown cost and not in these sums.",
        "1 job is in no month: the creation time is unknown.",
        "(none)",
        "mira",
        "cccccccccccc",
    ):
        assert sentence in text


def test_where_nothing_has_ended_nothing_is_said_to_be_spent() -> None:
    running = [one for one in ALL if one.open]
    assert "Spent in all: no job has ended yet." in render_costs(cost_report(running, None, "name"))


def test_a_time_that_is_none_costs_no_report() -> None:
    report = cost_report([replace(DONE, at=at) for at in (1e18, 1e300)], None, "name")
    assert report.whole.jobs == 2
    assert "Spent in all:" in render_costs(report)


def test_a_month_without_jobs_says_so() -> None:
    report = cost_report(ALL, month("2020-01"), "name")
    assert render_costs(report).startswith("No job was created in 2020-01 (UTC).\n")
    assert render_costs_markdown(report).startswith("## Costs of 2020-01\n\nNo job was created in")


def test_many_jobs_are_listed_in_data_alone() -> None:
    many = [replace(DONE, job_id=f"j{number}") for number in range(MOST_JOBS + 5)]
    report = cost_report(many, NOVEMBER, "name")
    assert render_costs(report).count("\na ") == MOST_JOBS + 1
    assert len(costs_document(report)["jobs"]) == len(many)


def test_what_others_wrote_draws_nothing_in_a_comment() -> None:
    report = cost_report([replace(DONE, by="@all <b>")], NOVEMBER, "who")
    assert "@all" not in render_costs_markdown(report)
    assert "<b>" not in render_costs_markdown(report)


def test_data_has_decimals_as_text_and_unknown_as_null() -> None:
    document = json.loads(json.dumps(costs_document(cost_report(ALL, NOVEMBER, "who"))))
    assert [group["who"] for group in document["groups"]] == ["mira", None]
    by_id = {job["job_id"]: job for job in document["jobs"]}
    assert by_id["j2"]["cost"] == {"currency": "USD", "low": "0", "high": "3"}
    assert by_id["j4"]["cost"] is None


def test_why_an_estimate_bounds_a_job_is_said_by_provider_and_end() -> None:
    unsaid = replace(FAILED, cut_short=CutShort.UNKNOWN)
    other = replace(unsaid, provider="fw")
    paid = replace(FAILED, provider="tg", status=JobStatus.CANCELLED, cut_short=CutShort.WORK_DONE)
    text = render_costs(cost_report([unsaid, other, paid], NOVEMBER, "name"))
    assert "A failed job at fw, oa counts as up to its estimate: its cost is not published.\n" in text
    assert (
        "A cancelled job at tg counts as up to its estimate: it is billed for the work done, "
        "but the amount is not reported.\n" in text
    )
    assert "some ended jobs is not reported" not in text
    assert "some ended jobs is not reported" in render_costs(cost_report([FAILED], NOVEMBER, "name"))


def test_in_a_narrow_terminal_columns_without_anything_go_first() -> None:
    done = replace(DONE, name="a" * 40)
    wide, narrow = (render_costs(cost_report([done], NOVEMBER, "name"), width=width) for width in (200, 90))
    assert wide.splitlines()[0].split()[-3:] == ["WASTED", "RUNNING", "UNKNOWN"]
    assert narrow.splitlines()[0].split() == ["FINE-TUNE", "JOBS", "EXPECTED", "SPENT"]
