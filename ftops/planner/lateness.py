"""Rows of the decision table about jobs that take too long, or show no sign of life."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ftops.model.change import Action, Reason
from ftops.model.duration import duration
from ftops.model.finetune import OnRemove
from ftops.model.job import JobStatus
from ftops.model.observation import Observation
from ftops.planner.decision import Decision, likeness, restored
from ftops.planner.situation import Situation
from ftops.records.deadlines import over_deadline, written
from ftops.records.progress import quiet_for, stalled_words


def overdue(s: Situation) -> Decision | None:
    """Stop what takes longer than its deadline, whatever is declared by now: it bounds the money."""
    if s.job is None or s.record is None or not s.active:
        return None
    lifecycle = s.fine_tune.lifecycle if s.fine_tune else s.record.lifecycle
    late = over_deadline(s.job, lifecycle, s.now)
    if late is None or (
        s.fine_tune is None and (lifecycle.protect or lifecycle.on_remove is OnRemove.DETACH)
    ):
        return None
    if lifecycle.protect or lifecycle.suspend:
        why = "suspended" if lifecycle.suspend else "protected"
        message = f"{late}; job {s.job.id} keeps running, since {s.name} is {why}"
        return Decision(Action.HOLD, Reason.OVERDUE, message, s.job.id)
    message = f"{late}; job {s.job.id} is cancelled; the training already done is still paid for"
    return likeness(s) or Decision(Action.CANCEL, Reason.OVERDUE, message, s.job.id)


def ended_overdue(s: Situation) -> Decision | None:
    """Hold what was stopped for its deadline: it would take as long again."""
    if s.job is None or not s.same or s.ended is not JobStatus.CANCELLED or not s.job.overdue:
        return None
    deadline = s.fine_tune.lifecycle.deadline if s.fine_tune else None
    allowed = f" ({written(deadline)} now)" if deadline else ""
    message = (
        f"job {s.job.id} was cancelled{_ran(s)} because it was over its deadline{allowed}; held until its "
        f"declaration changes or you run `ftops resolve {s.name} --retry`"
    )
    return restored(s) or Decision(Action.HOLD, Reason.OVERDUE, message, s.job.id)


def stalled(s: Situation) -> Decision | None:
    """Report a running job that shows nothing new: it keeps running, and a person looks at it."""
    if s.job is None or s.fine_tune is None or not (s.same and s.active and s.events_seen):
        return None
    quiet = quiet_for(s.job, s.fine_tune.lifecycle, s.now)
    if quiet is None:
        return None
    message = f"{stalled_words(quiet)}; job {s.job.id} keeps running (`ftops events {s.name}`)"
    return Decision(Action.HOLD, Reason.STALLED, message, s.job.id)


def _ran(s: Situation) -> str:
    job = s.job
    if job is None or job.created_at is None or job.finished_at is None:
        return ""
    return f" after {duration(job.finished_at - job.created_at)}"


def unheard(
    decided: Iterable[tuple[Situation, Decision]], observations: Mapping[str, Observation]
) -> dict[tuple[str, str], str | None]:
    """Return whose events decide whether they are stalled, each with the newest event that is known of it."""
    return {
        (s.job.provider, s.job.id): s.job.progress.event
        for s, _ in decided
        if s.job is not None and s.job.progress is not None and s.fine_tune is not None
        if s.same and s.active and not s.events_seen and s.job.provider in observations
        if quiet_for(s.job, s.fine_tune.lifecycle, s.now) is not None
    }
