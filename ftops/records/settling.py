"""Settle the records against what the providers show, before anything is decided.

    renames -> refresh -> intents

Looks only at the state and the lists, for every record, declared or not, suspended or not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct, field

from ftops.model.job import Job
from ftops.model.observation import Observation
from ftops.model.state import ArchivedRecord, Intent, Record, RecordedJob, State
from ftops.model.value import replace
from ftops.records.desired import DesiredSet
from ftops.records.intents import Doubt, absent, adopt_intent, resolve_intent, with_alterations
from ftops.records.matching import LiveJobs
from ftops.records.recorded import record_of_stamped
from ftops.records.renaming import follow_renames, take_over_removed

_Doubted = tuple[Doubt, tuple[str, ...]]


class Settled(Struct, frozen=True):
    """The records as they really are.

    `open_intents` has the doubt of each intent that could not be resolved, with the jobs that it could
    be; `adopted` the names whose intent found its job; `renamed` new name -> old name, as declared, and
    `taken_over` where nobody said so; `at_former` the names whose provider goes by another name now, with the
    old one.
    """

    state: State
    open_intents: Mapping[str, tuple[Doubt, tuple[str, ...]]]
    adopted: frozenset[str]
    renamed: Mapping[str, str]
    taken_over: Mapping[str, str] = field(default_factory=dict)
    newly_missing: int = 0
    known_active: int = 0
    at_former: Mapping[str, str] = field(default_factory=dict)


def settle(
    state: State, desired: DesiredSet, observations: Mapping[str, Observation], now: float
) -> tuple[Settled, LiveJobs]:
    """Follow renames, take over what the lists say of recorded jobs, and resolve every intent.

    The jobs come back as seen from the settled state: what an intent became is not unrecorded any more.
    """
    state, renamed = follow_renames(state, desired.fine_tunes)
    state, taken = take_over_removed(state, desired)
    live = LiveJobs(observations, state)
    records = {name: _refreshed(record, live, now) for name, record in state.fine_tunes.items()}
    archive = {name: _refreshed_archive(entry, live, now) for name, entry in state.archive.items()}
    before, after = _watched(state.fine_tunes.values()), _watched(records.values())
    verdicts = {
        name: resolve_intent(record.intent, live, state, now)
        for name, record in records.items()
        if record.intent is not None and record.intent.provider in observations
    }
    open_intents, adopted = _resolved(records, verdicts, live)
    settled = replace(state, fine_tunes=records, archive=archive)
    # What is recorded has changed only by what intents became.
    later = LiveJobs(observations, settled) if adopted else live
    before_stamped = settled
    settled = _with_stamped(settled, desired, later)
    if settled is not before_stamped:
        later = LiveJobs(observations, settled)
    for provider in _without_marks(settled, later.observations):
        settled = settled.with_unmarked(provider, now)
    result = Settled(
        state=settled,
        open_intents=open_intents,
        adopted=frozenset(adopted),
        renamed=renamed,
        taken_over=taken,
        newly_missing=len([key for key in before if key in after and after[key] and not before[key]]),
        known_active=len(before),
    )
    later.judged |= live.judged
    return result, later


def _resolved(
    records: dict[str, Record], verdicts: Mapping[str, Job | Intent | _Doubted], live: LiveJobs
) -> tuple[dict[str, _Doubted], set[str]]:
    """Write into the records what became of each intent; return those still open, and the names adopted.

    Two intents that claim one job stay open: nobody can say whose it is.
    """
    open_intents: dict[str, _Doubted] = {}
    adopted: set[str] = set()
    claims = Counter(verdict.id for verdict in verdicts.values() if isinstance(verdict, Job))
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
            records[name] = replace(records[name], intent=absent(records[name].intent, live, verdict))
    return open_intents, adopted


def _refreshed(record: Record, live: LiveJobs, now: float) -> Record:
    job = _seen(record.job, live, now) if record.job else None
    history = tuple(_seen(old, live, now) for old in record.history) if record.history else ()
    if job is record.job and history == record.history:
        return record
    return replace(record, job=job, history=history)


def _refreshed_archive(entry: ArchivedRecord, live: LiveJobs, now: float) -> ArchivedRecord:
    return replace(entry, jobs=tuple(_seen(job, live, now) for job in entry.jobs)) if entry.jobs else entry


def _seen(recorded: RecordedJob, live: LiveJobs, now: float) -> RecordedJob:
    """Take over the provider's view. Success is for ever: a thinner list never takes a model away."""
    job = live.get(recorded.provider, recorded.id)
    if job is not None:
        return with_alterations(recorded.seen_as(job), job)
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


def _with_stamped(state: State, desired: DesiredSet, live: LiveJobs) -> State:
    """Adopt what a restored state has forgotten: a running job of this lineage and name, whatever it trains.

    Only where the name has no job that runs or serves as declared: the table goes on from there, and
    replaces it if another training is declared by now.
    """
    if not live.any_marked:
        return state
    known = nonces(state)
    for name, fine_tune in desired.comparable.items():
        record, archived = state.fine_tunes.get(name), state.archive.get(name)
        wanted = desired.fingerprint(name)
        stamped = [
            (job, job.stamp)
            for job in live.stamped(fine_tune.provider, name)
            if job.stamp and job.stamp.lineage == state.lineage and job.status.active
        ]
        unknown = [(job, stamp) for job, stamp in stamped if stamp.nonce not in known]
        # What trains as declared is adopted by the table, which says so; unless it is to be stopped.
        fits = any(s.fingerprint == wanted for _, s in unknown)
        if not unknown or not _free(record, wanted) or (fits and wanted not in state.cancelled_by_hand(name)):
            continue
        state = state.with_record(name, record_of_stamped(record, archived, unknown[-1][0]))
        state = replace(state, archive={key: entry for key, entry in state.archive.items() if key != name})
    return state


def nonces(state: State) -> frozenset[str]:
    """Return every nonce that the state knows: of jobs, of creates in doubt, of those that were given up."""
    found: set[str] = set()
    for record in state.fine_tunes.values():
        found.update(record.spent_nonces, (job.nonce for job in record.jobs if job.nonce))
        if record.intent is not None:
            found.add(record.intent.nonce)
    for entry in state.archive.values():
        found.update(entry.spent_nonces, (job.nonce for job in entry.jobs if job.nonce))
    return frozenset(found)


def _free(record: Record | None, wanted: str) -> bool:
    """Return whether a name has neither a job that runs, nor one for what is declared, nor one in doubt."""
    if record is None:
        return True
    if record.intent is not None and not record.intent.lapsed:
        return False
    job = record.job
    return job is None or not (job.status.active or record.fingerprint == wanted)


def _without_marks(state: State, observations: Mapping[str, Observation]) -> Iterator[str]:
    """Yield the providers where a job that was sent with a mark was looked at, and shows none."""
    looked_at = any(seen.retrieved for seen in observations.values())
    for job in (job for record in state.fine_tunes.values() for job in record.jobs) if looked_at else ():
        seen = observations.get(job.provider)
        if job.nonce is None or job.request is None or seen is None or job.id not in seen.retrieved:
            continue
        shown = next((one for one in seen.jobs if one.id == job.id), None)
        can = seen.provider.capabilities
        if shown is not None and shown.stamp is None and can.stamps and can.mark_retrieved:
            yield job.provider
