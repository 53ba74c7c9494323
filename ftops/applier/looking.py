"""A second look: jobs that a list shows without a mark, one by one, as a retrieve shows them."""

from __future__ import annotations

from collections.abc import Iterable

from ftops.errors import ProviderError
from ftops.model.job import Job
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


def _with_tag(shown: Job, listed: Job) -> Job:
    """Keep the tag that a list shows where a retrieve leaves it out."""
    return shown if shown.tag or not listed.tag else replace(shown, tag=listed.tag, suffix=listed.suffix)
