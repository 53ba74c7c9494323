"""What each row of the decision table decides: one small function per row. Their order is in table.py.

Rows look at a Situation and nothing else. Jobs besides the current one are in strays.py; what comes after the
table in gates.py and refusals.py.
"""

from __future__ import annotations

from msgspec import Struct

from ftops.model.change import Action, Reason
from ftops.model.finetune import OnChange, OnRemove, RetryOn
from ftops.model.job import JobError, JobStatus
from ftops.model.queue import QueuePlace
from ftops.planner.by_hand import hold_message, stop_message
from ftops.planner.keeping import kept_because
from ftops.planner.retrying import retried, retryable, retrying
from ftops.planner.situation import Situation
from ftops.records.likeness import said
from ftops.records.matching import fitting, reusable, worth_keeping
from ftops.records.stake import at_stake, cancelled_first
from ftops.records.wording import invalid_data, known_by_likeness, unread_upstream, ways_out


class Decision(Struct, frozen=True):
    """What a row decides. `next_attempt` keeps the generation; `then` is the training that follows later.

    `queue` is its place where it waits for one; a wait ends `until` (Unix seconds), None if nobody can say.
    """

    action: Action
    reason: Reason
    message: str
    job_id: str | None = None
    cancel_first: str | None = None
    next_attempt: bool = False
    then: Decision | None = None
    queue: QueuePlace | None = None
    until: float | None = None


def suspended(s: Situation) -> Decision | None:
    """Only report, as the manifest asks."""
    if s.fine_tune is None or not s.fine_tune.lifecycle.suspend:
        return None
    message = "suspended: ftops only reports"
    if s.job is not None and s.job.altered and s.active:
        message += f"; job {s.job.id} shows settings that differ from those sent ({said(s.job.altered)})"
    return Decision(Action.KEEP, Reason.SUSPENDED, message, _job_id(s))


def cancelling(s: Situation) -> Decision | None:
    """Leave a job that is stopping alone."""
    if not s.cancelling:
        return None
    return Decision(Action.WAIT, Reason.CANCELLING, "the provider is cancelling the job", _job_id(s))


def stopped_by_hand(s: Situation) -> Decision | None:
    """Stop what a person has cancelled: before suspend, protect, detach, and a create in doubt."""
    message = None if s.cancelling else stop_message(s)
    return Decision(Action.CANCEL, Reason.CANCELLED_BY_HAND, message, _job_id(s)) if message else None


def held_by_hand(s: Situation) -> Decision | None:
    """Hold what a person has cancelled; a job that exists and costs nothing further is still taken."""
    message = hold_message(s)
    if message is None:
        return None
    held = Decision(Action.HOLD, Reason.CANCELLED_BY_HAND, message, _job_id(s))
    return restored(s) or found_at_provider(s) or other_lineage(s) or held


def older_twin(s: Situation) -> Decision | None:
    """Of two jobs for one create the newer goes: the older has trained more."""
    if not (s.same and s.active) or s.job is None or protected(s):
        return None
    mine = (s.job.created_at or 0.0, s.job.id)
    done = [twin for twin in s.twins if twin.status is JobStatus.SUCCEEDED]
    older = [twin for twin in s.twins if twin.status.active and (twin.created_at or 0.0, twin.id) < mine]
    if (best := next(iter((*done, *older)), None)) is None:
        return None
    message = (
        f"job {s.job.id} pays for the same training as the older job {best.id}; "
        f"{at_stake(s.job, s.now)}; it is cancelled and {best.id} is kept"
    )
    return Decision(Action.ADOPT, Reason.DUPLICATE, message, best.id, s.job.id)


def altered(s: Situation) -> Decision | None:
    """Hold what trains, or has trained, something else than was sent: the wrong training is paid for."""
    if s.job is None or not s.same or not s.job.altered or not (s.active or s.ended is JobStatus.SUCCEEDED):
        return None
    message = (
        f"job {s.job.id} shows settings that differ from those sent ({said(s.job.altered)}): you are paying "
        f"for the wrong training; stop it with `ftops cancel {s.name}`, or accept it as it is: "
        f"{ways_out(s.name, (s.job.id,))}"
    )
    return Decision(Action.HOLD, Reason.ALTERED, message, s.job.id)


def in_progress(s: Situation) -> Decision | None:
    """Keep what is running."""
    return _kept(s) if s.same and s.active else None


def succeeded(s: Situation) -> Decision | None:
    """Keep a success for ever, listed or not."""
    return _kept(s) if s.same and s.ended is JobStatus.SUCCEEDED else None


def failed(s: Situation) -> Decision | None:
    """Create a failed job again only where the manifest allows it."""
    if not (s.same and s.ended is JobStatus.FAILED) or s.job is None:
        return None
    error = s.job.error or JobError(None, "the provider gave no reason")
    again = _retry(s, retryable(error))
    if again is not None:
        return again
    what = "the last job failed" if retried(s.job) else "the job failed"
    return Decision(Action.HOLD, Reason.FAILED, f"{retried(s.job)}{what}: {error}", s.job.id)


def re_declared(s: Situation) -> Decision | None:
    """Create again what ftops itself had cancelled."""
    if not _cancelled(s) or s.job is None or s.job.cancel_requested is None:
        return None
    message = f"declared again after job {s.job.id} was cancelled"
    return Decision(Action.CREATE, Reason.RE_DECLARED, message, next_attempt=True)


def cancelled_externally(s: Situation) -> Decision | None:
    """Hold what others have cancelled, unless the manifest says to create it again."""
    if not _cancelled(s) or s.job is None:
        return None
    message = f"job {s.job.id} was cancelled outside ftops"
    return _retry(s, RetryOn.CANCELLED) or Decision(
        Action.HOLD, Reason.CANCELLED_EXTERNALLY, message, s.job.id
    )


def missing(s: Situation) -> Decision | None:
    """Wait for a missing job whatever is declared now: it may still run, and a list may lag."""
    if not s.missing or s.vanished:
        return None
    message = "the provider no longer shows the job; waiting in case its list lags"
    return Decision(Action.WAIT, Reason.MISSING, message, _job_id(s))


def vanished(s: Situation) -> Decision | None:
    """Hold a job that is gone for good, unless the manifest says to create it again."""
    if not (s.same and s.vanished):
        return None
    message = f"job {_job_id(s)} was active and is gone from the provider"
    return _retry(s, RetryOn.VANISHED) or Decision(Action.HOLD, Reason.VANISHED, message, _job_id(s))


def restored(s: Situation) -> Decision | None:
    """Take what has already been trained: a revert costs nothing."""
    candidates = [job for job in s.earlier_jobs if job.fingerprint == s.fingerprint and reusable(job)]
    if not candidates:
        return None
    if s.active and s.record is not None and s.fine_tune is not None:
        kept = protected(s) or draining(s) or likeness(s)
        if kept is not None:
            return kept
    best = max(candidates, key=lambda job: (not job.status.active, job.generation, job.attempt))
    model = f" and its model {best.fine_tuned_model}" if best.fine_tuned_model else ""
    first = s.job if s.active else None
    message = f"trained before: job {best.id}{model} can serve again, at no cost{cancelled_first(first)}"
    return Decision(Action.ADOPT, Reason.RESTORED, message, best.id, first.id if first else None)


def found_at_provider(s: Situation) -> Decision | None:
    """Take a job of ours that no record knows."""
    job = fitting(s.stamped, s.lineage, s.fingerprint)
    if job is None:
        return None
    first = s.job if s.active else None
    message = f"job {job.id} at the provider is this fine-tune{cancelled_first(first)}"
    return Decision(Action.ADOPT, Reason.FOUND_AT_PROVIDER, message, job.id, first.id if first else None)


def other_lineage(s: Situation) -> Decision | None:
    """Hold what another state has made under this name."""
    for job in s.stamped:
        if job.stamp and job.stamp.lineage != s.lineage and worth_keeping(job):
            message = (
                f"job {job.id} carries this project and name but was made by another state; if the state was "
                "lost, take over everything with `ftops state rebuild`, or just this one, or say that it is "
                f"somebody else's: {ways_out(s.name, (job.id,), f'--not-mine {job.id}')}"
            )
            return Decision(Action.HOLD, Reason.OTHER_LINEAGE, message, job.id)
    return None


def protected(s: Situation) -> Decision | None:
    """Hold rather than stop what must not be stopped."""
    lifecycle = s.record.lifecycle if s.record else None
    wanted = s.fine_tune.lifecycle if s.fine_tune else lifecycle
    if not s.active or wanted is None or not wanted.protect:
        return None
    message = f"job {_job_id(s)} is protected and still running; nothing is cancelled or replaced"
    return Decision(Action.HOLD, Reason.PROTECTED, message, _job_id(s))


def draining(s: Situation) -> Decision | None:
    """Let the running job finish first."""
    if not s.active or s.fine_tune is None or s.fine_tune.lifecycle.on_change is not OnChange.DRAIN:
        return None
    message = f"changed; job {_job_id(s)} may finish first (on_change: drain)"
    return Decision(Action.WAIT, Reason.DRAINING, message, _job_id(s))


def likeness(s: Situation) -> Decision | None:
    """Hold where a job recognised only by what it trains would be cancelled: it may be somebody else's."""
    if not s.active or s.job is None or not s.job.likeness:
        return None
    message = f"{known_by_likeness(s.name, s.job.id)}, or stop it with `ftops cancel {s.name}`"
    return Decision(Action.HOLD, Reason.LIKENESS, message, s.job.id)


def replace(s: Situation) -> Decision | None:
    """Stop what runs, and train what is declared."""
    if not s.active:
        return None
    message = f"changed; job {_job_id(s)} is cancelled; the training already done is still paid for"
    return Decision(Action.REPLACE, Reason.CHANGED, message, _job_id(s))


def create(s: Situation) -> Decision:
    """Train what is declared: the last row of the declared."""
    if s.record is None or (s.record.job is None and not s.record.history):
        lapsed = s.record is not None and s.record.intent is not None
        message = "new; an earlier attempt never arrived" if lapsed else "new"
        return Decision(Action.CREATE, Reason.NEW, message)
    model = s.job.fine_tuned_model if s.job else None
    message = f"changed; the model {model} stays" if model else "changed"
    return Decision(Action.CREATE, Reason.CHANGED, message)


def detached(s: Situation) -> Decision | None:
    """Detach from a job that is to keep running."""
    if not s.active or s.record is None or s.record.lifecycle.on_remove is not OnRemove.DETACH:
        return None
    message = f"removed; job {_job_id(s)} keeps running, unwatched (on_remove: detach)"
    return Decision(Action.FORGET, Reason.DETACHED, message, _job_id(s))


def cancel(s: Situation) -> Decision | None:
    """Stop what is no longer declared."""
    if not s.active:
        return None
    message = f"removed; job {_job_id(s)} is cancelled; the training already done is still paid for"
    return Decision(Action.CANCEL, Reason.REMOVED, message, _job_id(s))


def forget(s: Situation) -> Decision:
    """Put the record away: the last row of the undeclared."""
    model = s.job.fine_tuned_model if s.job else None
    message = f"removed; the model {model} stays at the provider" if model else "removed"
    return Decision(Action.FORGET, Reason.REMOVED, message, _job_id(s))


def unread(s: Situation) -> Decision:
    """Hold what cannot be compared: the last row of those without a fingerprint."""
    if not s.problems and s.fine_tune is not None and s.fine_tune.upstream is not None:
        return Decision(Action.HOLD, Reason.UPSTREAM, unread_upstream(s.fine_tune.upstream), _job_id(s))
    message = invalid_data(s.problems, _job_id(s) if s.active else None)
    return Decision(Action.HOLD, Reason.INVALID_DATA, message, _job_id(s))


def _job_id(s: Situation) -> str | None:
    return s.job.id if s.job else None


def _kept(s: Situation) -> Decision | None:
    if s.job is None:
        return None
    because = kept_because(s.job.status)
    return Decision(Action.KEEP, because.reason, because.message, s.job.id)


def _cancelled(s: Situation) -> bool:
    return s.same and s.ended is JobStatus.CANCELLED


def _retry(s: Situation, cause: RetryOn | None) -> Decision | None:
    again = retrying(s, cause)
    if again is None:
        return None
    if again.until is not None:
        return Decision(Action.WAIT, Reason.BACKOFF, again.message, _job_id(s), until=again.until)
    return Decision(Action.CREATE, Reason.RETRY, again.message, next_attempt=True)
