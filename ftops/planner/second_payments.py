"""Which cancels only end a second payment: the job's twin, made by the same create, goes on or has its model.

A limit that counted them would keep both payments running.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ftops.model.change import Change, Reason
from ftops.model.job import JobStatus
from ftops.model.state import State
from ftops.model.steps import Stop, steps_now
from ftops.records.matching import LiveJobs

_Twin = tuple[str, str | None, bool]
"""A job of a name as a twin: its id, its nonce, and whether it runs or has made its model."""


def second_payments(changes: Iterable[Change], state: State, live: LiveJobs) -> frozenset[Stop]:
    """Return the cancels whose job has a twin of the same nonce that this plan does not cancel too."""
    planned = tuple(changes)
    stopped = steps_now(planned).cancels
    return frozenset(
        (change.name, change.stops)
        for change in planned
        if change.reason is Reason.DUPLICATE
        and change.action.effective
        and change.stops
        and _twin_stays(change, stopped, state, live)
    )


def _twin_stays(change: Change, stopped: frozenset[Stop], state: State, live: LiveJobs) -> bool:
    jobs = list(_jobs(change, state, live))
    nonces = {nonce for job_id, nonce, _ in jobs if job_id == change.stops and nonce}
    return any(
        nonce in nonces and stays and job_id != change.stops and (change.name, job_id) not in stopped
        for job_id, nonce, stays in jobs
    )


def _jobs(change: Change, state: State, live: LiveJobs) -> Iterator[_Twin]:
    record, archived = state.fine_tunes.get(change.name), state.archive.get(change.name)
    recorded = (*(record.jobs if record else ()), *(archived.jobs if archived else ()))
    for job in recorded:
        yield job.id, job.nonce, _serves(job.status) and job.missing_since is None
        for twin in live.with_nonce(job.provider, job.nonce) if job.nonce else ():
            yield twin.id, job.nonce, _serves(twin.status)


def _serves(status: JobStatus) -> bool:
    return status.active or status is JobStatus.SUCCEEDED
