"""What is at stake with a running job: how far it is, what it has cost up to now, and what stays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ftops.model.change import Action, Change, StoppedJob
from ftops.model.duration import duration
from ftops.model.job import Job
from ftops.model.observation import Observation
from ftops.model.review import CostEstimate
from ftops.model.spending import USD, Amount
from ftops.model.state import RecordedJob, State
from ftops.model.value import replace
from ftops.records.serving import serving_job


def at_stake(job: RecordedJob, now: float) -> str:
    """Say how long a job has run and how much it has trained; what is not reported is unknown."""
    tokens = "an unknown number of" if job.trained_tokens is None else f"{job.trained_tokens:,}"
    return f"{running_for(job, now)} and trained {tokens} tokens"


def running_for(job: RecordedJob | Job, now: float) -> str:
    """Say how long a job has run."""
    age = "for an unknown time" if job.created_at is None else f"for {duration(now - job.created_at)}"
    return f"it has run {age}"


def cancelled_first(job: RecordedJob | None) -> str:
    """Go on with a sentence about an adopt: it stops the job that runs instead, if there is one."""
    if job is None:
        return ""
    return f"; job {job.id}, still running, is cancelled first: the training already done is still paid for"


def progress_at(job: Job | None, now: float) -> float | None:
    """Return how far a job is by the time it is expected to end, as a share of 1; None where nobody tells."""
    if job is None or not job.estimated_finish or not job.created_at:
        return None
    whole = job.estimated_finish - job.created_at
    return min(1.0, max(0.0, (now - job.created_at) / whole)) if whole > 0 else None


def with_stakes(
    changes: Iterable[Change], state: State, seen: Mapping[str, Observation], now: float
) -> tuple[Change, ...]:
    """Return the changes with what a reviewer fears for: the model that stays, the job that is lost.

    What is kept as it is gets neither.
    """
    return tuple(one if one.action is Action.KEEP else _with_stake(one, state, seen, now) for one in changes)


def _with_stake(change: Change, state: State, seen: Mapping[str, Observation], now: float) -> Change:
    record = state.fine_tunes.get(change.name)
    made = serving_job(record) if record is not None else None
    if made is not None and made.fine_tuned_model:
        change = replace(change, serves=made.fine_tuned_model)
    if change.stops is None:
        return change
    archived = state.archive.get(change.name)
    jobs = (*(record.jobs if record else ()), *(archived.jobs if archived else ()))
    recorded = next((job for job in jobs if job.id == change.stops), None)
    at = recorded.provider if recorded is not None else change.provider
    live = next((job for job in (seen[at].jobs if at in seen else ()) if job.id == change.stops), None)
    known = live or recorded
    if known is None:
        return change
    progress = progress_at(live, now)
    expected = recorded.purchase.estimate if recorded is not None and recorded.purchase is not None else None
    stopped = StoppedJob(known.status.value, progress, _share(expected, progress))
    return replace(change, stopped=stopped)


def _share(expected: Amount | None, progress: float | None) -> CostEstimate | None:
    """Return what a part of the training may have cost. Of another currency there is no estimate."""
    if expected is None or progress is None or expected.currency != USD:
        return None
    low, high = (round(float(bound) * progress, 6) for bound in (expected.low, expected.high))
    return CostEstimate(low, high, about=True)
