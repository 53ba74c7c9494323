"""What a person has cancelled by hand, as the decision table sees it: stopped where it runs, held elsewhere.

The note names fingerprints, not a job: whatever trains one of them is stopped, also what turns up later, and
none of them is created until the declaration is another one or a person says so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from ftops.model.change import JOB_FAILED_REASONS, Action, Change, Reason
from ftops.model.job import JobStatus
from ftops.model.state import RecordedJob, State
from ftops.model.steps import Stop
from ftops.model.value import replace
from ftops.planner.situation import Situation
from ftops.records.stake import at_stake


def stop_message(s: Situation) -> str | None:
    """Say that the current job is stopped because a person has cancelled what it trains; else None."""
    if s.job is None or not s.active or s.job.fingerprint not in s.cancelled_by_hand:
        return None
    return _stopped(s.job, s.now)


def hold_message(s: Situation) -> str | None:
    """Say that what is declared is held because a person has cancelled it; None while it may still run."""
    waits = s.active or (s.missing and not s.vanished)
    if not s.held_by_hand or waits or (s.same and s.ended is JobStatus.SUCCEEDED):
        return None
    return held(s.name, s.job if s.job and s.job.fingerprint in s.cancelled_by_hand else None)


def held(name: str, job: RecordedJob | None = None) -> str:
    """Say how the hold of a name is lifted; `job` is the one that was stopped."""
    stopped = f" (job {job.id})" if job is not None else ""
    return (
        f"cancelled by hand{stopped}: held until its declaration is another one, or "
        f"`ftops resolve {name} --retry`"
    )


def stopped_stray(change: Change, job: RecordedJob, now: float) -> Change:
    """Stop a job that runs beside, whatever else would be done about it, unless it is on its way out."""
    if change.reason is Reason.CANCELLING:
        return change
    message = _stopped(job, now)
    return replace(change, action=Action.CANCEL, reason=Reason.CANCELLED_BY_HAND, message=message)


def stops_by_hand(changes: Iterable[Change]) -> Iterator[Stop]:
    """Yield the cancels that a person has asked for: no limit keeps them back."""
    for change in changes:
        if change.reason is Reason.CANCELLED_BY_HAND and change.action.effective and change.stops:
            yield change.name, change.stops


def to_note(changes: Collection[Change], name: str, state: State, shown: Collection[str]) -> tuple[str, ...]:
    """Return the fingerprints that cancelling a name notes; none where nothing runs and nothing would.

    What is declared comes first, then what runs or is in doubt. `changes` are the plan's, and `shown` the
    ids of the jobs that the providers show as active: a detached one counts only there.
    """
    mine = [change for change in changes if change.name == name]
    running = [job.fingerprint for job in running_jobs(name, state, shown)]
    others = (change for change in mine if _runs_beside(change) or _takes_over(change, shown))
    running += [change.fingerprint for change in others if change.fingerprint]
    record = state.fine_tunes.get(name)
    if record is not None and record.intent is not None and not record.intent.lapsed:
        running.append(record.intent.fingerprint)
    declared = next((change for change in mine if change.source is not None and change.spec), None)
    wanted = [declared.fingerprint] if declared is not None and declared.fingerprint else []
    if not running and (declared is None or _rests(declared)):
        return ()
    return tuple(dict.fromkeys((*wanted, *running)))


def running_jobs(name: str, state: State, shown: Collection[str]) -> Iterator[RecordedJob]:
    """Yield the recorded jobs of a name that run as far as is known, the current one first."""
    kept = (state.fine_tunes.get(name), state.archive.get(name))
    for job in (job for entry in kept if entry is not None for job in entry.jobs):
        if job.status.active and (job.id in shown or not job.detached):
            yield job


def _runs_beside(change: Change) -> bool:
    """Return whether a change is about a job of ours beside the current one; a lookalike may be anybody's."""
    return not change.spec and change.job_id is not None and change.reason not in _NOT_SURELY_OURS


def _takes_over(change: Change, shown: Collection[str]) -> bool:
    return change.action is Action.ADOPT and change.job_id in shown


def _rests(declared: Change) -> bool:
    """Return whether nothing would be created of what is declared, now or later, unless a person acts."""
    if declared.action in (Action.KEEP, Action.UPDATE, Action.ADOPT):
        return True
    return declared.action is Action.HOLD and declared.reason in _RESTING


# A record of what another state made would keep `ftops state rebuild` from taking it over.
_RESTING = JOB_FAILED_REASONS | {Reason.CANCELLED_BY_HAND, Reason.OTHER_LINEAGE}


_NOT_SURELY_OURS = frozenset({Reason.LOOKALIKE, Reason.ORPHAN})


def _stopped(job: RecordedJob, now: float) -> str:
    return f"cancelled by hand; job {job.id} still runs and is stopped: {at_stake(job, now)}"
