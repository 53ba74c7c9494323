"""The status of every fine-tune, as rows that all status reports use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from ftops.model.change import Action, Change, Reason
from ftops.model.job import FailureClass, Job, JobError, JobStatus
from ftops.model.metrics import MetricPoint, losses
from ftops.model.plan import Plan
from ftops.model.state import Record, State
from ftops.model.value import replace


class StatusRow(Struct, frozen=True):
    """One fine-tune. `status` is a job's, or `absent`, `waiting`, `held` where there is none to speak of.

    `reason` is the plan's stable word for why, `message` says it to a person, and `next` is
    the command (or, without `ftops`, the advice) that leads on. Times are Unix seconds; `progress` is a share
    of 1; `losses` are those of training so far, oldest first, where somebody asked for them.
    `failure_class` is whose fault a failure is: `FailureClass`.
    """

    name: str
    provider: str | None
    job_id: str | None
    status: str
    generation: int | None
    attempt: int | None
    fine_tuned_model: str | None
    error: str | None
    reason: str | None
    message: str | None = None
    next: str | None = None
    created_at: float | None = None
    finished_at: float | None = None
    progress: float | None = None
    losses: tuple[float, ...] = ()
    failure_class: str | None = None


FAILURE_ADVICE: Mapping[FailureClass, str] = {
    FailureClass.USER_ERROR: "correct its data or spec: the same fails again (ftops events {name})",
    FailureClass.MODERATION: "take out of its data what the provider refuses to train on, or train elsewhere",
    FailureClass.QUOTA: "get room at the provider, then set lifecycle.rerun",
    FailureClass.BILLING: "settle the account at the provider, then set lifecycle.rerun",
    FailureClass.PROVIDER_ERROR: "set lifecycle.retry or lifecycle.rerun to train again",
    FailureClass.UNKNOWN: "ftops events {name}",
}
"""What to do about a failed job, by whose fault it is."""

NEXT_BY_REASON: Mapping[Reason, str] = {
    Reason.AMBIGUOUS_CREATE: "ftops resolve {name} --job ID, or --never-arrived",
    Reason.LOOKALIKE: "ftops resolve {name} --job ID, or --not-mine ID",
    Reason.OTHER_LINEAGE: "ftops state rebuild, or ftops resolve {name} --job ID, or --not-mine ID",
    Reason.REJECTED: "change its spec, or ftops resolve {name} --retry",
    Reason.STUCK: "ftops resolve {name} --retry",
    Reason.CANCELLED_BY_HAND: "change its spec, or ftops resolve {name} --retry",
    Reason.CANCELLED_EXTERNALLY: "set lifecycle.rerun to train again",
    Reason.VANISHED: "set lifecycle.rerun to train again",
    Reason.UNKNOWN_PROVIDER: "put its provider back in ftops.yaml, or write renamed_from",
    Reason.UNREACHABLE: "ftops doctor",
    Reason.INCOMPLETE_LIST: "ftops doctor",
    Reason.INVALID_DATA: "ftops validate",
}
NEXT_BY_ACTION: Mapping[Action, str] = {
    Action.WAIT: "ftops apply, later",
    **dict.fromkeys((action for action in Action if action.effective), "ftops apply"),
}


def with_progress(
    rows: Sequence[StatusRow],
    jobs: Mapping[str, Job],
    points: Mapping[str, Sequence[MetricPoint]],
    now: float,
) -> tuple[StatusRow, ...]:
    """Add how far the jobs are, by live job and by metrics, both by job id."""
    return tuple(_progressing(row, jobs, points, now) for row in rows)


def settled(rows: Sequence[StatusRow]) -> bool:
    """Return whether none of these will change by itself: no job is active, nothing waits."""
    moving = {status.value for status in JobStatus if status.active} | {"waiting"}
    return all(row.status not in moving for row in rows)


def status_rows(plan: Plan, state: State) -> tuple[StatusRow, ...]:
    """Return a row for each name of a plan; `state` is the settled one that the plan was made from."""
    changes: dict[str, Change] = {}
    for change in plan.changes:
        record, known = state.fine_tunes.get(change.name), changes.get(change.name)
        if known is None or _rank(change, record) < _rank(known, record):
            changes[change.name] = change
    return tuple(_row(changes[name], state.fine_tunes.get(name)) for name in sorted(changes))


def _rank(change: Change, record: Record | None) -> tuple[bool, bool]:
    """Order the changes of one name: what is decided about it comes before a stray job of its past.

    A stray carries no spec and is never the recorded job: both distinguish it from the decision.
    """
    current = record.job.id if record and record.job else None
    return not change.spec, change.job_id != current


def _row(change: Change, record: Record | None) -> StatusRow:
    job = record.job if record else None
    status = job.status.value if job else "absent"
    if change.action is Action.HOLD and (job is None or job.status.active):
        status = "held"
    elif change.action is Action.WAIT and job is None:
        status = "waiting"
    return StatusRow(
        name=change.name,
        provider=change.provider,
        job_id=job.id if job else None,
        status=status,
        generation=job.generation if job else change.generation or None,
        attempt=job.attempt if job else change.attempt or None,
        fine_tuned_model=job.fine_tuned_model if job else None,
        error=str(job.error) if job and job.error else None,
        reason=change.reason.value,
        message=change.message,
        next=_next(change, status, job.error if job else None),
        created_at=job.created_at if job else None,
        finished_at=job.finished_at if job else None,
        failure_class=job.error.failure_class.value if job and job.error else None,
    )


def _next(change: Change, status: str, error: JobError | None) -> str | None:
    text = NEXT_BY_REASON.get(change.reason) if change.action is Action.HOLD else None
    if change.action is Action.HOLD and change.reason is Reason.FAILED:
        text = FAILURE_ADVICE[error.failure_class if error else FailureClass.UNKNOWN]
    text = text or NEXT_BY_ACTION.get(change.action)
    if text is None and status == JobStatus.SUCCEEDED:
        text = "ftops outputs {name}"
    elif text is None and status in (JobStatus.PENDING, JobStatus.RUNNING):
        text = "ftops events {name} --follow"
    return text.format(name=change.name) if text else None


def _progressing(
    row: StatusRow, jobs: Mapping[str, Job], points: Mapping[str, Sequence[MetricPoint]], now: float
) -> StatusRow:
    seen = points.get(row.job_id or "", ())
    share = 1.0 if row.status == JobStatus.SUCCEEDED else _share(jobs.get(row.job_id or ""), seen, now)
    return replace(row, progress=share, losses=tuple(losses(seen)))


def progress_of(
    jobs: Mapping[str, Job], points: Mapping[str, Sequence[MetricPoint]], now: float
) -> Mapping[str, float]:
    """Return how far jobs are, as shares of 1 by job id; unknown ones are left out."""
    shares = {job_id: _share(job, points.get(job_id, ()), now) for job_id, job in jobs.items()}
    return {job_id: share for job_id, share in shares.items() if share is not None}


def _share(job: Job | None, seen: Sequence[MetricPoint], now: float) -> float | None:
    if seen and seen[-1].total_steps:
        share = seen[-1].step / seen[-1].total_steps
    elif job and job.estimated_finish and job.created_at and job.estimated_finish > job.created_at:
        share = (now - job.created_at) / (job.estimated_finish - job.created_at)
    else:
        return None
    return min(1.0, max(0.0, share))
