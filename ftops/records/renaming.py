"""A record under another name: renames that a manifest declares, and undeclared ones."""

from __future__ import annotations

from collections.abc import Mapping

from ftops.model.finetune import FineTune
from ftops.model.job import JobStatus
from ftops.model.state import ArchivedRecord, Record, RecordedJob, State
from ftops.model.value import replace
from ftops.records.desired import DesiredSet


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
    """Return a declared name without a job the record of a removed one that trains the same: paid once.

    Whole, each once; of several the one that succeeded, then by name. What was cancelled by hand stays so.
    """
    removed = {
        name: record
        for name, record in state.fine_tunes.items()
        if name not in desired and (worth_taking_over(record) or record.cancelled_by_hand)
    }
    taken: dict[str, str] = {}
    for name in sorted(desired.comparable) if removed else ():
        if not _may_take_over(state, name, desired):
            continue
        same = [old for old, record in removed.items() if _stands_for(record, name, desired)]
        if same:
            old = min(same, key=lambda one: (not _succeeded(removed[one]), one))
            del removed[old]
            state = moved(_without(state, name), old, name)
            taken[name] = old
    return state, taken


def jobless(state: State, name: str) -> bool:
    """Return whether a name has neither a current job nor a create in doubt."""
    record = state.fine_tunes.get(name)
    return record is None or not (record.job is not None or _in_doubt(record))


def _may_take_over(state: State, name: str, desired: DesiredSet) -> bool:
    if not jobless(state, name):
        return False
    record, archived = state.fine_tunes.get(name), state.archive.get(name)
    jobs = (*(record.history if record else ()), *(archived.jobs if archived else ()))
    wanted = desired.fingerprint(name)
    return not any(job.status is JobStatus.SUCCEEDED and job.fingerprint == wanted for job in jobs)


def worth_taking_over(record: Record) -> bool:
    """Return whether a record has what would be paid again: a job, or a create in doubt."""
    return _in_doubt(record) or (record.job is not None and (record.job.status.active or _succeeded(record)))


def _in_doubt(record: Record) -> bool:
    return record.intent is not None and not record.intent.lapsed


def _succeeded(record: Record) -> bool:
    return record.job is not None and record.job.status is JobStatus.SUCCEEDED


def _stands_for(record: Record, name: str, desired: DesiredSet) -> bool:
    wanted = desired.fingerprint(name)
    if wanted in record.cancelled_by_hand:
        return True
    stands = record.intent.fingerprint if record.intent and _in_doubt(record) else record.fingerprint
    return stands == wanted and worth_taking_over(record)


def _without(state: State, name: str) -> State:
    """Put a record without a job away, so that its numbers and nonces count on under the one that comes."""
    record = state.fine_tunes.get(name)
    if record is None:
        return state
    earlier = state.archive.get(name, ArchivedRecord(0))
    intent = (record.intent.nonce,) if record.intent else ()
    left = ArchivedRecord(
        max(record.generation, earlier.generation),
        (*record.history, *earlier.jobs),
        (*record.spent_nonces, *intent, *earlier.spent_nonces),
        (*record.requests, *((record.intent.request,) if record.intent else ()), *earlier.requests),
        (*record.cancelled_by_hand, *earlier.cancelled_by_hand),
    )
    others = {other: one for other, one in state.fine_tunes.items() if other != name}
    return replace(state, fine_tunes=others, archive={**state.archive, name: left})
