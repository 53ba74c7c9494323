"""What may keep a create or replace from happening now, once the table wants it."""

from __future__ import annotations

from collections.abc import Sequence

from ftops.model.change import STOPS_ALWAYS, Action, Reason
from ftops.model.freezing import Freezes
from ftops.model.job import Job
from ftops.model.planning import Deferred
from ftops.model.state import RecordedJob, State
from ftops.model.value import replace
from ftops.planner.by_hand import held
from ftops.planner.decision import Decision
from ftops.planner.situation import Situation
from ftops.records.likeness import Appearance, Likeness, look_alike, said
from ftops.records.wording import invalid_data, ways_out


def gate_on_data(situation: Situation, decision: Decision) -> Decision:
    """Hold what would train on data with problems, now or after a drain; what runs now keeps running."""
    trains = decision.action.creates or decision.reason is Reason.DRAINING
    if not trains or not situation.problems:
        return decision
    runs = decision.job_id if decision.action is not Action.CREATE else None
    return Decision(Action.HOLD, Reason.INVALID_DATA, invalid_data(situation.problems, runs), decision.job_id)


def gate_on_deferral(decision: Decision, late: Deferred | None) -> Decision:
    """Put off what may not happen yet; a replace stops nothing meanwhile. What never may is held."""
    if late is None or not decision.action.creates:
        return decision
    action = Action.HOLD if late.until is None else Action.WAIT
    return Decision(action, late.reason, late.message, decision.job_id)


def gate_on_freeze(wanted: Decision, decision: Decision, freezes: Freezes) -> Decision:
    """Put off what an open window forbids; what must not run on is stopped in any (`STOPS_ALWAYS`).

    It comes last: what is held anyway stays held, and what a replace would stop runs on.
    """
    in_vain = wanted.action is Action.REPLACE and decision.action is Action.CANCEL
    stops = decision.action is Action.CANCEL or decision.cancel_first is not None
    if decision.action.creates or in_vain:
        frozen = freezes.creates
    elif stops and decision.reason not in STOPS_ALWAYS:
        frozen = freezes.stops
    else:
        return decision
    if frozen is None:
        return decision
    running = decision.cancel_first or decision.job_id
    runs = f"; job {running} keeps running until then" if running else ""
    return Decision(Action.WAIT, Reason.FREEZE, f"{frozen.message}{runs}", running)


def gate_on_upstream(
    situation: Situation, decision: Decision, decided: tuple[Situation, Decision] | None
) -> Decision:
    """Let a chain's next job wait until the model it starts from is there; a replace cancels meanwhile.

    `decided` is about what it starts from, None where that is not planned for.
    """
    upstream = situation.fine_tune.upstream if situation.fine_tune else None
    if not decision.action.creates or decided is None:
        return decision
    above, verdict = decided
    if ready_job(above, verdict) is not None:
        return decision
    rests = verdict.reason is Reason.SUSPENDED and not (above.same and above.active)
    held = verdict.action is Action.HOLD and verdict.reason is not Reason.STALLED
    if held or rests or above.held_by_hand:
        why = Reason.CANCELLED_BY_HAND if above.held_by_hand else verdict.reason
        message = f"{upstream}, whose model it starts from, is held: {why.value}"
        return Decision(Action.HOLD, Reason.UPSTREAM, message, decision.job_id)
    if decision.action is Action.REPLACE:
        message = (
            f"changed; job {decision.job_id} is cancelled now; the training already done is still paid for; "
            f"it is created again once {upstream} is trained"
        )
        return replace(decision, action=Action.CANCEL, message=message)
    return Decision(Action.WAIT, Reason.WAITING_FOR, f"waiting for {upstream} to be trained")


def gate_on_hand(situation: Situation, decision: Decision) -> Decision:
    """Create nothing that a person has cancelled, whatever else runs; like every hold, it cancels nothing."""
    if not decision.action.creates or not situation.held_by_hand:
        return decision
    runs = f"; job {decision.job_id} keeps running" if decision.job_id else ""
    message = f"{held(situation.name)}{runs}"
    return Decision(Action.HOLD, Reason.CANCELLED_BY_HAND, message, decision.job_id)


def ready_job(situation: Situation, decision: Decision) -> RecordedJob | None:
    """Return the upstream's job if its model can be used once this decision is carried out."""
    candidates = [job for job in (situation.job, *situation.earlier_jobs) if job is not None]
    if decision.action in (Action.KEEP, Action.UPDATE) and situation.same:
        wanted = situation.job.id if situation.job else None
    elif decision.action is Action.ADOPT:
        wanted = decision.job_id
        candidates += [
            RecordedJob(
                job.id, job.provider, "", 0, 0, None, job.status, fine_tuned_model=job.fine_tuned_model
            )
            for job in (*situation.twins, *situation.stamped)
        ]
    else:
        return None
    usable = [job for job in candidates if job.id == wanted and job.fine_tuned_model]
    return next((job for job in usable if not job.status.active), None)


def gate_on_claimed(name: str, lookalikes: Sequence[tuple[Job, Likeness]]) -> Decision | None:
    """Hold while the provider has a job without a mark that a create could double; the likeliest first."""
    if not lookalikes:
        return None
    ordered = sorted(lookalikes, key=lambda pair: len(pair[1].differing))
    ids = tuple(job.id for job, _ in ordered)
    found = "; ".join(
        f"{job.id}, which differs in {said(like.differing)}" if like.differing else f"{job.id}, which fits"
        for job, like in ordered
    )
    message = (
        f"the provider has what could be this job, without our mark: {found}; "
        f"{ways_out(name, ids, *(f'--not-mine {job_id}' for job_id in ids))}"
    )
    return Decision(Action.HOLD, Reason.LOOKALIKE, message, ids[0])


def gate_on_lookalike(situation: Situation, shown: Appearance, state: State) -> Decision | None:
    """Wait while another fine-tune's create is in doubt and the provider could not distinguish the two."""
    doubtful = {
        name: record.intent.known
        for name, record in state.fine_tunes.items()
        if record.intent is not None
        and not record.intent.lapsed
        and record.intent.provider == situation.provider.name
    }
    for other, appearance in sorted(doubtful.items()):
        if other != situation.name and look_alike(shown, appearance):
            message = f"waiting until the create of {other} is certain: the two look alike to the provider"
            return Decision(Action.WAIT, Reason.LOOKALIKE_IN_FLIGHT, message)
    return None
