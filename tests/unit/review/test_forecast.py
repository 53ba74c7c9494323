"""The month so far: what it has cost, what runs, what the plan adds, what budgets have left."""

from __future__ import annotations

from decimal import Decimal

from ftops.model.budget import Budget, Budgets
from ftops.model.spending import amount
from ftops.model.value import replace
from ftops.report.costs import forecast_document
from ftops.report.status_head import head_lines, month_lines
from ftops.report.status_table import Screen
from ftops.review.forecast import forecast
from ftops.review.purse import EMPTY
from tests.unit.review.test_budgets import DECEMBER, JOB, NOW, create, held, later, plan_of

RUNS = replace(JOB, job_id="j2", open=True, amount=amount(10))
UNKNOWN = replace(JOB, job_id="j3", amount=None)


def test_a_month_is_told_in_one_line() -> None:
    budgets = Budgets(Budget(month=Decimal(100)))
    jobs = [JOB, RUNS, UNKNOWN]
    seen = forecast(plan_of(create("a", 5), later("b", 2)), jobs, held(budgets, *jobs), NOW)
    told = "$1.00 to $30.00 of $100.00 spent, $10.00 running, up to $7.00 to come, 1 job unknown"
    assert list(month_lines(seen, 100)) == [f"November: {told}"]
    assert len(list(month_lines(seen, 80))) == 2
    document = forecast_document(seen)
    assert document["planned"] == {"currency": "USD", "low": "0", "high": "7"}
    (shown,) = document["budgets"]
    assert (shown["left"], shown["spent"], shown["running"], shown["period"]) == ("60", "30", "10", "month")


def test_a_budget_that_is_passed_says_by_how_much() -> None:
    budgets = Budgets(Budget(month=Decimal(20)))
    seen = forecast(plan_of(), [JOB], held(budgets, JOB), NOW)
    assert list(month_lines(seen, 80)) == ["November: $1.00 to $30.00 of $20.00 spent, over by $10.00"]


def test_other_budgets_are_told_the_emptiest_first_and_the_rest_is_counted() -> None:
    small, large = Budget(day=Decimal(9)), Budget(month=Decimal(90))
    budgets = Budgets(small, {"p": large, "q": large}, {"team=a": large, "team=b": large})
    jobs = [replace(JOB, amount=amount(0.230944)), replace(RUNS, amount=amount(0.000012))]
    seen = forecast(plan_of(), jobs, held(budgets, *jobs), NOW)
    lines = head_lines("p", (), seen, NOW, Screen(), "every 5 s")
    assert lines[1].startswith("November: $0.23 spent, less than $0.01 running ")
    assert lines[1].endswith("  every 5 s")
    assert lines[2].startswith("the project, 2026-11-")
    assert " of $9.00 used" in lines[2]
    assert lines[-1] == "and 2 more budgets"


def test_an_unknown_plan_is_unknown_and_nothing_is_said_of_nothing() -> None:
    seen = forecast(plan_of(create("a", None)), [], EMPTY, NOW)
    assert list(month_lines(seen, 80)) == ["November: nothing spent, an unknown amount to come"]
    assert forecast_document(seen)["planned"] is None
    assert not forecast(plan_of(), [JOB], EMPTY, DECEMBER)
