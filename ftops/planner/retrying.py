"""When a job that ended badly is tried again: as often as the declaration says, within one generation."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec import Struct

from ftops.model.finetune import RetryOn
from ftops.model.job import JobError
from ftops.model.state import RecordedJob
from ftops.planner.situation import Situation

LONGEST_BACKOFF_SECONDS = 86_400.0


class Retrying(Struct, frozen=True):
    """Another attempt that the declaration allows; before `until` (Unix seconds) it waits."""

    message: str
    until: float | None = None


def retryable(error: JobError) -> RetryOn | None:
    """Return the end that a manifest can name for this error; None for one that is the user's to fix."""
    name = error.failure_class.value
    return RetryOn(name) if name in RetryOn.__members__.values() else None


def retrying(s: Situation, cause: RetryOn | None) -> Retrying | None:
    """Say that the declaration allows another create after this end, and when; None where it does not."""
    if cause is None or s.fine_tune is None or s.record is None or s.job is None:
        return None
    retry = s.fine_tune.lifecycle.retry
    used = s.record.attempt if s.job.generation == s.record.generation else s.job.attempt
    if s.record.intent is not None:
        used = s.job.attempt  # The attempt after this job became none: it is sent again, not counted twice.
    if cause not in retry.on or used >= retry.max_attempts:
        return None
    message = f"retry {used} of {retry.max_attempts - 1} after {cause.value.replace('_', ' ')}"
    until = _ended(s.job) + min(retry.backoff * 2.0 ** (used - 1), LONGEST_BACKOFF_SECONDS)
    if not retry.backoff or s.now >= until:
        return Retrying(message)
    return Retrying(f"{message}, at {datetime.fromtimestamp(until, UTC):%Y-%m-%d %H:%M} UTC", until)


def retried(job: RecordedJob) -> str:
    """Say how often a job's training was tried again already, as the beginning of a sentence."""
    times = job.attempt - 1
    return "" if times < 1 else f"retried {'once' if times == 1 else f'{times} times'}; "


def _ended(job: RecordedJob) -> float:
    """Return when a job ended, or is known to have been gone, as far as it is recorded."""
    known = (job.finished_at, job.missing_since, job.created_at)
    return next((at for at in known if at is not None), 0.0)
