"""What a tag means: the whole mark of the create that was sent with it, as the state remembers it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ftops.model.job import Job, Stamp
from ftops.model.observation import Observation
from ftops.model.state import ArchivedRecord, Record, State
from ftops.model.value import replace

UNKNOWN_FINGERPRINT = f"f1:{'0' * 64}"
"""For a create that was given up: its nonce is remembered, and not what it was to train."""


def with_marks(observations: Mapping[str, Observation], state: State) -> Mapping[str, Observation]:
    """Give each tagged job the mark that its tag stands for; a tag that the state does not know is none."""
    tagging = {name: seen for name, seen in observations.items() if seen.provider.capabilities.tags}
    if not any(job.tag for seen in tagging.values() for job in seen.jobs):
        return observations
    marked = {name: replace(seen, jobs=jobs_with_marks(seen.jobs, state)) for name, seen in tagging.items()}
    return {**observations, **marked}


def jobs_with_marks(jobs: Iterable[Job], state: State) -> tuple[Job, ...]:
    """Do the same with the jobs of one provider."""
    known = {stamp.tag: stamp for stamp in _stamps(state)}
    return tuple(_known(job, known) for job in jobs)


def marked_as(job: Job, stamp: Stamp | None) -> Job:
    """Return the reply to a create with the mark that was sent, where its tag is the one that was sent."""
    ours = stamp is not None and job.stamp is None and job.tag == stamp.tag
    return replace(job, stamp=stamp) if ours else job


def _known(job: Job, known: Mapping[str, Stamp]) -> Job:
    stamp = known.get(job.tag) if job.tag and job.stamp is None else None
    return replace(job, stamp=stamp) if stamp else job


def _stamps(state: State) -> Iterator[Stamp]:
    for name, archived in state.archive.items():
        yield from _made(state, name, archived)
    for name, record in state.fine_tunes.items():
        yield from _made(state, name, record)
        intent = record.intent
        if intent is not None:
            numbers = (intent.generation, intent.attempt)
            yield Stamp(state.project, state.lineage, name, intent.fingerprint, *numbers, intent.nonce)


def _made(state: State, name: str, kept: Record | ArchivedRecord) -> Iterator[Stamp]:
    for nonce in kept.spent_nonces:
        yield Stamp(state.project, state.lineage, name, UNKNOWN_FINGERPRINT, kept.generation, 1, nonce)
    for job in kept.jobs:
        if job.nonce is not None:
            numbers = (job.generation, job.attempt)
            yield Stamp(state.project, state.lineage, name, job.fingerprint, *numbers, job.nonce)
