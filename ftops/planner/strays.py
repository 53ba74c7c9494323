"""The first row of the decision table: jobs of ours that run although another job, or none, should.

They come from a create that arrived after it was given up, from a cancel that never did, or from a gateway
that sent a create twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ftops.model.change import Action, Change, Reason
from ftops.model.finetune import FineTune
from ftops.model.job import Job
from ftops.model.observation import Observation
from ftops.model.state import Record, RecordedJob, State
from ftops.planner.by_hand import stopped_stray
from ftops.planner.situation import is_cancelling
from ftops.records.matching import LiveJobs
from ftops.records.recorded import from_stamp
from ftops.records.stake import at_stake
from ftops.records.wording import known_by_likeness


def strays(
    state: State,
    fine_tunes: Mapping[str, FineTune],
    live: LiveJobs,
    now: float,
) -> Iterator[Change]:
    """Yield a change for each active job of ours that is nobody's current job. Foreign jobs never appear."""
    for name, jobs, nonces in _owned(state, marked=live.any_marked):
        record, fine_tune = state.fine_tunes.get(name), fine_tunes.get(name)
        arrived = [from_stamp(job) for job in _arrived(nonces, live)]
        for job in (*jobs, *arrived):
            observation = live.observations.get(job.provider)
            if observation is not None and _runs_on(job):
                change = _change(name, job, record, fine_tune, now=now, observation=observation)
                by_hand = job.fingerprint in state.cancelled_by_hand(name)
                yield stopped_stray(change, job, now) if by_hand else change


def _owned(state: State, *, marked: bool) -> Iterator[tuple[str, tuple[RecordedJob, ...], frozenset[str]]]:
    """Return each name's jobs that are not current, and the nonces that nobody waits for any more.

    Nonces count only where there is a `marked` job that no record knows.
    """
    for name, record in state.fine_tunes.items():
        if not (marked or record.history):
            continue
        waited_for = {record.intent.nonce} if record.intent else set()
        nonces = {job.nonce for job in record.jobs if job.nonce} | set(record.spent_nonces)
        yield name, record.history, frozenset(nonces - waited_for)
    for name, archived in state.archive.items():
        nonces = {job.nonce for job in archived.jobs if job.nonce} | set(archived.spent_nonces)
        yield name, archived.jobs, frozenset(nonces)


def _arrived(nonces: frozenset[str], live: LiveJobs) -> Iterator[Job]:
    """Find the unrecorded jobs with a nonce of ours; a job taken over from a lost state brought its own."""
    for provider in live.observations:
        for nonce in sorted(nonces):
            yield from live.with_nonce(provider, nonce)


def _same_create(one: RecordedJob, other: RecordedJob) -> bool:
    """Return whether two jobs come from one intent; a stamp keeps the numbers from before a rename."""
    if one.nonce is not None and one.nonce == other.nonce:
        return True
    return (one.generation, one.attempt) == (other.generation, other.attempt)


def _runs_on(job: RecordedJob) -> bool:
    return job.status.active and not job.detached and job.missing_since is None


def _change(
    name: str,
    job: RecordedJob,
    record: Record | None,
    fine_tune: FineTune | None,
    *,
    now: float,
    observation: Observation,
) -> Change:
    lifecycle = fine_tune.lifecycle if fine_tune else record.lifecycle if record else None
    reason, text = _why(name, job, record)
    text = f"{text}; {at_stake(job, now)}"
    action, message = Action.CANCEL, f"{text}; cancelling it saves the rest"
    if is_cancelling(job, now, observation.provider.settle):
        action, reason = Action.WAIT, Reason.CANCELLING
        message = f"the provider is cancelling job {job.id}"
    elif job.likeness:
        action, reason = Action.HOLD, Reason.LIKENESS
        message = f"{text}; {known_by_likeness(name, job.id)}"
    elif lifecycle and (lifecycle.protect or lifecycle.suspend):
        why = "protected" if lifecycle.protect else "suspended"
        action, message = Action.HOLD, f"{message}; nothing is done, since {name} is {why}"
    return Change(
        name=name,
        action=action,
        reason=reason,
        message=message,
        provider=job.provider,
        generation=job.generation,
        attempt=job.attempt,
        fingerprint=job.fingerprint,
        job_id=job.id,
        source=fine_tune.source if fine_tune else None,
    )


def _why(name: str, job: RecordedJob, record: Record | None) -> tuple[Reason, str]:
    for other in record.jobs if record else ():
        if other.id != job.id and _same_create(other, job):
            return Reason.DUPLICATE, f"job {job.id} is a second job for the same training as job {other.id}"
    return Reason.SUPERSEDED, f"job {job.id} runs although it is not the current job of {name}"
