"""What the providers show, as one run sees it: every list, and a second look at what a list lacks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from ftops.applier.context import Clock
from ftops.applier.looking import look_again
from ftops.errors import FtopsError, NotFound, ProviderError, Refused
from ftops.model.job import Job, JobStatus, UploadedFile
from ftops.model.model_dates import ModelDates
from ftops.model.observation import Observation, ProviderFacts
from ftops.model.planning import Doubts
from ftops.model.state import State
from ftops.model.value import replace
from ftops.providers.provider import Dated, Provider


def observe(
    providers: Mapping[str, Provider], wanted: Iterable[ProviderFacts], state: State, clock: Clock
) -> Mapping[str, Observation]:
    """List these providers, all at once. One that cannot be opened or listed says so, and stops no other.

    Raises Refused where CI may not send a key to its host.
    """
    seen: dict[str, Observation] = {}
    opened: list[Provider] = []
    for facts in wanted:
        try:
            opened.append(providers[facts.name])
        except Refused:
            raise
        except FtopsError as error:
            seen[facts.name] = _unlisted(facts, error)
    with ThreadPoolExecutor(max_workers=max(1, len(opened))) as pool:
        found = pool.map(lambda provider: _observe(provider, state, clock), opened)
        return seen | {observation.provider.name: observation for observation in found}


def look_closer(
    providers: Mapping[str, Provider], seen: Mapping[str, Observation], doubts: Doubts
) -> Mapping[str, Observation]:
    """Look at what a plan could not see in the lists: single jobs, whose files are whose, when models end."""
    closer = dict(seen)
    for name in sorted(doubts.files):
        closer[name] = replace(closer[name], files=_files(providers[name]))
    for name in sorted({provider for provider, _ in doubts.jobs}):
        job_ids = [job_id for provider, job_id in doubts.jobs if provider == name]
        closer[name] = look_again(providers[name], closer[name], job_ids)
    for name in sorted(doubts.dates & closer.keys()):
        closer[name] = replace(closer[name], model_dates=model_dates(providers[name]))
    return closer


def model_dates(provider: Provider) -> Mapping[str, ModelDates]:
    """Ask when models end; where that fails, the table of announced ends has to do."""
    try:
        return provider.model_dates() if isinstance(provider, Dated) else {}
    except FtopsError:
        return {}


def _files(provider: Provider) -> tuple[UploadedFile, ...]:
    """List the uploads; where that fails, apply asks again before it creates anything."""
    try:
        return provider.list_files()
    except ProviderError:
        return ()


def _observe(provider: Provider, state: State, clock: Clock) -> Observation:
    try:
        return _listed(provider, state, clock)
    except ProviderError as error:
        return _unlisted(provider.facts, error)


def _unlisted(facts: ProviderFacts, error: FtopsError) -> Observation:
    """Show nothing, and say why. Whoever prints the message adds its beginning."""
    problem = "; ".join(map(str, error.problems)).removeprefix(f"{facts.name}: ")
    return Observation(facts, complete=False, problem=problem, reached=False)


def _listed(provider: Provider, state: State, clock: Clock) -> Observation:
    started = clock.now()
    listed = provider.list_fine_tunes()
    jobs = {job.id: job for job in listed.jobs}
    gone: set[str] = set()
    looked: set[str] = set()
    problem = None if listed.complete else listed.problem or "its job list is incomplete"
    try:
        for job_id in sorted(_watched(state, provider.facts.name) - jobs.keys()):
            found = _retrieved(provider, job_id)
            if found is None:
                gone.add(job_id)
            else:
                jobs[job_id] = found
                looked.add(job_id)
    except ProviderError as error:
        problem = problem or error.message
    jobs |= _reasons(provider, state, jobs)
    return Observation(
        provider.facts,
        tuple(jobs.values()),
        problem is None,
        problem,
        () if problem else (started,),
        frozenset(gone),
        frozenset(looked),
        hint=listed.hint,
    )


def _reasons(provider: Provider, state: State, jobs: Mapping[str, Job]) -> dict[str, Job]:
    """Return the jobs that have failed since they were recorded with the reason, where a list lacks it.

    What cannot be had now is left: `ftops events` shows it, and nothing else waits for it.
    """
    found: dict[str, Job] = {}
    if provider.facts.capabilities.reason_listed:
        return found
    for job_id in sorted(_watched(state, provider.facts.name) & jobs.keys()):
        if jobs[job_id].status is JobStatus.FAILED:
            with suppress(ProviderError):
                told = provider.retrieve_fine_tune(job_id)
                found[job_id] = replace(jobs[job_id], error=told.error)
    return found


def _watched(state: State, provider: str) -> set[str]:
    """Return the recorded jobs that may still run: a list that lacks one of these has to be doubted."""
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
