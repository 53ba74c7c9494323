"""What the providers show, as one run sees it: every list, and a second look at what a list lacks."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from ftops.applier.context import Clock
from ftops.errors import NotFound
from ftops.model.job import Job
from ftops.model.observation import Observation
from ftops.model.state import State
from ftops.planner.settling import needs_second_list
from ftops.providers.provider import Provider


def observe(providers: Mapping[str, Provider], state: State, clock: Clock) -> Mapping[str, Observation]:
    """List every provider, all at once. Raises ProviderError when one cannot be listed at all."""
    with ThreadPoolExecutor(max_workers=max(1, len(providers))) as pool:
        seen = pool.map(lambda provider: _observe(provider, state, clock), providers.values())
        return {observation.provider.name: observation for observation in seen}


def _observe(provider: Provider, state: State, clock: Clock) -> Observation:
    first = _listed(provider, state, clock)
    if not needs_second_list(state, first):
        return first
    second = _listed(provider, state, clock)
    return Observation(
        second.provider,
        second.jobs,
        second.complete,
        second.problem,
        (*first.listed_at, *second.listed_at),
        second.gone,
    )


def _listed(provider: Provider, state: State, clock: Clock) -> Observation:
    started = clock.now()
    listed = provider.list_fine_tunes()
    jobs = {job.id: job for job in listed.jobs}
    gone: set[str] = set()
    for job_id in _watched(state, provider.facts.name) - jobs.keys():
        found = _retrieved(provider, job_id)
        if found is None:
            gone.add(job_id)
        else:
            jobs[job_id] = found
    listed_at = (started,) if listed.complete else ()
    return Observation(
        provider.facts, tuple(jobs.values()), listed.complete, listed.problem, listed_at, frozenset(gone)
    )


def _watched(state: State, provider: str) -> set[str]:
    """Give the recorded jobs that may still run: a list that lacks one of these has to be doubted."""
    recorded = [job for record in state.fine_tunes.values() for job in record.jobs]
    archived = [job for entry in state.archive.values() for job in entry.jobs]
    return {
        job.id
        for job in (*recorded, *archived)
        if job.provider == provider and job.status.active and not job.detached
    }


def _retrieved(provider: Provider, job_id: str) -> Job | None:
    try:
        return provider.retrieve_fine_tune(job_id)
    except NotFound:
        return None
