"""What the providers show, as one run sees it: every list, and a second look at what a list lacks."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from ftops.applier.context import Clock
from ftops.applier.looking import look_again
from ftops.errors import NotFound, ProviderError
from ftops.model.job import Job, UploadedFile
from ftops.model.observation import Observation
from ftops.model.state import State
from ftops.planner.planner import Doubts
from ftops.providers.provider import Provider


def observe(providers: Mapping[str, Provider], state: State, clock: Clock) -> Mapping[str, Observation]:
    """List every provider, all at once. Raises ProviderError when one cannot be listed at all."""
    with ThreadPoolExecutor(max_workers=max(1, len(providers))) as pool:
        seen = pool.map(lambda provider: _listed(provider, state, clock), providers.values())
        return {observation.provider.name: observation for observation in seen}


def look_closer(
    providers: Mapping[str, Provider], seen: Mapping[str, Observation], doubts: Doubts
) -> Mapping[str, Observation]:
    """Look at what a plan could not tell from the lists: single jobs, and whose files are whose."""
    closer = dict(seen)
    for name in sorted(doubts.files):
        closer[name] = replace(closer[name], files=_files(providers[name]))
    for name in sorted({provider for provider, _ in doubts.jobs}):
        job_ids = [job_id for provider, job_id in doubts.jobs if provider == name]
        closer[name] = look_again(providers[name], closer[name], job_ids)
    return closer


def _files(provider: Provider) -> tuple[UploadedFile, ...]:
    """List the uploads; where that fails, apply asks again before it creates anything."""
    try:
        return provider.list_files()
    except ProviderError:
        return ()


def _listed(provider: Provider, state: State, clock: Clock) -> Observation:
    started = clock.now()
    listed = provider.list_fine_tunes()
    jobs = {job.id: job for job in listed.jobs}
    gone: set[str] = set()
    looked: set[str] = set()
    for job_id in _watched(state, provider.facts.name) - jobs.keys():
        found = _retrieved(provider, job_id)
        if found is None:
            gone.add(job_id)
        else:
            jobs[job_id] = found
            looked.add(job_id)
    return Observation(
        provider.facts,
        tuple(jobs.values()),
        listed.complete,
        listed.problem,
        (started,) if listed.complete else (),
        frozenset(gone),
        frozenset(looked),
        hint=listed.hint,
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
