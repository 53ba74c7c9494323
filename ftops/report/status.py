"""Where every fine-tune stands, as rows that all status reports draw from."""

from __future__ import annotations

from dataclasses import dataclass

from ftops.model.change import Action, Change
from ftops.model.job import JobStatus
from ftops.model.plan import Plan
from ftops.model.state import Record, State


@dataclass(frozen=True, slots=True)
class StatusRow:
    """One fine-tune. `status` is a job's, or `absent`, `waiting`, `held` where there is none to speak of.

    `reason` is the plan's stable word for why it stands there, `message` says it to a person.
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


def status_rows(plan: Plan, state: State) -> tuple[StatusRow, ...]:
    """Give a row for each name of a plan; `state` is the settled one that the plan was made from."""
    changes: dict[str, Change] = {}
    for change in plan.changes:
        record, known = state.fine_tunes.get(change.name), changes.get(change.name)
        if known is None or _rank(change, record) < _rank(known, record):
            changes[change.name] = change
    return tuple(_row(changes[name], state.fine_tunes.get(name)) for name in sorted(changes))


def output_rows(rows: tuple[StatusRow, ...]) -> tuple[StatusRow, ...]:
    """Give the rows whose job has made a model."""
    return tuple(row for row in rows if row.status == JobStatus.SUCCEEDED and row.fine_tuned_model)


def _rank(change: Change, record: Record | None) -> tuple[bool, bool]:
    """Order the changes of one name: what is decided about it comes before a stray job of its past.

    A stray carries no spec and is never the recorded job: both tell it from the decision.
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
    )
