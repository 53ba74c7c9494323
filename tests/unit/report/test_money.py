"""Money as people read it."""

from __future__ import annotations

import pytest

from ftops.model.review import Afterwards, CostEstimate, PriceUsed
from ftops.model.steps import Steps
from ftops.report.money import afterwards_words, cost_words, money, more_words, price_words

SURE, ROUGH = CostEstimate(1.2, 1.2), CostEstimate(0.5, 12480.4, about=True)


def steps(*costs: CostEstimate | None) -> Steps:
    return Steps({("a", number, 1): cost for number, cost in enumerate(costs)})


@pytest.mark.parametrize(
    ("dollars", "written"),
    [(0, "$0.00"), (0.004, "less than $0.01"), (0.37, "$0.37"), (999.99, "$999.99"), (12480.4, "$12,480")],
)
def test_money_has_two_digits_and_a_known_cost_never_reads_as_none(dollars: float, written: str) -> None:
    assert money(dollars) == written


@pytest.mark.parametrize(
    ("costs", "words"),
    [
        ((SURE,), "Costs $1.20."),
        ((ROUGH,), "About $0.50 to $12,480."),
        ((SURE, ROUGH), "About $1.70 to $12,482."),
        ((CostEstimate(0.001, 0.3),), "Up to $0.30."),
        ((CostEstimate(0.001, 0.002),), "Less than $0.01."),
        ((CostEstimate(0.001, 0.002, about=True),), "Less than $0.01."),
        ((CostEstimate(0, 4),), "Up to $4.00."),
        ((CostEstimate(0, 4, about=True),), "Up to about $4.00."),
        ((None,), "Cost unknown."),
        ((SURE, None, None), "At least $1.20; the cost of 2 is unknown."),
        ((), "Costs $0.00."),
    ],
)
def test_a_sum_says_what_is_unknown_of_it(costs: tuple[CostEstimate | None, ...], words: str) -> None:
    assert cost_words(steps(*costs)) == words


def test_what_is_paid_later_comes_on_top() -> None:
    assert more_words(steps(SURE)) == "Costs $1.20 more."
    assert more_words(steps(None)) == "Cost unknown."
    assert more_words(steps(SURE, None)) == "At least $1.20; the cost of 1 is unknown."


@pytest.mark.parametrize(
    ("price", "words"),
    [
        (PriceUsed(0.035, 0.5, "per_gpu_hour"), "at $0.035 to $0.50 a GPU hour"),
        (
            PriceUsed(3, 3, "per_million_trained_tokens", project=True),
            "at $3.00 for 1M tokens (ftops.yaml)",
        ),
        (
            PriceUsed(
                3, 3, "per_million_trained_tokens", about=True, as_of="2026-07-10", confidence="secondary"
            ),
            "at about $3.00 for 1M tokens (secondary, 2026-07-10)",
        ),
    ],
)
def test_a_price_says_where_it_is_from(price: PriceUsed, words: str) -> None:
    assert price_words(price) == words


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (Afterwards("while it is deployed", 1.7, 1.7, "hour"), "$1.70 an hour while it is deployed"),
        (
            Afterwards(
                "as long as it exists", 1, 2, "month", about=True, confidence="official", as_of="2026"
            ),
            "about $1.00 to $2.00 a month as long as it exists (official, 2026)",
        ),
        (Afterwards("an endpoint is paid by the minute"), "an endpoint is paid by the minute"),
    ],
)
def test_what_a_model_costs_afterwards(after: Afterwards, words: str) -> None:
    assert afterwards_words(after) == words
