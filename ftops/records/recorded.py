"""How a live job becomes a recorded one: the one place that reads an identity from a stamp."""

from __future__ import annotations

from ftops.model.job import Job, Stamp
from ftops.model.state import ArchivedRecord, Record, RecordedJob
from ftops.model.value import replace
from ftops.records.renaming import with_archive


def from_stamp(job: Job) -> RecordedJob:
    """Return the job as its stamp says it was made. Raises ValueError for a job without a stamp."""
    stamp = _stamp(job)
    return RecordedJob(
        id=job.id,
        provider=job.provider,
        fingerprint=stamp.fingerprint,
        generation=stamp.generation,
        attempt=stamp.attempt,
        nonce=stamp.nonce,
        status=job.status,
    ).seen_as(job)


def record_of_stamped(record: Record | None, archived: ArchivedRecord | None, job: Job) -> Record:
    """Return the name's record with a stamped job as its current one; its spec is not known in full."""
    stamp = _stamp(job)
    made = from_stamp(job)
    if record is None:
        found = Record(
            provider=job.provider,
            fingerprint=stamp.fingerprint,
            generation=stamp.generation,
            attempt=stamp.attempt,
            spec={},
            job=made,
        )
        return with_archive(found, archived) if archived else found
    newer = stamp.generation > record.generation
    return replace(
        record,
        provider=job.provider,
        fingerprint=stamp.fingerprint,
        generation=max(record.generation, stamp.generation),
        attempt=stamp.attempt if newer else max(record.attempt, stamp.attempt),
        spec={},
        job=made,
        history=record.jobs,
    )


def _stamp(job: Job) -> Stamp:
    if job.stamp is None:
        raise ValueError(f"job {job.id} carries no stamp")
    return job.stamp
