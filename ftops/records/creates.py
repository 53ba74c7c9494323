"""How many jobs this project has created in a day, from the records alone: a restart loses nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ftops.model.calendar import Span
from ftops.model.state import RecordedJob, State


def creates_in(day: Span, state: State) -> Counter[str]:
    """Count by provider, with what is under way or in doubt. A create counts in the day of its plan.

    Jobs that ftops found or imported were created by others. A create that certainly made no job is none.
    """
    made = {(job.provider, job.id) for job in _jobs(state) if (at := _created(job)) is not None and at in day}
    counted = Counter(provider for provider, _ in made)
    for record in state.fine_tunes.values():
        intent = record.intent
        if intent is not None and not intent.lapsed:
            at = intent.purchase.at if intent.purchase else None
            counted[intent.provider] += (intent.created_at if at is None else at) in day
    return counted


def last_create(state: State) -> dict[str, float]:
    """Return when the newest job of this project was created, by provider."""
    found: dict[str, float] = {}
    for job in _jobs(state):
        if (at := _created(job)) is not None:
            found[job.provider] = max(at, found.get(job.provider, at))
    return found


def _jobs(state: State) -> Iterator[RecordedJob]:
    for record in state.fine_tunes.values():
        yield from record.jobs
    for entry in state.archive.values():
        yield from entry.jobs


def _created(job: RecordedJob) -> float | None:
    """Return when a job of ours was created: as its plan says, else as its provider does."""
    if job.purchase is not None and job.purchase.at is not None:
        return job.purchase.at
    return job.created_at if job.nonce is not None else None
