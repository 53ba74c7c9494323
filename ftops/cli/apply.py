"""`ftops apply`."""

from __future__ import annotations

import re
import sys
from functools import partial
from pathlib import Path

import click

from ftops.api.exit_codes import round_code
from ftops.api.plans import ReviewedPlan
from ftops.api.rounds import Round, apply_round
from ftops.api.saved_plans import (
    apply_saved,
    blaming_moved_data,
    first_lineage,
    read_plan_file,
    selection_of,
)
from ftops.api.waiting import Waiting, goes_on, wait_until_settled
from ftops.cli import options
from ftops.cli.garbage import collect_as_usual
from ftops.cli.plan import show_plan
from ftops.cli.session import Session, lock_timeout_option, open_session, surroundings
from ftops.cli.signals import confirm
from ftops.cli.waiting import Progress
from ftops.errors import ExitCode, FtopsError, Problem
from ftops.files.commits import commit_of
from ftops.model.commit import HASH
from ftops.reconciler.values import Reviewed
from ftops.report.terminal import render_results
from ftops.report.words import counted
from ftops.review.approval import Approved, approvals
from ftops.review.plan_document import apply_document, error_document
from ftops.review.plan_file import SavedPlan
from ftops.review.selection import Selection


@click.command("apply")
@click.argument("planfile", metavar="[PLANFILE]", required=False)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.option("--commit", metavar="HASH", help="Refuse a PLANFILE that is no plan of this commit.")
@click.option("--wait", is_flag=True, help="Continue until no job is active.")
@click.option("--timeout", metavar="DURATION", help="With --wait: give up after this long (90s, 30m, 6h).")
@click.option(
    "--parallelism",
    type=click.IntRange(1, 64),
    default=8,
    show_default=True,
    help="How many requests to send at once.",
)
@options.format_option("text", "json")
@options.selection_options
@lock_timeout_option
@click.pass_obj
def apply_command(
    root: Path,
    planfile: str | None,
    *,
    yes: bool,
    commit: str | None,
    wait: bool,
    timeout: str | None,
    parallelism: int,
    form: str,
    chosen: Selection,
) -> int:
    """Plan, show the plan, ask, and apply it; or apply a saved plan without asking."""
    limit = options.seconds(timeout)
    _check_usage(planfile, chosen, commit, yes=yes)
    run: Round | None = None
    try:
        saved = None if planfile is None else _read(root, planfile, commit)
        lineage = first_lineage(saved) if saved else None
        with blaming_moved_data(root, saved), open_session(root, changes=True, lineage=lineage) as session:
            if saved is not None:
                chosen, run = selection_of(saved), saved_round(session, saved, parallelism, form)
            else:
                do = one_round if yes else partial(_asked_round, waits=wait)
                run = do(session, chosen, parallelism, form)
            code = round_code(run)
            if wait and goes_on(run):
                waiting = Waiting(saved.plan if saved else run.reviewed.plan, parallelism, limit)
                code = _wait(session, chosen, run, waiting)
            session.raise_if_stopped()
    except FtopsError as error:
        if form == "json":
            _print_document(root, run, error.problems)
        raise
    if form == "json":
        _print_document(root, run, ())
    return code


def _read(root: Path, planfile: str, commit: str | None) -> SavedPlan:
    """Read a plan file; with `commit`, only one of that commit."""
    saved = read_plan_file(root / planfile, root, surroundings())
    if commit is not None:
        saved.raise_unless_of(commit)
    return saved


def _check_usage(planfile: str | None, chosen: Selection, commit: str | None, *, yes: bool) -> None:
    """Raise UsageError for options that contradict each other, and where nobody could answer."""
    if commit is not None and planfile is None:
        raise click.UsageError("--commit is for a PLANFILE: without one the checkout is planned")
    if commit is not None and not re.fullmatch(HASH, commit):
        raise click.UsageError("--commit takes a whole hash, of 40 or 64 characters")
    if planfile is not None and chosen != Selection():
        raise click.UsageError("a saved plan holds its own selection and limits: pass none with PLANFILE")
    if planfile is None and not yes and not sys.stdin.isatty():
        raise click.UsageError("there is no terminal to answer on: pass --yes or a PLANFILE")


def _print_document(root: Path, run: Round | None, problems: tuple[Problem, ...]) -> None:
    """Print the one document of this apply: its first round, with what went wrong then or later."""
    if run is None:
        options.print_document(error_document(problems, options.project_name(root), commit_of(root)))
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
) -> Round:
    """Lock, plan again, and do what is approved (None: everything within the limits).

    Raises Refused or NeedsPerson for what forbids a plan that was approved before it came up.
    """
    showing = form == "text" and approved is None

    def look(reviewed: Reviewed) -> None:
        if showing:
            show_plan(reviewed, "text")

    run = apply_round(session, chosen, parallelism, approved=approved, look=look)
    if approved is not None:
        ReviewedPlan(run.reviewed).raise_for_violations()
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
    """Show the plan, ask, and do what was shown; the answer no is an error, as a script expects."""
    reviewed = session.plan(chosen)
    show_plan(reviewed, "text", err=form == "json")
    if reviewed.review.violations:
        return Round(reviewed)
    if reviewed.plan.effective_changes and not confirm("Apply these changes?"):
        raise FtopsError("not applied", hint="nothing was changed")
    shown = chosen.as_shown(reviewed.plan)
    return one_round(session, shown, parallelism, form, approved=approvals(reviewed.plan, waits=waits))


def _wait(session: Session, chosen: Selection, first: Round, waiting: Waiting) -> ExitCode:
    progress = Progress()

    def hear(run: Round) -> None:
        if run.frozen:
            _conclude(run, "text")
        progress.tell(session, run)

    collect_as_usual()
    last = wait_until_settled(session, chosen, first, waiting, hear)
    return round_code(last) if last is not first else ExitCode.NOTHING


def _show(run: Round, form: str) -> None:
    if form == "text" and run.results:
        click.echo(render_results(run.results, options.styler()), nl=False)
