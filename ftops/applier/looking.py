"""A second look, at single jobs: those that a list shows without a mark, and how one has ended."""

from __future__ import annotations

from collections.abc import Iterable

from ftops.errors import ProviderError
from ftops.model.job import Job, JobStatus
from ftops.model.observation import Observation
from ftops.model.value import replace
from ftops.providers.provider import Provider


def look_again(port: Provider, seen: Observation, job_ids: Iterable[str]) -> Observation:
    """Retrieve these jobs; what cannot be had stays as the list showed it, and in doubt."""
    found: dict[str, Job] = {}
    for job_id in sorted(job_ids):
        try:
            job = port.retrieve_fine_tune(job_id)
        except ProviderError:
            continue
        # A reply about another job says nothing of this one.
        if job.id == job_id:
            found[job_id] = job
    jobs = tuple(_with_tag(found[job.id], job) if job.id in found else job for job in seen.jobs)
    return replace(seen, jobs=jobs, retrieved=seen.retrieved | found.keys())


def with_outcome(port: Provider, job: Job) -> Job:
    """Return a job that has ended with all that a list, or a create's reply, lacks of its end.

    Why one failed and cannot be had now is left: `ftops events` shows it, and nothing else waits for it. A
    success that cannot be looked at is not believed yet.
    """
    succeeded = job.status is JobStatus.SUCCEEDED
    known = succeeded and job.fine_tuned_model is not None
    if port.facts.capabilities.outcome_listed or job.status.active or known:
        return job
    try:
        told = port.retrieve_fine_tune(job.id)
    except ProviderError:
        return replace(job, status=JobStatus.UNKNOWN) if succeeded else job
    return told if succeeded else replace(job, error=told.error, result=told.result)


def _with_tag(shown: Job, listed: Job) -> Job:
    """Keep the tag that a list shows where a retrieve leaves it out."""
    return shown if shown.tag or not listed.tag else replace(shown, tag=listed.tag, suffix=listed.suffix)
