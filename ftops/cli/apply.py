"""`ftops apply`."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import click

from ftops.api.plans import ReviewedPlan
from ftops.api.rounds import Round, apply_round
from ftops.cli import options
from ftops.cli.plan import show_plan
from ftops.cli.saved_plans import (
    apply_saved,
    blaming_moved_data,
    first_lineage,
    read_plan_file,
    selection_of,
)
from ftops.cli.session import Session, lock_timeout_option, open_session
from ftops.cli.signals import confirm
from ftops.cli.waiting import Progress
from ftops.controller.loop import repeat_until_settled
from ftops.errors import ExitCode, FtopsError, Problem
from ftops.model.change import Action
from ftops.model.value import replace
from ftops.reconciler.values import Reviewed
from ftops.report.terminal import render_results
from ftops.report.words import counted
from ftops.review.approval import Approved, approvals
from ftops.review.plan_document import apply_document, error_document
from ftops.review.plan_file import SavedPlan
from ftops.review.selection import Selection


@click.command("apply")
@click.argument("planfile", metavar="[PLANFILE]", required=False)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--wait", is_flag=True, help="Go on until no job is active.")
@click.option("--timeout", metavar="DURATION", help="With --wait: give up after this long (90s, 30m, 6h).")
@click.option(
    "--parallelism", type=click.IntRange(1, 64), default=8, show_default=True, help="Requests at one time."
)
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to print it."
)
@options.selection_options
@lock_timeout_option
@click.pass_obj
def apply_command(
    root: Path,
    planfile: str | None,
    *,
    yes: bool,
    wait: bool,
    timeout: str | None,
    parallelism: int,
    form: str,
    chosen: Selection,
) -> int:
    """Plan, show, ask, and carry it out; or carry out what a saved plan holds, without a question."""
    limit = options.seconds(timeout)
    _check_usage(planfile, chosen, yes=yes)
    run: Round | None = None
    try:
        saved = None if planfile is None else read_plan_file(root / planfile, root)
        lineage = first_lineage(saved) if saved else None
        with blaming_moved_data(root, saved), open_session(root, changes=True, lineage=lineage) as session:
            if saved is not None:
                chosen, run = selection_of(saved), saved_round(session, saved, parallelism, form)
            else:
                do = one_round if yes else partial(_asked_round, waits=wait)
                run = do(session, chosen, parallelism, form)
            code = round_code(run)
            if wait and _goes_on(run):
                shown = saved.plan if saved else run.reviewed.plan
                chosen = replace(chosen.as_shown(run.reviewed.plan), patient=True)
                code = _wait(session, chosen, parallelism, limit, run, approvals(shown, waits=True))
            session.raise_if_stopped()
    except FtopsError as error:
        if form == "json":
            _print_document(root, run, error.problems)
        raise
    if form == "json":
        _print_document(root, run, ())
    return code


def _check_usage(planfile: str | None, chosen: Selection, *, yes: bool) -> None:
    """Raise UsageError for options that contradict each other, and where nobody could answer."""
    if planfile is not None and chosen != Selection():
        raise click.UsageError("a saved plan holds its own selection and limits: give none with PLANFILE")
    if planfile is None and not yes and not sys.stdin.isatty():
        raise click.UsageError("without a terminal nobody can answer: pass --yes or a PLANFILE")


def _print_document(root: Path, run: Round | None, problems: tuple[Problem, ...]) -> None:
    """Print the one document of this apply: its first round, with what went wrong then or later."""
    if run is None:
        options.print_document(error_document(problems, options.project_name(root)))
    else:
        reviewed = run.reviewed
        options.print_document(apply_document(reviewed.plan, reviewed.review, run.results, problems))


def one_round(
    session: Session,
    chosen: Selection,
    parallelism: int,
    form: str,
    *,
    approved: Approved | None = None,
    quiet: bool = False,
) -> Round:
    """Lock, plan again, and do what is approved (None: everything within the limits).

    Raises Refused or NeedsPerson for what forbids a plan that was approved before it came up.
    """
    showing = form == "text" and approved is None and not quiet

    def look(reviewed: Reviewed) -> None:
        if showing:
            show_plan(reviewed, "text")

    run = apply_round(session, chosen, parallelism, approved=approved, look=look)
    if approved is not None:
        ReviewedPlan(run.reviewed).raise_for_violations()
    if not quiet or run.frozen:
        _conclude(run, form)
    return run


def saved_round(session: Session, saved: SavedPlan, parallelism: int, form: str) -> Round:
    """Lock, plan again, and do what is left of a saved plan. Raises NeedsPerson when it is stale."""

    def look(reviewed: Reviewed, done: int) -> None:
        if form == "text" and reviewed.plan.changes:
            show_plan(reviewed, "text")
        if form == "text" and done:
            total = len(saved.plan.effective_changes)
            verb = "is" if done == 1 else "are"
            click.echo(f"{done} of {counted(total, 'change')} of the saved plan {verb} done already.")

    run = apply_saved(session, saved, parallelism, look)
    _conclude(run, form)
    return run


def _conclude(run: Round, form: str) -> None:
    _show(run, form)
    options.tell_invalid_data(run.reviewed.plan, ExitCode.ERROR)
    if run.frozen:
        click.echo(f"{run.frozen}: what was not yet sent was skipped ({run.frozen.way_out})", err=True)


def _asked_round(session: Session, chosen: Selection, parallelism: int, form: str, *, waits: bool) -> Round:
    """Show the plan, ask, and do what was shown; the answer No is an error, as a script would want it."""
    reviewed = session.plan(chosen)
    show_plan(reviewed, "text", err=form == "json")
    if reviewed.review.violations:
        return Round(reviewed)
    if reviewed.plan.effective_changes and not confirm("Apply these changes?"):
        raise FtopsError("not applied", hint="nothing was changed")
    shown = chosen.as_shown(reviewed.plan)
    return one_round(session, shown, parallelism, form, approved=approvals(reviewed.plan, waits=waits))


def _wait(
    session: Session,
    chosen: Selection,
    parallelism: int,
    limit: float | None,
    first: Round,
    approved: Approved,
) -> ExitCode:
    """Go on in rounds until nothing is active. They are one command: its limits hold for all of them."""
    last = [first]
    progress = Progress()

    def again() -> bool:
        going_on = replace(chosen, so_far=last[0].so_far)
        run = one_round(session, going_on, parallelism, "text", approved=approved, quiet=True)
        last[0] = run
        progress.tell(session, run)
        return not _goes_on(run) or _settled(run)

    repeat_until_settled(again, pause=session.stop.wait, monotonic=session.clock.monotonic, timeout=limit)
    return round_code(last[0]) if last[0] is not first else ExitCode.NOTHING


def _settled(run: Round) -> bool:
    """Return whether nothing is active, waits or was done just now."""
    changes = run.reviewed.plan.changes
    records = run.reviewed.planning.state.fine_tunes
    names = {change.name for change in changes}
    active = any(
        record.job is not None and record.job.status.active
        for name, record in records.items()
        if name in names
    )
    moving = any(change.action.effective or change.action is Action.WAIT for change in changes)
    return not active and not moving


def _show(run: Round, form: str) -> None:
    if form == "text" and run.results:
        click.echo(render_results(run.results, options.styler()), nl=False)


def _goes_on(run: Round) -> bool:
    """Return whether `--wait` waits after this round: data that has to be corrected keeps nobody waiting."""
    return _code_beside_data(run) in (ExitCode.NOTHING, ExitCode.JOB_FAILED)


def round_code(run: Round) -> ExitCode:
    """Return the first exit code that applies to a round."""
    return options.data_code(run.reviewed.plan) or _code_beside_data(run)


def _code_beside_data(run: Round) -> ExitCode:
    failed = options.result_code(run.results)
    if failed is ExitCode.ERROR:
        return failed
    refused = options.refusal_code(run.reviewed)
    if refused is ExitCode.REFUSED or run.frozen:
        return ExitCode.REFUSED
    return failed or refused or options.state_code(run.reviewed, run.results)
