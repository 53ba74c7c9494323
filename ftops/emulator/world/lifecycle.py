"""A job's life on the emulated clock, computed from stored times. Pure."""

from enum import StrEnum

from ftops.emulator.world.job import NEVER, Job


class Status(StrEnum):
    """The status of a job, in no provider's terms."""

    VALIDATING = "validating"
    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


TERMINAL = frozenset({Status.SUCCEEDED, Status.FAILED, Status.CANCELLED})


def status_at(job: Job, now: float) -> Status:
    """The status of the job at an emulated time."""
    if job.cancelled_at is not None:
        return Status.CANCELLED
    active = active_seconds(job, now)
    if job.failure is not None and active >= job.failure.after:
        return Status.FAILED
    if active >= job.run.seconds:
        return Status.SUCCEEDED
    if job.pauses and job.pauses[-1].end is None:
        return Status.PAUSED
    if active < job.run.validation_seconds:
        return Status.VALIDATING
    if active < job.run.validation_seconds + job.run.queue_seconds:
        return Status.QUEUED
    return Status.RUNNING


def active_seconds(job: Job, now: float) -> float:
    """Emulated seconds the job has lived and not stood still."""
    until = now if job.cancelled_at is None else min(now, job.cancelled_at)
    paused = sum(
        (until if pause.end is None else min(pause.end, until)) - pause.start
        for pause in job.pauses
        if pause.start < until
    )
    return until - job.created_at - paused


def time_at(job: Job, active: float) -> float:
    """Return the emulated time at which the job has, or would have, been active for so long."""
    time = job.created_at + active
    for pause in job.pauses:
        if pause.start >= time:
            break
        if pause.end is None:
            return NEVER
        time += pause.end - pause.start
    return time


def planned_end(job: Job) -> float:
    """Return the emulated time at which the job becomes terminal if nobody touches it again."""
    if job.cancelled_at is not None:
        return job.cancelled_at
    return time_at(job, job.run.seconds if job.failure is None else min(job.failure.after, job.run.seconds))


def training_has_begun(job: Job, now: float) -> bool:
    """Say whether the job ever ran: only then are `auto` hyperparameters known."""
    begins = job.run.validation_seconds + job.run.queue_seconds
    failed_before = job.failure is not None and job.failure.after <= begins
    return active_seconds(job, now) >= begins and not failed_before
