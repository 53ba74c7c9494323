"""DESIGN 5.1: settle the records against what the providers show, before anything is decided.

    renames -> refresh -> intents

Looks only at the state and the lists, for every record, declared or not, suspended or not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from ftops.model.finetune import FineTune
from ftops.model.job import Job
from ftops.model.observation import Observation
from ftops.model.state import ArchivedRecord, Intent, Record, RecordedJob, State
from ftops.planner.matching import LiveJobs


class Doubt(StrEnum):
    """Why an intent is still open."""

    SETTLING = "settling"
    AMBIGUOUS = "ambiguous"


@dataclass(frozen=True, slots=True)
class Settled:
    """The records as they really stand.

    `open_intents` gives the doubt of each intent that could not be resolved, with the jobs that it could
    be; `adopted` the names whose intent found its job; `renamed` new name -> old name.
    """

    state: State
    open_intents: Mapping[str, tuple[Doubt, tuple[str, ...]]]
    adopted: frozenset[str]
    renamed: Mapping[str, str]
    newly_missing: int = 0
    known_active: int = 0


def settle(
    state: State, fine_tunes: Mapping[str, FineTune], observations: Mapping[str, Observation], now: float
) -> Settled:
    """Follow renames, take over what the lists say of recorded jobs, and resolve every intent."""
    state, renamed = follow_renames(state, fine_tunes)
    live = LiveJobs(observations, state)
    records = {name: _refreshed(record, live, now) for name, record in state.fine_tunes.items()}
    archive = {name: _refreshed_archive(entry, live, now) for name, entry in state.archive.items()}
    before, after = _watched(state.fine_tunes.values()), _watched(records.values())
    verdicts = {
        name: resolve_intent(record.intent, live, now)
        for name, record in records.items()
        if record.intent is not None and record.intent.provider in observations
    }
    claims: defaultdict[str, int] = defaultdict(int)
    for verdict in verdicts.values():
        if isinstance(verdict, Job):
            claims[verdict.id] += 1
    open_intents: dict[str, tuple[Doubt, tuple[str, ...]]] = {}
    adopted: set[str] = set()
    for name, verdict in verdicts.items():
        if isinstance(verdict, Job) and claims[verdict.id] == 1:
            records[name] = adopt_intent(records[name], verdict)
            adopted.add(name)
        elif isinstance(verdict, Job):
            open_intents[name] = (Doubt.AMBIGUOUS, (verdict.id,))
        elif isinstance(verdict, Intent):
            records[name] = replace(records[name], intent=verdict)
        else:
            open_intents[name] = verdict
    return Settled(
        state=replace(state, fine_tunes=records, archive=archive),
        open_intents=open_intents,
        adopted=frozenset(adopted),
        renamed=renamed,
        newly_missing=len([key for key in before if key in after and after[key] and not before[key]]),
        known_active=len(before),
    )


def resolve_intent(
    intent: Intent, live: LiveJobs, now: float
) -> Job | Intent | tuple[Doubt, tuple[str, ...]]:
    """Find the job that an intent became: the job; the intent, lapsed, if it never arrived; else the doubt.

    Also the look-up after an ambiguous create, which therefore follows the same rules.
    """
    observation = live.observations[intent.provider]
    found = _candidates(intent, live)
    if len(found) > 1 or (not found and not observation.complete and not intent.lapsed):
        return Doubt.AMBIGUOUS, tuple(job.id for job in found)
    if found:
        return found[0]
    if intent.lapsed:
        return intent
    settled_at = intent.not_after + observation.provider.settle
    lists_after = sum(1 for started in observation.listed_at if started > settled_at)
    if now > settled_at and lists_after >= LISTS_TO_LAPSE:
        return replace(intent, lapsed=True)
    return Doubt.SETTLING, ()


LISTS_TO_LAPSE = 2
"""Complete lists, started after the settle time, that must lack a job before its create counts as lost."""


def needs_second_list(state: State, observation: Observation) -> bool:
    """Tell whether one more complete list could prove that an intent never arrived."""
    settle_time = observation.provider.settle
    return any(
        record.intent is not None
        and record.intent.provider == observation.provider.name
        and not record.intent.lapsed
        and any(started > record.intent.not_after + settle_time for started in observation.listed_at)
        for record in state.fine_tunes.values()
    )


def adopt_intent(record: Record, job: Job) -> Record:
    """Record the job that the intent became, under the intent's fingerprint, generation and attempt."""
    intent = record.intent
    if intent is None:
        raise ValueError("there is no intent to adopt a job for")
    made = RecordedJob(
        id=job.id,
        provider=intent.provider,
        fingerprint=intent.fingerprint,
        generation=intent.generation,
        attempt=intent.attempt,
        nonce=intent.nonce,
        status=job.status,
    ).seen_as(job)
    return replace(
        record,
        provider=intent.provider,
        fingerprint=intent.fingerprint,
        fingerprint_version=intent.fingerprint_version,
        spec=intent.spec,
        generation=max(record.generation, intent.generation),
        attempt=intent.attempt,
        intent=None,
        rejected=None,
        job=made,
        history=record.jobs,
    )


def follow_renames(state: State, fine_tunes: Mapping[str, FineTune]) -> tuple[State, dict[str, str]]:
    """Move the record of `renamed_from` to the new name. Neither name's generation ever falls."""
    renamed: dict[str, str] = {}
    for name, fine_tune in sorted(fine_tunes.items()):
        old = fine_tune.lifecycle.renamed_from
        if old is None or name in state.fine_tunes or old not in state.fine_tunes or old in fine_tunes:
            continue
        state = moved(state, old, name)
        renamed[name] = old
    return state, renamed


def moved(state: State, old: str, new: str) -> State:
    """Give a record another name, which has none. What is left behind keeps the generation from falling."""
    records, archive = dict(state.fine_tunes), dict(state.archive)
    record = records.pop(old)
    earlier = archive.pop(new, None)
    if earlier is not None:
        record = with_archive(renumbered(record, earlier.generation), earlier)
    records[new] = record
    left = archive.get(old, ArchivedRecord(0))
    archive[old] = replace(left, generation=max(record.generation, left.generation))
    return replace(state, fine_tunes=records, archive=archive)


def renumbered(record: Record, after: int) -> Record:
    """Count a record's generations on from a number: those up to it are spent under its new name.

    Else a retry, or a create that never arrived, would use a number a second time.
    """

    def later(job: RecordedJob) -> RecordedJob:
        return replace(job, generation=job.generation + after)

    intent = record.intent
    return replace(
        record,
        generation=record.generation + after,
        intent=replace(intent, generation=intent.generation + after) if intent else None,
        job=later(record.job) if record.job else None,
        history=tuple(later(job) for job in record.history),
    )


def with_archive(record: Record, archived: ArchivedRecord) -> Record:
    """Join to a record what an earlier record of the same name has left behind."""
    return replace(
        record,
        generation=max(record.generation, archived.generation),
        history=(*record.history, *archived.jobs),
        spent_nonces=(*record.spent_nonces, *archived.spent_nonces),
    )


def _candidates(intent: Intent, live: LiveJobs) -> list[Job]:
    if live.observations[intent.provider].provider.capabilities.stamps:
        return live.with_nonce(intent.provider, intent.nonce)
    if intent.lapsed:
        return []
    return [job for job in live.plausible(intent.provider, intent.known) if job.id not in intent.lookalikes]


def _refreshed(record: Record, live: LiveJobs, now: float) -> Record:
    job = _seen(record.job, live, now) if record.job else None
    history = tuple(_seen(old, live, now) for old in record.history)
    if job == record.job and history == record.history:
        return record
    return replace(record, job=job, history=history)


def _refreshed_archive(entry: ArchivedRecord, live: LiveJobs, now: float) -> ArchivedRecord:
    return replace(entry, jobs=tuple(_seen(job, live, now) for job in entry.jobs)) if entry.jobs else entry


def _seen(recorded: RecordedJob, live: LiveJobs, now: float) -> RecordedJob:
    """Take over the provider's view. Success is for ever: a thinner list never takes a model away."""
    job = live.get(recorded.provider, recorded.id)
    if job is not None:
        return recorded.seen_as(job)
    observation = live.observations.get(recorded.provider)
    gone = observation is not None and observation.complete and recorded.id in observation.gone
    missing = recorded.status.active and gone
    if missing and recorded.missing_since is None:
        return replace(recorded, missing_since=now)
    return recorded


def _watched(records: Iterable[Record]) -> dict[tuple[str, str], bool]:
    """Map each current job that was active when last seen to whether it is missing."""
    return {
        (record.job.provider, record.job.id): record.job.missing_since is not None
        for record in records
        if record.job is not None and record.job.status.active
    }
