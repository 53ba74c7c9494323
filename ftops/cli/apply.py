"""`ftops apply`."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import click

from ftops.cli import options
from ftops.cli.plan import show_plan
from ftops.cli.session import Session, open_session
from ftops.controller.loop import repeat_until_settled
from ftops.errors import ExitCode, FtopsError, NeedsPerson
from ftops.model.change import Action
from ftops.model.event import ChangeResult
from ftops.reconciler import Approval, Reviewed, Selection, approvals, carry_out, unapproved
from ftops.report.json_report import apply_document, error_document
from ftops.report.terminal import render_results


@dataclass(frozen=True, slots=True)
class Run:
    """One planned and applied round."""

    reviewed: Reviewed
    results: tuple[ChangeResult, ...]


@click.command("apply")
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
@click.pass_obj
def apply_command(
    root: Path,
    *,
    yes: bool,
    wait: bool,
    timeout: str | None,
    parallelism: int,
    form: str,
    target: tuple[str, ...],
    selector: tuple[str, ...],
    allow_empty: bool,
    allow: tuple[str, ...],
) -> int:
    """Plan, show, ask, and carry it out."""
    chosen = options.selection(target, selector, allow, allow_empty=allow_empty)
    limit = options.seconds(timeout)
    if not yes and not sys.stdin.isatty():
        raise click.UsageError("without a terminal nobody can answer: pass --yes")
    try:
        with open_session(root) as session:
            approved = None if yes else _ask(session, chosen, waits=wait)
            run = one_round(session, chosen, parallelism, form, approved=approved)
            code = round_code(run)
            if wait and code in (ExitCode.NOTHING, ExitCode.JOB_FAILED):
                code = _wait(session, chosen, parallelism, limit, approvals(run.reviewed.plan, waits=True))
            session.raise_if_stopped()
            return code
    except FtopsError as error:
        if form == "json":
            click.echo(json.dumps(error_document(error.problems), indent=2))
        raise


def one_round(
    session: Session,
    chosen: Selection,
    parallelism: int,
    form: str,
    *,
    approved: frozenset[Approval] | None,
    quiet: bool = False,
) -> Run:
    """Lock, plan again, and do what is approved (None: everything within the limits)."""
    with session.locked("apply") as lock:
        reviewed = session.plan(chosen)
        if form == "text" and approved is None and not quiet:
            show_plan(reviewed, "text")
        if options.refusal_code(reviewed):
            _show(Run(reviewed, ()), form)
            return Run(reviewed, ())
        if approved is not None and (moved := unapproved(reviewed.plan, approved)):
            names = ", ".join(sorted({change.name for change in moved}))
            raise NeedsPerson(
                f"the plan has changed since it was approved: {names}; nothing more was done",
                hint="look at `ftops plan` and apply again",
            )
        changes = reviewed.plan.effective_changes
        applied = carry_out(session.loaded, reviewed, changes, session.hands(lock, parallelism))
        run = Run(reviewed, applied.results)
        if not quiet:
            _show(run, form)
        return run


def _ask(session: Session, chosen: Selection, *, waits: bool) -> frozenset[Approval]:
    """Show the plan and ask; the answer No is an error, as a script would want it."""
    reviewed = session.plan(chosen)
    show_plan(reviewed, "text")
    if options.refusal_code(reviewed) or not reviewed.plan.effective_changes:
        return approvals(reviewed.plan, waits=waits)
    if not click.confirm("Apply these changes?", default=False, err=True):
        raise FtopsError("not applied", hint="nothing was changed")
    return approvals(reviewed.plan, waits=waits)


def _wait(
    session: Session,
    chosen: Selection,
    parallelism: int,
    limit: float | None,
    approved: frozenset[Approval],
) -> ExitCode:
    last: list[ExitCode] = [ExitCode.NOTHING]
    shown: set[str] = set()

    def again() -> bool:
        run = one_round(session, chosen, parallelism, "text", approved=approved, quiet=True)
        last[0] = round_code(run)
        for change in run.reviewed.plan.changes:
            line = f"  {change.name}: {change.message}"
            if line not in shown:
                shown.add(line)
                click.echo(line, err=True)
        return last[0] in (ExitCode.ERROR, ExitCode.REFUSED, ExitCode.NEEDS_PERSON) or _settled(run)

    repeat_until_settled(again, pause=session.stop.wait, monotonic=session.clock.monotonic, timeout=limit)
    return last[0]


def _settled(run: Run) -> bool:
    """Tell whether nothing is active, waits or was done just now."""
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


def _show(run: Run, form: str) -> None:
    if form == "json":
        document = apply_document(run.reviewed.plan, run.reviewed.review, run.results)
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    elif run.results:
        click.echo(render_results(run.results, options.styler()), nl=False)


def round_code(run: Run) -> ExitCode:
    """Give the first exit code that applies to a round."""
    failed = options.result_code(run.results)
    if failed is ExitCode.ERROR:
        return failed
    refused = options.refusal_code(run.reviewed)
    if refused is ExitCode.REFUSED:
        return refused
    return failed or refused or options.state_code(run.reviewed)
