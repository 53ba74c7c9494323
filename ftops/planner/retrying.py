"""When a job that ended badly is tried again: as often as the declaration says, within one generation."""

from __future__ import annotations

from ftops.model.finetune import RetryOn
from ftops.model.job import JobError
from ftops.planner.situation import Situation


def retryable(error: JobError) -> RetryOn | None:
    """Return the end that a manifest can name for this error; None for one that is the user's to fix."""
    name = error.failure_class.value
    return RetryOn(name) if name in RetryOn.__members__.values() else None


def retrying(s: Situation, cause: RetryOn | None) -> str | None:
    """Say that the declaration allows another create after this end; None where it does not."""
    if cause is None or s.fine_tune is None or s.record is None or s.job is None:
        return None
    retry = s.fine_tune.lifecycle.retry
    used = s.record.attempt if s.job.generation == s.record.generation else s.job.attempt
    if s.record.intent is not None:
        used = s.job.attempt  # The attempt after this job became none: it is sent again, not counted twice.
    if cause not in retry.on or used >= retry.max_attempts:
        return None
    return f"retry {used} of {retry.max_attempts - 1} after {cause.value.replace('_', ' ')}"
