"""Which retries would cost more than `retry.max_cost` allows for all attempts of a generation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from ftops.model.change import Change, Reason
from ftops.model.finetune import FineTune
from ftops.model.job import JobStatus
from ftops.model.plan import Plan
from ftops.model.planning import Deferred
from ftops.model.review import CostEstimate
from ftops.model.spending import USD, ZERO, micro
from ftops.model.state import Record, RecordedJob, State
from ftops.review.purse import at_most, cents, dollars, price

_HELD = {JobStatus.FAILED: Reason.FAILED, JobStatus.CANCELLED: Reason.CANCELLED_EXTERNALLY}
"""Why a job that is not retried is held, by how it ended; any other is gone."""


def capped(fine_tunes: Iterable[FineTune]) -> dict[str, Decimal]:
    """Return what all attempts of a generation may cost, by name, for those that limit it."""
    limits = ((one.name, one.lifecycle.retry.max_cost) for one in fine_tunes)
    return {name: micro(most) for name, most in limits if most is not None}


def retries(plan: Plan, limits: Mapping[str, Decimal]) -> bool:
    """Return whether a plan retries, now or later, what has such a limit."""
    return any(change.name in limits and _retries(change) for change in plan.changes)


def too_dear(plan: Plan, state: State, limits: Mapping[str, Decimal]) -> dict[str, Deferred]:
    """Return the retries of a plan, of now and of later, that are held, by name.

    A job counts with what it cost, else with the high end of its estimate. What is unknown is never zero: it
    is held.
    """
    held: dict[str, Deferred] = {}
    for change in plan.changes:
        record = state.fine_tunes.get(change.name)
        if change.name not in limits or not _retries(change) or record is None or record.job is None:
            continue
        cost = change.then.estimated_cost if change.then else change.estimated_cost
        if (why := _why(record, record.job, limits[change.name], cost)) is not None:
            held[change.name] = Deferred(why, None, _HELD.get(record.job.status, Reason.VANISHED))
    return held


def _retries(change: Change) -> bool:
    """Return whether it leads to a further job of a generation, unless a person asked for that one anew."""
    coming = change.then or change
    creates = coming.action.creates and coming.reason is not Reason.RE_DECLARED
    return creates and coming.attempt > 1


def _why(record: Record, job: RecordedJob, most: Decimal, cost: CostEstimate | None) -> str | None:
    """Say why another attempt is too much; None where it is not."""
    attempts = [one for one in record.jobs if one.generation == job.generation]
    spent = [_spent(one, attempts) for one in attempts]
    ended = f"the job failed: {job.error}" if job.error else f"job {job.id} ended without a model"
    known = [one for one in spent if one is not None]
    if cost is None or cost.currency != USD or len(known) < len(spent):
        what = "another attempt would cost" if len(known) == len(spent) else "its attempts cost"
        return f"{ended}; not retried: what {what} is unknown, so it cannot count against its max_cost"
    used = sum(known, ZERO)
    if used + price(cost) <= most:
        return None
    tried = "1 attempt has" if len(attempts) == 1 else f"{len(attempts)} attempts have"
    return (
        f"{ended}; not retried: {tried} cost up to {cents(used)}, and another up to {at_most(price(cost))} "
        f"is more than its max_cost of {dollars(most)} leaves"
    )


def _spent(job: RecordedJob, attempts: Iterable[RecordedJob]) -> Decimal | None:
    """Return the most that a job has cost; of one that nobody priced, what its like was expected to cost."""
    if job.charge is not None:
        return job.charge.amount.high if job.charge.amount.currency == USD else None
    own = (job, *attempts)
    found = (one.purchase.estimate for one in own if one.purchase and one.fingerprint == job.fingerprint)
    return next((one.high for one in found if one is not None and one.currency == USD), None)
