"""What follows once a wait is over: the create or replace that a change leads to. Pure.

A gate has put it off, or the table says so of the situation as it will be when what it waits for has come.
Nothing is promised: the table decides again then. What is shown here is what a reviewer consents to and a
limit counts before the first of a chain is paid.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from ftops.model.change import STOPS_ALWAYS, Action, Reason
from ftops.model.job import JobStatus
from ftops.model.state import Record, RecordedJob
from ftops.model.value import replace
from ftops.planner.decision import Decision
from ftops.planner.situation import Situation
from ftops.planner.table import decide

Gates = Callable[[Situation, Decision], Decision]
"""What may keep a decision from being carried out now: it answers with what is done instead."""


def with_later(situation: Situation, wanted: Decision, gates: Gates) -> Decision:
    """Put what the table wants through the gates, and note what follows from what is left of it."""
    decision = put_off(wanted, gates(situation, wanted))
    over = _when_over(situation, decision)
    if over is None:
        return decision
    next_wanted = decide(over)
    following = put_off(next_wanted, gates(over, next_wanted))
    if decision.reason is Reason.BACKOFF and following.action is Action.HOLD:
        return following  # What would not be created after the pause either is said at once.
    if decision.action is Action.CANCEL and following.action is Action.CREATE:
        # What is declared by now is another training, which nobody has cancelled: nothing is waited for.
        message = f"{decision.message}; then what is declared now is created"
        return replace(decision, action=Action.REPLACE, message=message)
    return replace(decision, then=following if following.action.creates else following.then)


def put_off(wanted: Decision, decision: Decision) -> Decision:
    """Note in a gate's decision what it puts off. A hold puts off nothing: a person decides what follows."""
    if wanted.action is Action.REPLACE and wanted.reason in STOPS_ALWAYS and not decision.action.creates:
        # What must not run on is stopped all the same; only what comes in its place waits.
        then = replace(wanted, action=Action.CREATE, job_id=None)
        message = f"{wanted.message}; {decision.message}"
        stopped = replace(wanted, action=Action.CANCEL, message=message, then=then)
        return replace(stopped, queue=decision.queue, until=decision.until)
    held = decision.action is Action.HOLD
    if decision is wanted or held or decision.action.creates or not wanted.action.creates:
        return decision
    if decision.action is Action.CANCEL:
        return replace(decision, then=replace(wanted, action=Action.CREATE, job_id=None))
    # The job that a replace would have stopped runs on meanwhile: it is what the wait is about.
    return replace(decision, job_id=decision.job_id or wanted.job_id, then=wanted)


def _when_over(situation: Situation, decision: Decision) -> Situation | None:
    """Return the situation at the end of a wait that the table itself decided on; None for any other."""
    waits = decision.action in (Action.WAIT, Action.CANCEL) and decision.then is None
    ends = _ENDS.get(decision.reason) if waits else None
    return replace(situation, record=ends(situation.record)) if ends and situation.record else None


def _job_ends(**how: Any) -> Callable[[Record], Record]:
    def ends(record: Record) -> Record:
        job: RecordedJob | None = replace(record.job, **how) if record.job else None
        return replace(record, job=job)

    return ends


def _never_arrived(record: Record) -> Record:
    return replace(record, intent=replace(record.intent, lapsed=True) if record.intent else None)


_ENDS: Mapping[Reason, Callable[[Record], Record]] = {
    Reason.CANCELLED_BY_HAND: _job_ends(status=JobStatus.CANCELLED),
    Reason.OVERDUE: _job_ends(status=JobStatus.CANCELLED, overdue=True),
    Reason.CANCELLING: _job_ends(status=JobStatus.CANCELLED),
    # Its end so long ago that no pause is left.
    Reason.BACKOFF: _job_ends(finished_at=-math.inf),
    Reason.DRAINING: _job_ends(status=JobStatus.SUCCEEDED),
    # Of two possible ends the one that costs money again.
    Reason.MISSING: _job_ends(missing_since=-math.inf),
    Reason.SETTLING: _never_arrived,
}
"""How each wait of the table ends."""
