"""When a running job was last seen to move: what makes one that shows nothing new a stalled one. Pure.

What a list shows comes first: status, trained tokens, what a trainer told. Only once that has been the same
for as long as `stall_after` allows are its events asked for. An estimated finish is no sign of life: some
providers count it from now. So the state learns something new of a job at most once in `stall_after`.
"""

from __future__ import annotations

from collections.abc import Mapping

from ftops.model.duration import duration, span
from ftops.model.finetune import FineTune, Lifecycle
from ftops.model.job import JobEvent, JobStatus, Progress
from ftops.model.observation import Observation
from ftops.model.state import Record, RecordedJob, State
from ftops.model.value import replace

_LONGEST = 200
"""Characters of an event that tell it from the one before."""


def quiet_for(job: RecordedJob, lifecycle: Lifecycle, now: float) -> float | None:
    """Return how long a running job has shown nothing new, where that is too long; else None (seconds)."""
    if lifecycle.stall_after is None or job.status is not JobStatus.RUNNING or job.progress is None:
        return None
    quiet = now - job.progress.since
    return quiet if quiet >= span(lifecycle.stall_after) else None


def heard(record: Record | None, observations: Mapping[str, Observation]) -> bool:
    """Return whether the events of a record's job were asked for in this round."""
    job = record.job if record else None
    return job is not None and job.provider in observations and job.id in observations[job.provider].events


def stalled_words(quiet: float) -> str:
    """Say that a job is stalled."""
    return f"stalled: nothing new for {duration(quiet)}"


def with_progress(
    before: State,
    seen: State,
    declared: Mapping[str, FineTune],
    observations: Mapping[str, Observation],
    now: float,
) -> State:
    """Note which jobs have moved between two states, or by their events; only where a declaration asks."""
    moved = {}
    for name, fine_tune in declared.items():
        record = seen.fine_tunes.get(name)
        job = record.job if record else None
        if record is None or job is None:
            continue
        allowed = fine_tune.lifecycle.stall_after if job.status is JobStatus.RUNNING else None
        new = None
        if allowed is not None:
            earlier = before.fine_tunes.get(name)
            events = observations[job.provider].events if job.provider in observations else {}
            new = _progress(earlier.job if earlier else None, job, events.get(job.id), now, span(allowed))
        if new != job.progress:
            moved[name] = replace(record, job=replace(job, progress=new))
    return replace(seen, fine_tunes={**seen.fine_tunes, **moved}) if moved else seen


def _progress(
    before: RecordedJob | None, job: RecordedJob, newest: JobEvent | None, now: float, allowed: float
) -> Progress:
    known = job.progress
    if known is None or before is None or _shown(before) != _shown(job):
        return Progress(now, known.event if known else None)
    if newest is None or (sign := event_sign(newest)) == known.event:
        return known
    at = now if newest.created_at is None else min(now, newest.created_at)
    if known.event is None:  # Nobody knows whether the first one that is looked at is new: its time says it.
        return Progress(max(at, known.since), sign)
    # A later one is new, whatever its time: a provider's clock may be behind, and an alarm has to clear.
    return Progress(at if now - at < allowed and at > known.since else now, sign)


def event_sign(event: JobEvent) -> str:
    """Return what tells an event from the one before: its id, or what it says."""
    return (event.id or f"{event.created_at or 0:.0f} {event.type} {event.message}")[:_LONGEST]


def _shown(job: RecordedJob) -> tuple[object, ...]:
    return job.id, job.status, job.trained_tokens, job.result
