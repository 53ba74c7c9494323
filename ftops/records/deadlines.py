"""How long a job has taken, against how long its declaration lets it take. Pure."""

from __future__ import annotations

from ftops.model.duration import duration, span
from ftops.model.finetune import Lifecycle
from ftops.model.state import RecordedJob


def over_deadline(job: RecordedJob, lifecycle: Lifecycle, now: float) -> str | None:
    """Say for how long a job has been active where that is longer than its deadline; else None.

    It counts from its creation at the provider or, where that is not told, from when it was bought. A job
    that says neither has no age.
    """
    if lifecycle.deadline is None or not job.status.active:
        return None
    began = job.created_at
    if began is None and job.purchase is not None:
        began = job.purchase.at
    if began is None or now - began <= span(lifecycle.deadline):
        return None
    return f"overdue: running for {duration(now - began)}, deadline {written(lifecycle.deadline)}"


def written(text: str) -> str:
    """Write a span as durations are written."""
    return duration(span(text))
