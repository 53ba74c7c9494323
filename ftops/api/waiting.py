"""Going on until nothing is active: rounds of one command, whose limits hold for all of them together."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from ftops.api.exit_codes import code_beside_data
from ftops.api.plans import ReviewedPlan
from ftops.api.repeating import repeat_until_settled
from ftops.api.rounds import Round, apply_round
from ftops.api.session import Session
from ftops.errors import ExitCode
from ftops.model.change import Action
from ftops.model.plan import Plan
from ftops.model.value import replace
from ftops.review.approval import approvals
from ftops.review.selection import Selection


class Waiting(Struct, frozen=True):
    """What is waited for: what `shown` holds and says will follow, and nothing else.

    `timeout` is seconds, None for ever.
    """

    shown: Plan
    parallelism: int
    timeout: float | None = None


def wait_until_settled(
    session: Session,
    chosen: Selection,
    first: Round,
    waiting: Waiting,
    hear: Callable[[Round], None] = lambda _: None,
) -> Round:
    """Go on in rounds after the first one until nothing is active or a person is needed; return the last.

    `hear` is told each round. A wish to stop ends it early. Raises NeedsPerson when the time is over, and
    for what nobody approved; Refused; what a round raises.
    """
    if not goes_on(first):
        return first
    approved = approvals(waiting.shown, waits=True)
    chosen = replace(chosen.as_shown(first.reviewed.plan), patient=True)
    last = first

    def again() -> bool:
        nonlocal last
        going_on = replace(chosen, so_far=last.so_far)
        run = apply_round(session, going_on, waiting.parallelism, approved=approved)
        ReviewedPlan(run.reviewed).raise_for_violations()
        last = run
        hear(run)
        return not goes_on(run) or settled(run)

    pause, monotonic = session.stop.wait, session.clock.monotonic
    repeat_until_settled(again, pause=pause, monotonic=monotonic, timeout=waiting.timeout)
    return last


def goes_on(run: Round) -> bool:
    """Return whether anything is waited for after a round: data to be corrected keeps nobody waiting."""
    return code_beside_data(run) in (ExitCode.NOTHING, ExitCode.JOB_FAILED)


def settled(run: Round) -> bool:
    """Return whether nothing is active, waits or was done just now."""
    changes = run.reviewed.plan.changes
    records = run.reviewed.planning.state.fine_tunes
    names = {change.name for change in changes}
    active = any(
        record.job is not None and record.job.status.active
        for name, record in records.items()
        if name in names
    )
    moving = any(change.action.effective or change.action is Action.WAIT for change in changes)
    return not active and not moving
