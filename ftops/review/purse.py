"""What is used of each budget: what ended jobs cost, and what those that run, or are in doubt, may cost.

A job counts in the day and month of UTC in which the plan was made that bought it. What runs counts with
the high end of its estimate. A job of unknown cost cannot be counted, and the output says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from msgspec import Struct

from ftops.model.budget import Budget, Budgets
from ftops.model.calendar import Period, Span, span
from ftops.model.change import Change
from ftops.model.nearest import did_you_mean
from ftops.model.review import CostEstimate, Violation
from ftops.model.spending import MOST, USD, ZERO, micro
from ftops.model.spent import Spending
from ftops.model.value import replace

RULE = "budget"

_PROJECT_FILE = "ftops.yaml"
_CENT = Decimal("0.01")


class Fund(Struct, frozen=True):
    """One budget in its present day or month, and how much of it is used.

    `title` says whose it is: of the project, a provider or a label. `spent` is what ended jobs cost,
    `running` what the others may cost; `unknown` counts jobs that are in neither.
    """

    title: str
    most: Decimal
    span: Span
    provider: str | None = None
    label: tuple[str, str] | None = None
    spent: Decimal = ZERO
    running: Decimal = ZERO
    unknown: int = 0

    @property
    def used(self) -> Decimal:
        """What no new job can have any more."""
        return self.spent + self.running

    @property
    def left(self) -> Decimal:
        """What new jobs may cost; below zero where it is over already."""
        return self.most - self.used

    def covers(self, provider: str, labels: Mapping[str, str]) -> bool:
        """Return whether a job counts in it."""
        if self.label is not None:
            return labels.get(self.label[0]) == self.label[1]
        return self.provider in (None, provider)

    def room(self, write: Callable[[Decimal], str]) -> str:
        """Say what is left, and where the rest is. Beside what it is compared with, `write` rounds down."""
        used = [f"{cents(self.spent)} spent"] if self.spent else []
        used += [f"{cents(self.running)} running"] if self.running else []
        used += [f"{self.unknown} of unknown cost not counted"] if self.unknown else []
        left = write(max(self.left, ZERO))
        return f"{left} left ({', '.join(used)})" if used else f"{left} left"

    def __str__(self) -> str:
        when = "on" if self.span.period is Period.DAY else "in"
        return f"the budget of {dollars(self.most)} for {self.title} {when} {self.span.label}"


class Purse(Struct, frozen=True):
    """All budgets as they stand. `unknown_labels` are those that nothing has, with what to do."""

    funds: tuple[Fund, ...] = ()
    unknown_labels: tuple[Violation, ...] = ()

    def of(self, change: Change) -> list[Fund]:
        """Return the budgets that a change's training counts in."""
        return [one for one in self.funds if one.covers(change.provider, change.labels)]


EMPTY = Purse()
"""Of a project without budgets."""


def purse(
    budgets: Budgets, spent: Iterable[Spending], now: float, labels: Iterable[Mapping[str, str]]
) -> Purse:
    """Count what is used of each budget now. `labels` are those of every fine-tune, declared or recorded."""
    jobs = tuple(spent)
    have = {f"{key}={value}" for one in labels for key, value in one.items()}
    have |= {f"{key}={value}" for job in jobs for key, value in job.labels.items()}
    wrong = [(label, one) for label, one in budgets.labels.items() if label not in have]
    return Purse(
        tuple(_counted(fund, jobs) for fund in _funds(budgets, now)),
        tuple(_unknown_label(label, one, have) for label, one in wrong),
    )


def _funds(budgets: Budgets, now: float) -> Iterator[Fund]:
    for period, most in budgets.project.amounts().items():
        yield Fund("the project", most, span(period, now))
    for name, budget in budgets.providers.items():
        for period, most in budget.amounts().items():
            yield Fund(f"provider {name}", most, span(period, now), provider=name)
    for text, budget in budgets.labels.items():
        key, _, value = text.partition("=")
        for period, most in budget.amounts().items():
            yield Fund(f"label {text}", most, span(period, now), label=(key, value))


def _counted(fund: Fund, jobs: Sequence[Spending]) -> Fund:
    mine = [job for job in jobs if fund.covers(job.provider, job.labels) and _belongs(job, fund.span)]
    known = [(job, high) for job in mine if (high := _most(job)) is not None]
    spent = sum((high for job, high in known if not job.open), ZERO)
    running = sum((high for job, high in known if job.open), ZERO)
    return replace(fund, spent=spent, running=running, unknown=len(mine) - len(known))


def _most(job: Spending) -> Decimal | None:
    """Return what counts of a job: of a bill in another currency its estimate, else ending would free it."""
    found = (one.high for one in (job.amount, job.estimate) if one is not None and one.currency == USD)
    return next(found, None)


def _belongs(job: Spending, when: Span) -> bool:
    """For a running job whose day is unknown, the worst is assumed."""
    return job.open if job.at is None else job.at in when


def _unknown_label(label: str, budget: Budget, have: Iterable[str]) -> Violation:
    return Violation(
        RULE,
        f"{_PROJECT_FILE}:{budget.line}: no fine-tune has the label {label}, so its budget limits nothing",
        did_you_mean(label, have) or "correct it, or remove that budget",
    )


def price(cost: CostEstimate) -> Decimal:
    """Return the most that something may cost, as far beyond every budget as it may be."""
    try:
        return micro(cost.high)
    except ValueError:
        return MOST


def dollars(value: Decimal) -> str:
    """Write an amount as a project states it: to the cent, and finer where there is more."""
    return f"${value:.2f}" if value == round(value, 2) else f"${value}"


def cents(value: Decimal) -> str:
    """Write an amount to be read: to the nearest cent, and never as none where there is some."""
    return "less than $0.01" if ZERO < value < _CENT else f"${value:.2f}"


def at_least(value: Decimal) -> str:
    """Write what is left, rounded down: what is too much for it reads as more, however little more it is."""
    return f"${value.quantize(_CENT, ROUND_FLOOR)}"


def at_most(value: Decimal) -> str:
    """Write what something may cost, rounded up: see `at_least`."""
    return f"${value.quantize(_CENT, ROUND_CEILING)}"
