"""Settle the records against what the providers show, before anything is decided.

    renames -> refresh -> intents

Looks only at the state and the lists, for every record, declared or not, suspended or not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from msgspec import Struct, field

from ftops.model.job import Job, JobStatus
from ftops.model.observation import Observation
from ftops.model.state import ArchivedRecord, Intent, Record, RecordedJob, State
from ftops.model.value import replace
from ftops.records.desired import DesiredSet
from ftops.records.intents import (
    Doubt,
    Verdict,
    absent,
    adopt_intent,
    resolve_intent,
    with_alterations,
)
from ftops.records.matching import LiveJobs
from ftops.records.progress import with_progress
from ftops.records.recorded import record_of_stamped
from ftops.records.renaming import follow_renames, take_over_removed
from ftops.records.repeating import judged_again, repeatable

_Doubted = tuple[Doubt, tuple[str, ...]]


class Settled(Struct, frozen=True):
    """The records as they really are.

    `open_intents` has the doubt of each intent that could not be resolved, with the jobs that it could
    be; `adopted` the names whose intent found its job; `renamed` new name -> old name, as declared, and
    `taken_over` where nobody said so; `at_former` the names whose provider goes by another name now, with the
    old one. `newly_missing` are the jobs that a list lacks for the first time, but for those at providers
    that have lost their memory: `forgotten` has the lost session and the number of these, by provider.
    """

    state: State
    open_intents: Mapping[str, tuple[Doubt, tuple[str, ...]]]
    adopted: frozenset[str]
    renamed: Mapping[str, str]
    taken_over: Mapping[str, str] = field(default_factory=dict)
    newly_missing: int = 0
    known_active: int = 0
    at_former: Mapping[str, str] = field(default_factory=dict)
    forgotten: Mapping[str, tuple[str, int]] = field(default_factory=dict)


def settle(
    state: State, desired: DesiredSet, observations: Mapping[str, Observation], now: float
) -> tuple[Settled, LiveJobs]:
    """Follow renames, take over what the lists say of recorded jobs, and resolve every intent.

    The jobs come back as seen from the settled state: what an intent became is not unrecorded any more.
    """
    state, renamed = follow_renames(state, desired.fine_tunes)
    state, taken = take_over_removed(state, desired)
    live, lost = LiveJobs(observations, state), _lost_sessions(state, observations)
    seen = _seen_state(state, live, now)
    seen = with_progress(state, seen, desired.fine_tunes, observations, now)
    known, missing = _watched(state), _watched(seen)
    gone = [key for key, before in known.items() if missing.get(key) and not before]
    intents = _resolved(seen, desired, live, now)
    settled = replace(seen, fine_tunes=intents.records)
    # What ended meanwhile, or a name whose create never arrived, may now be taken over, or take over.
    settled, late = take_over_removed(settled, desired)
    intents, taken = intents.renamed({old: new for new, old in late.items()}), {**taken, **late}
    # What is recorded has changed only by what intents became.
    later = LiveJobs(observations, settled) if intents.adopted else live
    stamped = _with_stamped(settled, desired, later)
    if stamped is not settled:
        settled, later = stamped, LiveJobs(observations, stamped)
    for provider in _without_marks(settled, later.observations):
        settled = settled.with_unmarked(provider, now)
    result = Settled(
        state=settled,
        open_intents=intents.open,
        adopted=frozenset(intents.adopted),
        renamed=renamed,
        taken_over=taken,
        newly_missing=sum(1 for provider, _ in gone if provider not in lost),
        known_active=len(known),
        forgotten={name: (lost[name], sum(1 for key in gone if key[0] == name)) for name in sorted(lost)},
    )
    later.judged |= live.judged
    return result, later


def _seen_state(state: State, live: LiveJobs, now: float) -> State:
    """Take over what the lists say of recorded jobs, and which session they are of."""
    for provider, seen in live.observations.items():
        if seen.complete and seen.session is not None and seen.session != state.session(provider):
            state = state.with_session(provider, seen.session)
    records = {name: _refreshed(record, live, now) for name, record in state.fine_tunes.items()}
    archive = {name: _refreshed_archive(entry, live, now) for name, entry in state.archive.items()}
    return replace(state, fine_tunes=records, archive=archive)


class _Intents(Struct, frozen=True):
    """The records, and what each intent became: `open` in doubt, `adopted`."""

    records: Mapping[str, Record]
    open: Mapping[str, _Doubted]
    adopted: frozenset[str]

    def renamed(self, names: Mapping[str, str]) -> _Intents:
        """Return these with records under other names: old name -> new name."""
        return replace(
            self,
            open={names.get(name, name): doubt for name, doubt in self.open.items()},
            adopted=frozenset(names.get(name, name) for name in self.adopted),
        )


def _listed_intents(state: State, live: LiveJobs) -> Iterator[tuple[str, Intent]]:
    """Yield each intent whose provider was asked."""
    for name, record in state.fine_tunes.items():
        if record.intent is not None and record.intent.provider in live.observations:
            yield name, record.intent


def _wanted(name: str, desired: DesiredSet, state: State) -> str | None:
    """Return what is to be trained under a name, None where nothing is, or nothing may be."""
    wanted = desired.fingerprint(name) if name in desired.comparable else None
    return None if wanted in state.cancelled_by_hand(name) else wanted


def _lost_sessions(state: State, observations: Mapping[str, Observation]) -> dict[str, str]:
    """Return the last sessions of the providers whose list is of another one: they forgot all jobs."""
    lost: dict[str, str] = {}
    for name, seen in observations.items():
        known = state.session(name)
        if seen.complete and known is not None and seen.session not in (None, known):
            lost[name] = known
    return lost


def _resolved(state: State, desired: DesiredSet, live: LiveJobs, now: float) -> _Intents:
    """Look for the job of each intent whose provider was asked.

    Two intents that claim one job stay open: nobody can say whose it is.
    """
    records, open_intents, adopted = dict(state.fine_tunes), dict[str, _Doubted](), set[str]()
    verdicts: dict[str, Verdict] = {}
    for name, intent in _listed_intents(state, live):
        session, wanted = live.observations[intent.provider].session, _wanted(name, desired, state)
        again = judged_again(name, intent, session, wanted)
        records[name] = replace(records[name], intent=again)
        repeats = repeatable(name, again, session, wanted)
        verdicts[name] = resolve_intent(again, live, state, now, repeats=repeats)
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
    return _Intents(records, open_intents, frozenset(adopted))


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
        return _with_end(recorded, with_alterations(recorded.seen_as(job), job), now)
    observation = live.observations.get(recorded.provider)
    gone = observation is not None and observation.complete and recorded.id in observation.gone
    missing = recorded.status.active and gone
    if missing and recorded.missing_since is None:
        return replace(recorded, missing_since=now)
    return recorded


def _with_end(before: RecordedJob, job: RecordedJob, now: float) -> RecordedJob:
    """Note when a bad end was first seen, if the provider does not date it: a retry waits from then."""
    bad = job.status in (JobStatus.FAILED, JobStatus.CANCELLED)
    if not bad or not before.status.active or job.finished_at is not None:
        return job
    return replace(job, finished_at=now)


def _watched(state: State) -> dict[tuple[str, str], bool]:
    """Map each current job that was active when last seen to whether it is missing."""
    return {
        (record.job.provider, record.job.id): record.job.missing_since is not None
        for record in state.fine_tunes.values()
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
