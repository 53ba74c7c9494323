"""What a plan and a round come to, as the exit code that tells a script."""

from __future__ import annotations

from ftops.api.rounds import Round
from ftops.errors import ExitCode
from ftops.model.change import (
    INVALID_INPUT_REASONS,
    JOB_FAILED_REASONS,
    NEEDS_PERSON_REASONS,
    REFUSED_REASONS,
    TRIED_AGAIN_REASONS,
    Action,
)
from ftops.model.event import ChangeResult, Outcome
from ftops.model.plan import Plan
from ftops.model.value import replace
from ftops.reconciler.values import Reviewed
from ftops.review.alarms import unknown


def round_code(run: Round) -> ExitCode:
    """Return the first exit code that applies to a round."""
    return data_code(run.reviewed.plan) or code_beside_data(run)


def reconcile_code(run: Round) -> ExitCode:
    """Return the first exit code that applies to an unattended round: that for which it is worth an alarm.

    What somebody has acknowledged is left out. Only here: whoever runs a plan or an apply sees the holds, and
    what its code stops (a deployment) has no model, whether somebody knows why or not. A create without a
    clear answer only waits: another round finds its job, sends it again, or holds it, which is an alarm.
    """
    reviewed = run.reviewed
    planning = reviewed.planning
    left = unknown(reviewed.plan, planning.state.acks, reviewed.at)
    plan = replace(reviewed.plan, changes=left)
    certain = tuple(one for one in run.results if not one.ambiguous)
    alarming = replace(reviewed, planning=replace(planning, plan=plan))
    return round_code(replace(run, reviewed=alarming, results=certain))


def code_beside_data(run: Round) -> ExitCode:
    """Return the code of a round for all but what is held until files of the project are corrected."""
    failed = result_code(run.results)
    if failed is ExitCode.ERROR:
        return failed
    refused = refusal_code(run.reviewed)
    if refused is ExitCode.REFUSED or run.frozen:
        return ExitCode.REFUSED
    return failed or refused or state_code(run.reviewed, run.results)


def plan_code(reviewed: Reviewed, *, detailed: bool) -> ExitCode:
    """Return the code of a plan that was only looked at; a `detailed` one tells of changes and holds too."""
    if detailed and (invalid := data_code(reviewed.plan)):
        return invalid
    refused = refusal_code(reviewed)
    if refused is ExitCode.REFUSED:
        return refused
    if not detailed:
        return ExitCode.ERROR if reviewed.plan.fruitless else ExitCode.NOTHING
    changes = ExitCode.CHANGES if reviewed.plan.effective_changes else ExitCode.NOTHING
    return refused or state_code(reviewed) or changes


def data_code(plan: Plan) -> ExitCode:
    """Return the code for what is held until files of the project are corrected."""
    held = {change.reason for change in plan.changes}
    return ExitCode.ERROR if held & INVALID_INPUT_REASONS else ExitCode.NOTHING


def refusal_code(reviewed: Reviewed) -> ExitCode:
    """Return the code of a plan of which something may not be applied, 0 if all of it may."""
    codes = {violation.exit_code for violation in reviewed.review.violations}
    held = {change.reason for change in reviewed.plan.changes if change.action is Action.HOLD}
    if held & REFUSED_REASONS:
        codes.add(ExitCode.REFUSED)
    return next(
        (code for code in (ExitCode.REFUSED, ExitCode.NEEDS_PERSON) if code in codes), ExitCode.NOTHING
    )


def state_code(reviewed: Reviewed, results: tuple[ChangeResult, ...] = ()) -> ExitCode:
    """Return the code for what only a person can settle, and for jobs that failed.

    `results` say which of it was settled just now.
    """
    made = {one.change.name for one in results if one.outcome is Outcome.DONE}
    changes = reviewed.plan.changes
    reasons = {one.reason for one in changes if not (one.reason in TRIED_AGAIN_REASONS and one.name in made)}
    if reasons & NEEDS_PERSON_REASONS or not reviewed.plan.complete:
        return ExitCode.NEEDS_PERSON
    held = {change.reason for change in reviewed.plan.changes if change.action is Action.HOLD}
    return ExitCode.JOB_FAILED if held & JOB_FAILED_REASONS else ExitCode.NOTHING


def result_code(results: tuple[ChangeResult, ...]) -> ExitCode:
    """Return the code for the outcome of an apply."""
    if any(result.outcome is Outcome.FAILED and not result.ambiguous for result in results):
        return ExitCode.ERROR
    return ExitCode.NEEDS_PERSON if any(result.ambiguous for result in results) else ExitCode.NOTHING
