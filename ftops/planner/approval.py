"""What a person said yes to, and what of a later plan is more than that."""

from __future__ import annotations

from ftops.model.change import Action, Change
from ftops.model.plan import Plan

Approval = tuple[str, Action, str | None, str | None]
"""Name, action, fingerprint and job: what a person said yes to."""


def approvals(plan: Plan, *, waits: bool) -> frozenset[Approval]:
    """Give what approving this plan allows; with `waits`, also the creates that it shows as waiting."""
    allowed = {_approval(change) for change in plan.effective_changes}
    for change in plan.effective_changes:
        # A job may end by itself before it is stopped: then this is what is left to do.
        if change.action is Action.CANCEL:
            allowed.add((change.name, Action.FORGET, change.fingerprint, change.job_id))
        elif change.action is Action.REPLACE:
            allowed.add((change.name, Action.CREATE, change.fingerprint, None))
    if waits:
        waiting = [change for change in plan.changes if change.action is Action.WAIT]
        allowed |= {(change.name, Action.CREATE, change.fingerprint, None) for change in waiting}
        allowed |= {(change.name, Action.FORGET, change.fingerprint, change.job_id) for change in waiting}
    return frozenset(allowed)


def unapproved(plan: Plan, approved: frozenset[Approval]) -> tuple[Change, ...]:
    """Give the changes that nobody said yes to. Taking over a job that is there is always allowed."""
    free = (Action.ADOPT, Action.UPDATE)
    return tuple(
        change
        for change in plan.effective_changes
        if _approval(change) not in approved and not (change.action in free and change.cancel_first is None)
    )


def _approval(change: Change) -> Approval:
    job_id = None if change.action is Action.CREATE else change.job_id
    return change.name, change.action, change.fingerprint, job_id
