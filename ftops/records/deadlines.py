"""How long a job has taken, against how long its declaration lets it take. Pure."""

from __future__ import annotations

from ftops.model.duration import duration, span
from ftops.model.finetune import Lifecycle
from ftops.model.state import RecordedJob


def over_deadline(job: RecordedJob, lifecycle: Lifecycle, now: float) -> str | None:
    """Say for how long a job has been active where that is longer than its deadline; else None.

    It counts from the later of two instants: its creation, as the provider tells it, and when it was bought.
    A provider that tells a time long gone (0, say) would else have a new job cancelled. A job of which
    neither is known has no age.
    """
    if lifecycle.deadline is None or not job.status.active:
        return None
    told = (job.created_at, job.purchase.at if job.purchase else None)
    began = max((at for at in told if at is not None), default=now)
    if now - began <= span(lifecycle.deadline):
        return None
    return f"overdue: running for {duration(now - began)}, deadline {written(lifecycle.deadline)}"


def written(text: str) -> str:
    """Write a span as durations are written."""
    return duration(span(text))
