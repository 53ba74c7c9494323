"""The status of every fine-tune, as rows that all status reports use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

from msgspec import Struct, field

from ftops.model.ack import Ack
from ftops.model.change import Action, Change, Reason
from ftops.model.job import Job, JobStatus
from ftops.model.json_value import JSONObject
from ftops.model.metrics import MetricPoint, losses
from ftops.model.plan import Plan
from ftops.model.queue import QueuePlace
from ftops.model.spending import Amount, Charge, amount
from ftops.model.state import Record, RecordedJob, State
from ftops.model.value import replace
from ftops.records.stake import progress_at
from ftops.report.next_steps import next_step
from ftops.review.alarms import acknowledged

_ACTIVE = frozenset(status.value for status in JobStatus if status.active)


class Group(StrEnum):
    """What a fine-tune is like for whoever looks after the project, the most urgent first."""

    NEEDS_PERSON = "needs-person"
    TRAINING = "training"
    WAITING = "waiting"
    STOPPED = "stopped"
    READY = "ready"


class Acknowledged(Struct, frozen=True, omit_defaults=True):
    """What somebody knows of a failure that is still there. `until` is Unix seconds, maybe over."""

    until: float
    reason: str
    by: str
    expired: bool = False


class StatusRow(Struct, frozen=True):
    """One fine-tune. `status` is a job's, or `absent`, `waiting`, `held` where there is none to speak of.

    `reason` is the plan's stable word for why, `message` says it to a person, and `next` is
    the command (or, without `ftops`, the advice) that leads on. Times are Unix seconds; `progress` is a share
    of 1; `losses` are those of training so far, oldest first, where somebody asked for them.
    `failure_class` is whose fault a failure is: `FailureClass`. `result` is what a trainer told,
    `cost` what it cost, if that is known, and `expected` what the training that runs or comes may cost.
    `estimated_finish` is what the provider says; `depends_on` are the fine-tunes that it starts from.
    `acknowledged` is there where all that is wrong with it is known, and `queue` is its place where it waits
    for one.
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
    result: JSONObject = field(default_factory=dict)
    cost: Charge | None = None
    group: Group = Group.READY
    expected: Amount | None = None
    estimated_finish: float | None = None
    depends_on: tuple[str, ...] = ()
    acknowledged: Acknowledged | None = None
    queue: QueuePlace | None = None


_DELIBERATE = frozenset({Reason.PROTECTED, Reason.SUSPENDED, Reason.CANCELLED_BY_HAND, Reason.UPSTREAM})
"""Holds that a person has wanted, and those that end with another one: nobody is called for them."""


_RUNS_ON = frozenset({Reason.OVERDUE, Reason.STALLED})
"""Holds that are about a running job, and let it run."""


def with_progress(
    rows: Sequence[StatusRow],
    jobs: Mapping[str, Job],
    points: Mapping[str, Sequence[MetricPoint]],
    now: float,
) -> tuple[StatusRow, ...]:
    """Add how far the jobs are, by live job and by metrics, both by job id."""
    return tuple(_progressing(row, jobs, points, now) for row in rows)


def with_acknowledgements(
    rows: Sequence[StatusRow], plan: Plan, acks: Mapping[str, Ack], now: float
) -> tuple[StatusRow, ...]:
    """Add what somebody has acknowledged of the failures in a plan."""
    known = {
        name: Acknowledged(ack.until, ack.reason, ack.by, expired=not ack.in_force(now))
        for name, ack in acknowledged(plan, acks).items()
    }
    return tuple(replace(row, acknowledged=known.get(row.name)) for row in rows) if known else tuple(rows)


def settled(rows: Sequence[StatusRow]) -> bool:
    """Return whether none of these will change by itself: no job is active, nothing waits."""
    return all(row.status not in _ACTIVE and row.status != "waiting" for row in rows)


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
    status = _status(change, job)
    row = StatusRow(
        name=change.name,
        provider=change.provider,
        job_id=None,
        status=status,
        generation=change.generation or None,
        attempt=change.attempt or None,
        fine_tuned_model=None,
        error=None,
        reason=change.reason.value,
        message=change.message,
        next=next_step(change, status, job.error if job else None),
        group=_group(change, status),
        expected=_expected(change, job),
        depends_on=change.depends_on,
        queue=change.queue or None,
    )
    return _with_job(row, job) if job else row


def _status(change: Change, job: RecordedJob | None) -> str:
    held = change.action is Action.HOLD and change.reason not in _RUNS_ON
    if held and (job is None or job.status.active):
        return "held"
    if job is None:
        return "waiting" if change.action is Action.WAIT else "absent"
    if change.reason is Reason.CANCELLING and job.status is JobStatus.PENDING:
        return JobStatus.CANCELLING.value  # What waits at an engine is stopped at its start.
    return job.status.value


def _with_job(row: StatusRow, job: RecordedJob) -> StatusRow:
    return replace(
        row,
        job_id=job.id,
        generation=job.generation,
        attempt=job.attempt,
        fine_tuned_model=job.fine_tuned_model,
        error=str(job.error) if job.error else None,
        created_at=job.created_at,
        finished_at=job.finished_at,
        failure_class=job.error.failure_class.value if job.error else None,
        result=job.result,
        cost=job.charge,
    )


def _group(change: Change, status: str) -> Group:
    if change.action is Action.HOLD and change.reason not in _DELIBERATE:
        return Group.NEEDS_PERSON
    if status in _ACTIVE:
        return Group.TRAINING
    if change.reason is Reason.CANCELLED_BY_HAND:
        return Group.STOPPED
    if change.action is Action.WAIT or change.action.creates or change.reason is Reason.UPSTREAM:
        return Group.WAITING
    return Group.READY if status == JobStatus.SUCCEEDED else Group.STOPPED


def _expected(change: Change, job: RecordedJob | None) -> Amount | None:
    """Return what the present training was expected to cost, or the one that comes; None where unknown."""
    if job is not None and job.status.active and job.purchase is not None:
        return job.purchase.estimate
    cost = change.then.estimated_cost if change.then else change.estimated_cost
    try:
        return amount(cost.low, cost.high) if cost else None
    except ValueError:
        return None


def _progressing(
    row: StatusRow, jobs: Mapping[str, Job], points: Mapping[str, Sequence[MetricPoint]], now: float
) -> StatusRow:
    seen = points.get(row.job_id or "", ())
    job = jobs.get(row.job_id or "")
    share = 1.0 if row.status == JobStatus.SUCCEEDED else _share(job, seen, now)
    finish = job.estimated_finish if job else None
    return replace(row, progress=share, losses=tuple(losses(seen)), estimated_finish=finish)


def progress_of(
    jobs: Mapping[str, Job], points: Mapping[str, Sequence[MetricPoint]], now: float
) -> Mapping[str, float]:
    """Return how far jobs are, as shares of 1 by job id; unknown ones are left out."""
    shares = {job_id: _share(job, points.get(job_id, ()), now) for job_id, job in jobs.items()}
    return {job_id: share for job_id, share in shares.items() if share is not None}


def _share(job: Job | None, seen: Sequence[MetricPoint], now: float) -> float | None:
    if seen and seen[-1].total_steps:
        return min(1.0, max(0.0, seen[-1].step / seen[-1].total_steps))
    return progress_at(job, now)
