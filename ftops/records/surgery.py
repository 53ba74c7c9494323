"""What a person decides where ftops cannot: which job is whose. State only; nothing is sent."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from msgspec import Struct

from ftops.errors import FtopsError, NeedsPerson, UsageError
from ftops.model.change import Change
from ftops.model.finetune import FineTune
from ftops.model.job import Job
from ftops.model.json_value import JSONObject
from ftops.model.nearest import did_you_mean
from ftops.model.provider_memory import RefusedUpload
from ftops.model.state import Intent, Record, RecordedJob, State
from ftops.model.value import replace
from ftops.records.ledger import Ledger
from ftops.records.renaming import moved


class Taken(Struct, frozen=True):
    """A job that becomes the current one of a fine-tune, with what the fine-tune trains."""

    fine_tune: FineTune
    fingerprint: str
    spec: JSONObject
    job: Job


def take_over(state: State, fine_tune: FineTune, change: Change, job: Job) -> State:
    """Make a job the current one of a fine-tune, which trains what this change says."""
    return take_over_all(state, [Taken(fine_tune, change.fingerprint or "", change.spec, job)])


def take_over_all(state: State, every: Iterable[Taken]) -> State:
    """Make each job the current one of its fine-tune: it counts as trained from what is declared now.

    Whoever names the jobs wants them as they are: that is newer than a cancel.
    """
    ledger = Ledger(state)
    names = []
    for taken in every:
        name = taken.fine_tune.name
        names.append(name)
        generation = (ledger.records[name].generation if name in ledger.records else 0) + 1
        recorded = _recorded(taken.job, taken.fingerprint, generation)
        ledger.adopt(name, taken.fine_tune, recorded, taken.fingerprint, taken.spec)
    new = ledger.snapshot()
    records = {name: replace(new.fine_tunes[name], cancelled_by_hand=()) for name in names}
    wanted = {name: _with_accepted(record, record.job.id) for name, record in records.items() if record.job}
    return replace(new, fine_tunes={**new.fine_tunes, **wanted})


def _recorded(job: Job, fingerprint: str, generation: int) -> RecordedJob:
    stamp = job.stamp
    return RecordedJob(
        id=job.id,
        provider=job.provider,
        fingerprint=fingerprint,
        generation=stamp.generation if stamp else generation,
        attempt=stamp.attempt if stamp else 1,
        nonce=stamp.nonce if stamp else None,
        status=job.status,
    ).seen_as(job)


def arrived(state: State, name: str, job: Job) -> State:
    """Make a job the one that the open intent of a name became, whatever is declared by now."""
    ledger = Ledger(state)
    ledger.created(name, job)
    return accepted(ledger.snapshot(), name, job.id)


def in_doubt(state: State, name: str) -> Intent | None:
    """Return the intent of a name that is still open."""
    record = state.fine_tunes.get(name)
    intent = record.intent if record is not None else None
    return intent if intent is not None and not intent.lapsed else None


def never_arrived(state: State, name: str, shown: Iterable[str] = ()) -> State:
    """Give up an open intent, on a person's word that the provider never got it.

    `shown` are the jobs that the person was shown: none of them is its job, whatever it looks like.
    """
    intent = in_doubt(state, name)
    if intent is None:
        raise FtopsError(f"no create of {name} is in doubt", hint="see `ftops plan`")
    record = state.fine_tunes[name]
    known = replace(intent, seen=tuple(sorted({*intent.seen, *shown})), unanswered=False)
    ledger = Ledger(state.with_record(name, replace(record, intent=known)))
    ledger.withdraw(name, None)
    return ledger.snapshot()


def retried(state: State, name: str, data: Iterable[str]) -> State:
    """Let what a provider refused, a person cancelled or a deadline ended be tried again; data by SHA-256.

    Raises FtopsError when nothing of the name was refused, cancelled or over its deadline.
    """
    by_hand = state.cancelled_by_hand(name)
    state = uncancelled(state, name)
    record = state.fine_tunes.get(name)
    wanted = set(data)
    providers = {
        provider: replace(memory, refused_uploads=_others(memory.refused_uploads, wanted))
        for provider, memory in state.providers.items()
    }
    if record is not None and record.intent is not None and record.refused is not None:
        intent = replace(record.intent, refusal=None, withdrawn_at=None)
        state = state.with_record(name, replace(record, intent=intent))
    elif record is not None and record.job is not None and record.job.overdue:
        state = state.with_record(name, replace(record, job=replace(record.job, overdue=False)))
    elif providers == state.providers and not by_hand:
        if record is None and not wanted and name not in state.archive:
            raise unrecorded(name, (*state.fine_tunes, *state.archive))
        raise FtopsError(
            f"nothing of {name} was refused or cancelled by hand", hint=f"see `ftops status {name}`"
        )
    return replace(state, providers=providers)


def noted_by_hand(
    state: State,
    name: str,
    fingerprints: Iterable[str],
    declared: tuple[FineTune | None, JSONObject],
    shown: Collection[str],
) -> State:
    """Note that a person has cancelled a name: of what it trains, these fingerprints.

    `declared` is its declaration, if it has one, with the canonical form. A detached job that is `shown` as
    active is watched again: whoever stops the name stops that one too.
    """
    ledger = Ledger(state)
    ledger.cancel_by_hand(name, fingerprints, *declared)
    for entry in (ledger.records.get(name), ledger.archive.get(name)):
        for job in entry.jobs if entry is not None else ():
            if job.detached and job.id in shown:
                ledger.put(name, replace(job, detached=False))
    return ledger.snapshot()


def uncancelled(state: State, name: str) -> State:
    """Let a name that was cancelled by hand be trained again; a job that still runs goes on."""
    record, archived = state.fine_tunes.get(name), state.archive.get(name)
    if record is not None and record.cancelled_by_hand:
        state = state.with_record(name, replace(record, cancelled_by_hand=()))
    if archived is not None and archived.cancelled_by_hand:
        state = replace(state, archive={**state.archive, name: replace(archived, cancelled_by_hand=())})
    return state


def _others(uploads: Mapping[str, RefusedUpload], wanted: set[str]) -> Mapping[str, RefusedUpload]:
    return {sha256: one for sha256, one in uploads.items() if sha256 not in wanted}


def not_mine(state: State, provider: str, job_id: str) -> State:
    """Note that a job is somebody else's: it is never adopted, never cancelled, and holds nothing up.

    One that was adopted by its looks leaves its record.
    """
    known = state.not_mine.get(provider, ())
    records = {name: _without(record, job_id) for name, record in state.fine_tunes.items()}
    return replace(
        state,
        fine_tunes=records,
        not_mine={**state.not_mine, provider: tuple(sorted({*known, job_id}))},
    )


def _without(record: Record, job_id: str) -> Record:
    job = None if record.job and record.job.id == job_id else record.job
    history = tuple(old for old in record.history if old.id != job_id)
    changed = job != record.job or history != record.history
    return replace(record, job=job, history=history) if changed else record


def accepted(state: State, name: str, job_id: str) -> State:
    """Accept a recorded job as it is, on a person's word: its settings and identity are not doubted."""
    record = _known(state, name)
    return state.with_record(name, _with_accepted(record, job_id))


def claimed(state: State, name: str, jobs: Iterable[Job]) -> State:
    """Note, on a person's word, that jobs without a mark are second ones: the next apply stops them."""
    record = _known(state, name)
    current = record.job
    others = tuple(
        RecordedJob(
            id=job.id,
            provider=job.provider,
            fingerprint=current.fingerprint if current else record.fingerprint,
            generation=current.generation if current else record.generation,
            attempt=current.attempt if current else record.attempt,
            nonce=None,
            status=job.status,
        ).seen_as(job)
        for job in jobs
    )
    return state.with_record(name, replace(record, history=(*record.history, *others)))


def _with_accepted(record: Record, job_id: str) -> Record:
    def taken(job: RecordedJob) -> RecordedJob:
        # Whoever names the one that stays consents to the end of the others.
        kept = job.altered if job.id != job_id else ()
        return replace(job, altered=kept, likeness=False, accepted=job.accepted or job.id == job_id)

    job = taken(record.job) if record.job else None
    return replace(record, job=job, history=tuple(taken(old) for old in record.history))


def renamed(state: State, old: str, new: str) -> State:
    """Move a record to another name. Raises FtopsError when there is nothing to move, or no room for it."""
    _known(state, old)
    if new in state.fine_tunes:
        raise FtopsError(f"the state already has a record of {new}", hint="remove or rename that one first")
    return moved(state, old, new)


def removed(state: State, name: str) -> State:
    """Stop watching a fine-tune: its job runs on, and its numbers and models stay in the archive.

    Refused while a create is in doubt: its job would turn up as a stray and be cancelled.
    """
    record = _known(state, name)
    if record.intent is not None and not record.intent.lapsed:
        raise NeedsPerson(
            f"a create of {name} is in doubt", hint=f"settle it first: `ftops resolve {name} --help`"
        )
    ledger = Ledger(state)
    ledger.forget(name, detached=True)
    return ledger.snapshot()


def _known(state: State, name: str) -> Record:
    record = state.fine_tunes.get(name)
    if record is None:
        raise unrecorded(name, state.fine_tunes)
    return record


def unrecorded(name: str, known: Iterable[str]) -> UsageError:
    """Make the error for a name that the state has no record of."""
    hint = did_you_mean(name, known) or "see `ftops state list`"
    return UsageError(f"the state has no record of {name}", hint=hint)


def refuse_recorded(state: State, job_id: str, *, but: str | None = None) -> None:
    """Raise FtopsError for a job that is in a record; of `but` only one that was created with our mark is."""
    recorded = {name: record.jobs for name, record in state.fine_tunes.items()}
    for name, jobs in (*recorded.items(), *((name, entry.jobs) for name, entry in state.archive.items())):
        if any(job.id == job_id and not (name == but and job.likeness) for job in jobs):
            raise FtopsError(f"job {job_id} is already recorded as {name}", hint="see `ftops state list`")
