"""Prices and a day's budget of the simulator, and what must hold of them: never above, never stuck below."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal

import pytest

from ftops.model.budget import Budget, Budgets
from ftops.model.calendar import Period, span
from ftops.model.change import Action, Change, Reason
from ftops.model.job import Job, JobStatus
from ftops.model.plan import Plan
from ftops.model.review import CostEstimate
from ftops.model.spending import Amount, amount
from ftops.model.state import RecordedJob, State
from ftops.model.value import replace
from ftops.reconciler.values import Loaded

DOLLARS = 10
"""What an epoch may cost; a job that succeeds costs so much, one that is cut short a part of it."""

Bought = Mapping[str, tuple[float, Decimal]]
"""Nonce -> when the plan was made that bought it, and the most that it may cost."""


def budgets(day: int | None) -> Budgets:
    return Budgets() if day is None else Budgets(Budget(day=Decimal(day)))


def estimate(epochs: object) -> CostEstimate:
    high = DOLLARS * (epochs if isinstance(epochs, int) else 1)
    return CostEstimate(high / 2, high)


def told(job: Job, most: Decimal | None) -> Amount | None:
    """Say what a job came to, as its provider does of every other one."""
    if most is None or job.status.active or _number(job.id) % 2:
        return None
    return amount(actual(job, most, job.id))


def actual(job: Job, most: Decimal, job_id: str) -> Decimal:
    """Return what a job came to: one that was cut short, some part of the whole."""
    return most if job.status is JobStatus.SUCCEEDED else most * (1 + _number(job_id) % 4) / 4


def _number(job_id: str) -> int:
    return int(hashlib.sha256(job_id.encode()).hexdigest()[:4], 16)


def _priced(loaded: Loaded, _: object, plan: Plan) -> tuple[Plan, tuple[str, ...]]:
    """Price what is created, now or later, in place of counting tokens in files."""
    epochs = {one.name: one.hyperparameters.get("n_epochs") for one in loaded.fine_tunes}

    def with_cost(change: Change) -> Change:
        cost = estimate(epochs.get(change.name))
        if change.action.creates:
            return replace(change, estimated_cost=cost)
        return replace(change, then=replace(change.then, estimated_cost=cost)) if change.then else change

    return replace(plan, changes=tuple(map(with_cost, plan.changes))), ()


@contextmanager
def prices() -> Iterator[None]:
    """Let plans be priced without files."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ftops.reconciler.line.priced", _priced)
        yield


def never_above(nonce: str, bought: Bought, costs: Mapping[str, Decimal], day: int) -> Iterator[str]:
    """What is bought in a day, this create included, stays within the budget of that day.

    `costs` are what the jobs of other creates came to, or may: a lost state's are forgotten with it.
    """
    at, high = bought[nonce]
    today = span(Period.DAY, at)
    others = sum(
        (costs[one] for one, (when, _) in bought.items() if one in costs and one != nonce and when in today),
        Decimal(0),
    )
    if others + high > day:
        yield f"{others + high} is bought on {today.label}, where the budget is {day}"


def never_stuck(plan: Plan, state: State, day: int, now: float) -> Iterator[str]:
    """What waits for its budget has no room in it, by what the state knows of that day's jobs."""
    today = span(Period.DAY, now)
    bought = [job for job in _jobs(state) if _at(job) in today]
    used = sum(map(_most, bought), Decimal(0))
    for record in state.fine_tunes.values():
        intent = record.intent
        if intent and not intent.lapsed and intent.purchase and (intent.purchase.at or 0) in today:
            used += intent.purchase.estimate.high if intent.purchase.estimate else 0
    made = [one.estimated_cost for one in plan.changes if one.action.creates and one.estimated_cost]
    used += sum((Decimal(str(cost.high)) for cost in made), Decimal(0))
    for change in plan.changes:
        cost = change.then.estimated_cost if change.then else None
        waits = change.action is Action.WAIT and change.reason is Reason.OVER_BUDGET
        if waits and cost and used + Decimal(str(cost.high)) <= day:
            yield f"{change.name} waits for its budget, and {used} of {day} is used: {change.message}"
        if change.action is Action.HOLD and change.reason is Reason.OVER_BUDGET and day >= DOLLARS * 3:
            yield f"{change.name} is held by a budget that it fits: {change.message}"


def _jobs(state: State) -> list[RecordedJob]:
    found: dict[str, RecordedJob] = {}
    for jobs in (
        *(one.jobs for one in state.archive.values()),
        *(one.jobs for one in state.fine_tunes.values()),
    ):
        found.update({job.id: job for job in jobs})
    return list(found.values())


def _at(job: RecordedJob) -> float:
    return (job.purchase.at if job.purchase else job.created_at) or 0.0


def _most(job: RecordedJob) -> Decimal:
    """Of a second job that nobody bought, assume the most that any costs."""
    if job.charge is not None:
        return job.charge.amount.high
    return job.purchase.estimate.high if job.purchase and job.purchase.estimate else Decimal(DOLLARS * 3)
