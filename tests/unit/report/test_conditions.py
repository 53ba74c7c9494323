"""When a plan is worth a comment."""

from __future__ import annotations

import pytest

from ftops.model.review import CostEstimate, Violation
from ftops.report.conditions import known, met
from ftops.report.summary import Counts, Row, Sum, Summary, Verdict, Word


def summary(verdict: Verdict = Verdict.TRAINS, **more: object) -> Summary:
    return Summary("p", verdict, "trains", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("condition", "right"),
    [
        *((one, True) for one in ("changes", "violations", "cost>5", "cost > 5", "cost>$0.50")),
        *((one, False) for one in ("", "change", "cost", "cost>", "cost>x", "cost>-1", "cost>=5")),
    ],
)
def test_a_condition_is_one_of_three(condition: str, *, right: bool) -> None:
    assert known(condition) is right


def test_changes_are_whatever_is_not_nothing() -> None:
    rows = (Row(Word.TRAIN, "a", "new"),)
    assert [one for one in Verdict if not met("changes", summary(one, rows=rows))] == [Verdict.NOTHING]


@pytest.mark.parametrize(
    ("more", "changes"),
    [
        ({}, False),
        ({"rows": (Row(Word.HOLD, "a", "protected"),)}, False),
        ({"rows": (Row(Word.HOLD, "a", "its data is refused"),), "counts": Counts(held=1)}, True),
        ({"rows": (Row(Word.TRAIN, "a", "new"),)}, True),
        ({"rows": (Row(Word.UPDATE, "a", "renamed"),)}, True),
    ],
)
def test_a_preview_without_keys_may_have_nothing_to_do(more: dict[str, object], *, changes: bool) -> None:
    assert met("changes", summary(Verdict.PREVIEW, **more)) is changes


def test_a_violation_is_one() -> None:
    assert not met("violations", summary())
    assert met("violations", summary(violations=(Violation("max_cost", "too much"),)))


@pytest.mark.parametrize(
    ("total", "over"),
    [
        (Sum(), False),
        (Sum(now=1, known=CostEstimate(4.0, 5.0)), False),
        (Sum(now=1, known=CostEstimate(1.0, 5.01)), True),
        (Sum(now=1, unknown=1), True),
        (Sum(now=2, unknown=1, known=CostEstimate(1.0, 1.0)), True),
    ],
)
def test_a_cost_is_taken_at_its_high_end_and_an_unknown_one_for_more(total: Sum, *, over: bool) -> None:
    assert met("cost>5", summary(total=total)) is over


@pytest.mark.parametrize("verdict", [Verdict.NOT_LOADED, Verdict.NOT_PLANNED])
def test_what_could_not_be_planned_is_always_worth_it(verdict: Verdict) -> None:
    assert all(met(one, summary(verdict)) for one in ("changes", "violations", "cost>100"))
