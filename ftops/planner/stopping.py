"""A plan that knows what a person has cancelled: which jobs it stops, and what is to be said of the rest."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ftops.model.cancelling import Cancelled, Fate, Stop
from ftops.model.change import RESTING_REASONS, Action, Change, Reason
from ftops.model.finetune import Source
from ftops.model.job import JobStatus
from ftops.model.state import RecordedJob, State
from ftops.model.value import replace

_DOUBTS = RESTING_REASONS | {
    Reason.SETTLING,
    Reason.AMBIGUOUS_CREATE,
    Reason.MISSING,
    Reason.LOOKALIKE,
    Reason.ORPHAN,
    Reason.OTHER_LINEAGE,
    Reason.UNKNOWN_PROVIDER,
}
"""Reasons of a plan for which something may run that nobody can stop now."""

_UNREAD = Source("", 0)


def sorted_out(
    changes: Iterable[Change], state: State, touched: Collection[str], *, unread: bool
) -> tuple[list[Stop], list[Cancelled]]:
    """Return what is stopped, and what is to be said of the rest of the `touched` names.

    With `unread`, some manifests are not known: a name without one may be declared, so its record stays.
    """
    stops: list[Stop] = []
    rest: list[Cancelled] = []
    for change in changes:
        if change.name not in touched:
            continue
        job = recorded_job(change, state)
        if job is not None and _is_to_stop(change, job, state):
            source = change.source or (_UNREAD if unread else None)
            order = replace(change, action=Action.CANCEL, provider=job.provider, source=source)
            record = state.fine_tunes.get(change.name)
            stops.append(Stop(order, job, record is not None and record.lifecycle.protect))
        else:
            rest.append(Cancelled(change.name, change.provider, change.job_id, _fate(change), change.message))
    said = {one.name for one in rest if one.fate is Fate.UNSURE}
    for name in sorted(set(touched) - said):
        record = state.fine_tunes.get(name)
        if record is not None and record.intent is not None and not record.intent.lapsed:
            words = "a create of it is in doubt: if it arrived, its job is stopped as soon as it is seen"
            rest.append(Cancelled(name, record.intent.provider, None, Fate.UNSURE, words))
    return stops, rest


def recorded_job(change: Change, state: State) -> RecordedJob | None:
    """Return the job that a change is about, as the state knows it."""
    record, archived = state.fine_tunes.get(change.name), state.archive.get(change.name)
    jobs = (*(record.jobs if record else ()), *(archived.jobs if archived else ()))
    found = next((job for job in jobs if job.id == change.job_id), None)
    if found is None and change.job_id and change.reason is Reason.CANCELLED_BY_HAND:
        # A second job of one create: it is known by its mark, and is recorded when it is stopped.
        return RecordedJob(
            change.job_id,
            change.provider,
            change.fingerprint or "",
            change.generation,
            change.attempt,
            None,
            JobStatus.UNKNOWN,
        )
    return found


def _is_to_stop(change: Change, job: RecordedJob, state: State) -> bool:
    """Return whether a job is to be stopped now, also where no list could be had: it is known by its id."""
    if change.action is Action.CANCEL:
        return change.reason is Reason.CANCELLED_BY_HAND
    resting = change.action is Action.HOLD and change.reason in RESTING_REASONS
    noted = job.fingerprint in state.cancelled_by_hand(change.name)
    return resting and noted and job.status.active and job.missing_since is None


def _fate(change: Change) -> Fate:
    if change.reason is Reason.CANCELLING:
        return Fate.CANCELLING
    return Fate.UNSURE if change.reason in _DOUBTS else Fate.HELD


def idle(name: str, changes: Iterable[Change]) -> tuple[Cancelled, ...]:
    """Say why there is nothing to stop, or what may run and is not known to be ours."""
    mine = [one for one in changes if one.name == name]
    doubts = [one for one in mine if one.reason in _DOUBTS]
    if doubts:
        return tuple(Cancelled(name, one.provider, one.job_id, Fate.UNSURE, one.message) for one in doubts)
    found = mine[0] if mine else None
    if found is None or found.action is Action.FORGET:
        provider, job_id = (found.provider, found.job_id) if found else ("", None)
        words = "it is not declared, and nothing of it runs"
        return (Cancelled(name, provider, job_id, Fate.NOTHING, words),)
    return (Cancelled(name, found.provider, found.job_id, Fate.NOTHING, found.message),)
