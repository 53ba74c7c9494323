"""What a person said yes to, and what of a later plan is more than that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ftops.model.change import Action, Change
from ftops.model.plan import Plan
from ftops.model.review import CostEstimate


class Approval(NamedTuple):
    """One step that a person said yes to. `stops` is the job that it cancels."""

    name: str
    action: Action
    fingerprint: str | None
    job_id: str | None
    stops: str | None


Approved = Mapping[Approval, CostEstimate | None]
"""Everything a person said yes to, with the cost that was shown for it; None where none was known."""


def approvals(plan: Plan, *, waits: bool) -> Approved:
    """Return what approving this plan allows; with `waits`, also what it shows as following later."""
    allowed: dict[Approval, CostEstimate | None] = {}
    for change in plan.effective_changes:
        allowed[_approval(change)] = change.estimated_cost
        # A job may end by itself before it is stopped: then this is what is left to do.
        if change.action is Action.CANCEL:
            allowed[_gone(change)] = None
        elif change.action is Action.REPLACE:
            allowed[_anew(change)] = change.estimated_cost
    for change in plan.changes if waits else ():
        if change.action is Action.WAIT:
            allowed[_gone(change)] = None
        if change.then is not None:
            allowed[_anew(change)] = change.then.estimated_cost
            if change.then.action is Action.REPLACE:
                again = Approval(
                    change.name, Action.REPLACE, change.fingerprint, change.job_id, change.job_id
                )
                allowed[again] = change.then.estimated_cost
    return allowed


def unapproved(plan: Plan, approved: Approved) -> tuple[Change, ...]:
    """Return the changes that nobody said yes to. Taking over a job that is there is always allowed."""
    free = (Action.ADOPT, Action.UPDATE)
    return tuple(
        change
        for change in plan.effective_changes
        if not _is_approved(change, approved) and not (change.action in free and change.stops is None)
    )


def _is_approved(change: Change, approved: Approved) -> bool:
    approval = _approval(change)
    return approval in approved and not _dearer(change.estimated_cost, approved[approval])


def _dearer(now: CostEstimate | None, shown: CostEstimate | None) -> bool:
    """Return whether it costs more than was shown; what was shown as unknown may cost anything."""
    return shown is not None and (now is None or not now.high <= shown.high)


def _approval(change: Change) -> Approval:
    job_id = None if change.action is Action.CREATE else change.job_id
    return Approval(change.name, change.action, change.fingerprint, job_id, change.stops)


def _gone(change: Change) -> Approval:
    return Approval(change.name, Action.FORGET, change.fingerprint, change.job_id, None)


def _anew(change: Change) -> Approval:
    return Approval(change.name, Action.CREATE, change.fingerprint, None, None)
