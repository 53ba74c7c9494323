"""What a running job has cost up to now, as a plan puts it: its age and its trained tokens."""

from __future__ import annotations

from ftops.model.duration import duration
from ftops.model.job import Job
from ftops.model.state import RecordedJob


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
