"""What the providers show, as one run sees it: every list, and a second look at what a list lacks."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from ftops.applier.context import Clock
from ftops.applier.looking import look_again, with_outcome
from ftops.errors import FtopsError, NotFound, ProviderError, Refused
from ftops.model.job import Job, JobEvent, JobStatus, UploadedFile
from ftops.model.model_dates import ModelDates
from ftops.model.observation import Observation, ProviderFacts
from ftops.model.planning import Doubts
from ftops.model.request import JobRequest
from ftops.model.spending import Amount
from ftops.model.state import RecordedJob, State
from ftops.model.value import replace
from ftops.providers.provider import Dated, Estimating, Provider
from ftops.records.matching import MOST_LOOKS
from ftops.transport.deadline import ending_by

DATES_SECONDS = 5.0
"""How long a plan waits for dates, or for one estimate: it can do without, and tables stand in for them."""

MOST_ASKED_AT_ONCE = 8
"""Jobs of one provider whose events are asked for side by side."""


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
    """Look at what a plan could not see in the lists: jobs, files, when models end, what creates cost."""
    closer = dict(seen)
    for name in sorted(doubts.files):
        closer[name] = replace(closer[name], files=_files(providers[name]))
    for name in sorted({provider for provider, _ in doubts.jobs}):
        job_ids = [job_id for provider, job_id in doubts.jobs if provider == name]
        closer[name] = look_again(providers[name], closer[name], job_ids)
    for name in sorted(doubts.dates & closer.keys()):
        closer[name] = replace(closer[name], model_dates=model_dates(providers[name]))
    for name in sorted(doubts.costs.keys() & closer.keys()):
        told = estimates(providers[name], doubts.costs[name])
        closer[name] = replace(closer[name], estimates=told)
    for name in sorted({provider for provider, _ in doubts.events} & closer.keys()):
        known = {job_id: event for (provider, job_id), event in doubts.events.items() if provider == name}
        heard = {**closer[name].events, **newest_events(providers[name], known)}
        closer[name] = replace(closer[name], events=heard)
    return closer


def newest_events(
    provider: Provider, known: Mapping[str, str | None], seconds: float = DATES_SECONDS
) -> Mapping[str, JobEvent | None]:
    """Return the newest event of each job that is not the known one; None where there is none, or no answer.

    Each is asked once, briefly: a job whose events cannot be had is judged by what its list shows.
    """

    def newest(job_id: str) -> JobEvent | None:
        try:
            with ending_by(time.monotonic() + seconds):
                return [None, *provider.list_fine_tune_events(job_id, since=known[job_id])][-1]
        except FtopsError:
            return None

    asked = sorted(known)
    with ThreadPoolExecutor(max_workers=MOST_ASKED_AT_ONCE) as pool:
        return dict(zip(asked, pool.map(newest, asked), strict=True))


def model_dates(provider: Provider, seconds: float = DATES_SECONDS) -> Mapping[str, ModelDates]:
    """Ask when models end, briefly; where that fails, the table of announced ends has to do."""
    try:
        with ending_by(time.monotonic() + seconds):
            return provider.model_dates() if isinstance(provider, Dated) else {}
    except FtopsError:
        return {}


def estimates(
    provider: Provider, requests: Mapping[str, JobRequest], seconds: float = DATES_SECONDS
) -> Mapping[str, Amount]:
    """Ask what creates would cost, each briefly. After one failure nothing more is asked: ours has to do."""
    found: dict[str, Amount] = {}
    if not isinstance(provider, Estimating):
        return found
    try:
        for name, request in requests.items():
            with ending_by(time.monotonic() + seconds):
                told = provider.estimate(request)
            if told is not None:
                found[name] = told
    except FtopsError:
        pass
    return found


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
    jobs |= _outcomes(provider, state, jobs)
    return Observation(
        provider.facts,
        tuple(jobs.values()),
        problem is None,
        problem,
        () if problem else (started,),
        frozenset(gone),
        frozenset(looked),
        hint=listed.hint,
        session=listed.session,
    )


def _outcomes(provider: Provider, state: State, jobs: Mapping[str, Job]) -> dict[str, Job]:
    """Return how the jobs have ended that nobody has looked at since; what is recorded is not asked for."""
    if provider.facts.capabilities.outcome_listed:
        return {}
    awaited = _watched(state, provider.facts.name) | _untold(state, provider.facts.name, jobs)
    return {job_id: with_outcome(provider, jobs[job_id]) for job_id in sorted(awaited & jobs.keys())}


def _untold(state: State, provider: str, jobs: Mapping[str, Job]) -> set[str]:
    """Return the jobs whose success is recorded without a model, and those of ours that are in no record."""
    recorded = [job for record in state.fine_tunes.values() for job in record.jobs]
    recorded += [job for entry in state.archive.values() for job in entry.jobs]
    recorded = [job for job in recorded if job.provider == provider]
    lacking = {job.id for job in recorded if job.fine_tuned_model is None and _may_have_made_one(job)}
    known = {job.id for job in recorded}
    nonces = {record.intent.nonce for record in state.fine_tunes.values() if record.intent is not None}
    ours = [
        job.id
        for job in jobs.values()
        if job.stamp is not None and job.stamp.project == state.project and job.id not in known
        if job.status is JobStatus.SUCCEEDED or job.stamp.nonce in nonces
    ]
    return lacking | set(ours[:MOST_LOOKS])


def _may_have_made_one(job: RecordedJob) -> bool:
    return job.status is JobStatus.SUCCEEDED or (job.detached and job.status.active)


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
