"""A record under another name: renames that a manifest declares, and undeclared ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from ftops.model.ack import Ack
from ftops.model.finetune import FineTune
from ftops.model.job import JobStatus
from ftops.model.state import ArchivedRecord, Record, RecordedJob, State
from ftops.model.value import replace
from ftops.records.archiving import NOTHING, put_away
from ftops.records.desired import DesiredSet
from ftops.records.matching import reusable


def follow_renames(state: State, fine_tunes: Mapping[str, FineTune]) -> tuple[State, dict[str, str]]:
    """Move the record of `renamed_from` to the new name. Neither name's generation ever falls."""
    renamed: dict[str, str] = {}
    olds = {name: one.lifecycle.renamed_from for name, one in fine_tunes.items()}
    for name, old in sorted((name, old) for name, old in olds.items() if old is not None):
        if name in state.fine_tunes or old not in state.fine_tunes or old in fine_tunes:
            continue
        state = moved(state, old, name)
        renamed[name] = old
    return state, renamed


def moved(state: State, old: str, new: str) -> State:
    """Move a record to a name that has none. What is left behind keeps the generation from falling."""
    records, archive = dict(state.fine_tunes), dict(state.archive)
    record = records.pop(old)
    earlier = archive.pop(new, None)
    if earlier is not None:
        record = with_archive(renumbered(record, earlier.generation), earlier)
    records[new] = record
    left = archive.get(old, ArchivedRecord(0))
    archive[old] = replace(left, generation=max(record.generation, left.generation))
    return replace(state, fine_tunes=records, archive=archive, acks=_acks_moved(state.acks, old, new))


def _acks_moved(acks: Mapping[str, Ack], old: str, new: str) -> Mapping[str, Ack]:
    """Let what is known about a fine-tune go with it; what was known under its new name was of another."""
    others = {name: ack for name, ack in acks.items() if name not in (old, new)}
    return {**others, new: acks[old]} if old in acks else others


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
    """Add to a record what an earlier record of the same name left behind."""
    return replace(
        record,
        generation=max(record.generation, archived.generation),
        history=(*record.history, *archived.jobs),
        spent_nonces=(*record.spent_nonces, *archived.spent_nonces),
        requests=(*record.requests, *archived.requests),
        cancelled_by_hand=(*record.cancelled_by_hand, *archived.cancelled_by_hand),
    )


def take_over_removed(state: State, desired: DesiredSet) -> tuple[State, dict[str, str]]:
    """Give declared names what removed ones have that trains the same, so that it is paid for once.

    Returns the state, and new name -> old name. A name without a job takes a record, whole, each once; of
    several the one that succeeded, then by name. What was cancelled by hand stays so. Else, also where it
    stands for another training, what is left of a name that made the model becomes its own archive: a revert
    finds it there. So it is with what the archive kept of a forgotten name.
    """
    removed = {
        name: record
        for name, record in state.fine_tunes.items()
        if name not in desired and (worth_taking_over(record) or record.cancelled_by_hand)
    }
    forgotten = _forgotten(state, desired)
    taken: dict[str, str] = {}
    for name in sorted(desired.comparable) if removed or forgotten else ():
        wanted = desired.fingerprint(name)
        if not _may_take_over(state, name, wanted):
            continue
        same = [old for old, record in removed.items() if _stands_for(record, wanted)]
        if same and jobless(state, name):
            old = min(same, key=lambda one: (not _succeeded(removed[one]), one))
            del removed[old]
            state = moved(_without(state, name), old, name)
            taken[name] = old
            continue
        ended = sorted(old for old in same if _over(removed[old], wanted))
        kept = next((old for old in (*ended, *forgotten[wanted]) if old not in taken.values()), None)
        if kept is not None:
            removed.pop(kept, None)
            state, taken[name] = _inherited(_without(state, kept), kept, name), kept
    return state, taken


def _forgotten(state: State, desired: DesiredSet) -> defaultdict[str, list[str]]:
    """Map each training to the forgotten names of which the archive has a job that can serve, in order.

    First those that have a model, then by name.
    """
    found: defaultdict[str, list[tuple[bool, str]]] = defaultdict(list)
    for name in state.archive.keys() - state.fine_tunes.keys():
        for job in state.archive[name].jobs if name not in desired else ():
            if reusable(job):
                found[job.fingerprint].append((job.status.active, name))
    return defaultdict(
        list, {training: [name for _, name in sorted(names)] for training, names in found.items()}
    )


def _inherited(state: State, old: str, new: str) -> State:
    """Add what the archive kept of a name to what it keeps of another. The generation of neither falls."""
    kept, own = state.archive[old], state.archive.get(new, ArchivedRecord(0))
    record = state.fine_tunes.get(new)
    before = max(own.generation, record.generation if record else 0)
    joined = ArchivedRecord(
        kept.generation + before,
        (*own.jobs, *(replace(job, generation=job.generation + before) for job in kept.jobs)),
        (*own.spent_nonces, *kept.spent_nonces),
        (*own.requests, *kept.requests),
        (*own.cancelled_by_hand, *kept.cancelled_by_hand),
    )
    # Nobody has said that it is the same fine-tune: what was cancelled by hand stays so under both names.
    left = ArchivedRecord(kept.generation, cancelled_by_hand=kept.cancelled_by_hand)
    return replace(state, archive={**state.archive, new: joined, old: left})


def jobless(state: State, name: str) -> bool:
    """Return whether a name has neither a current job nor a create in doubt."""
    record = state.fine_tunes.get(name)
    return record is None or not (record.job is not None or _in_doubt(record))


def _may_take_over(state: State, name: str, wanted: str) -> bool:
    """Return whether a name has nothing that trains what is declared, and no create in doubt."""
    record, archived = state.fine_tunes.get(name), state.archive.get(name)
    if record is not None and (_in_doubt(record) or (record.job and record.fingerprint == wanted)):
        return False
    jobs = (*(record.history if record else ()), *(archived.jobs if archived else ()))
    return not any(job.status is JobStatus.SUCCEEDED and job.fingerprint == wanted for job in jobs)


def worth_taking_over(record: Record) -> bool:
    """Return whether a record has what would be paid again: a job, or a create in doubt."""
    return _in_doubt(record) or (record.job is not None and (record.job.status.active or _succeeded(record)))


def _in_doubt(record: Record) -> bool:
    return record.intent is not None and not record.intent.lapsed


def _over(record: Record, wanted: str) -> bool:
    """Return whether a record made the model that is wanted, and nothing of it runs or may."""
    ended = not _in_doubt(record) and not any(job.status.active for job in record.history)
    return ended and _succeeded(record) and record.fingerprint == wanted


def _succeeded(record: Record) -> bool:
    return record.job is not None and record.job.status is JobStatus.SUCCEEDED


def _stands_for(record: Record, wanted: str) -> bool:
    if wanted in record.cancelled_by_hand:
        return True
    stands = record.intent.fingerprint if record.intent and _in_doubt(record) else record.fingerprint
    return stands == wanted and worth_taking_over(record)


def _without(state: State, name: str) -> State:
    """Put a record away: under its name, or the one that comes, its numbers and nonces count on."""
    record = state.fine_tunes.get(name)
    if record is None:
        return state
    left = put_away(record, state.archive.get(name, NOTHING))
    others = {other: one for other, one in state.fine_tunes.items() if other != name}
    return replace(state, fine_tunes=others, archive={**state.archive, name: left})
