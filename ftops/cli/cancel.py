"""`ftops cancel`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import click

from ftops.api.cancelling import Cancellation, Intended, cancel, intended
from ftops.api.jobs import read_running_metrics
from ftops.cli import options
from ftops.cli.completion import fine_tune_names
from ftops.cli.session import Session, lock_timeout_option, open_session
from ftops.cli.signals import confirm
from ftops.errors import FtopsError
from ftops.report.cancelling import cancel_document, question, render_cancelled, render_intended, way_back
from ftops.report.status import progress_of
from ftops.report.words import printable


@click.command("cancel")
@click.argument("names", metavar="NAME...", nargs=-1, shell_complete=fine_tune_names)
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Turn on the kill switch, then cancel everything in the project.",
)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@options.format_option("text", "json")
@lock_timeout_option
@click.pass_obj
def cancel_command(root: Path, names: tuple[str, ...], form: str, *, everything: bool, yes: bool) -> int:
    """Stop paid jobs now, and hold their fine-tunes until somebody wants them again.

    Stops every running job of a fine-tune, even a protected one, and holds the fine-tune, even if it has no
    job yet: nothing is trained for it until its declaration changes or you run `ftops resolve NAME --retry`.
    The training that a job has already done is still paid for. If nothing runs and nothing would be created,
    nothing changes.

    Works while ftops is frozen. What could not be sent is recorded, and the next run sends it.
    """
    if bool(names) is everything:
        raise click.UsageError("name the fine-tunes to cancel, or pass --all")
    if not yes and not sys.stdin.isatty():
        raise click.UsageError("there is no terminal to answer on: pass --yes")
    chosen = None if everything else names
    try:
        with open_session(root, partly=True) as session:
            idle = None if yes else _asked(session, chosen)
            made = idle or cancel(session, chosen)
    except FtopsError as error:
        if form == "json":
            options.print_document(cancel_document((), None, error.problems))
        raise
    _show(made, form)
    return made.code


def _asked(session: Session, names: tuple[str, ...] | None) -> Cancellation | None:
    """Show what is at stake and ask; where nothing is, return that. Raises FtopsError if the answer is no."""
    intent = intended(session, names)
    if not intent.anything and names is not None:
        return Cancellation(intent.rest, unread=session.unread)
    progress, width = _progress(session, intent), options.width()
    now, style = session.clock.now(), options.styler()
    shown = render_intended(intent.stops, intent.rest, now, progress, width=width, style=style)
    click.echo(shown, nl=False, err=True)
    asked = question(intent.stops, intent.rest, freeze=names is None)
    if not confirm(asked):
        raise FtopsError("not cancelled", hint="nothing was changed")
    return None


def _progress(session: Session, intent: Intended) -> Mapping[str, float]:
    """Read how far the jobs are, as far as their providers report it."""
    jobs = {job.id: job for seen in intent.observations.values() for job in seen.jobs}
    points = read_running_metrics(session.providers, jobs, [one.job.id for one in intent.stops])
    return progress_of(jobs, points, session.clock.now())


def _show(made: Cancellation, form: str) -> None:
    switch = made.freeze.switch if made.freeze else None
    for problem in made.unread:
        click.echo(printable(f"Error: {problem}"), err=True)
    if made.unread:
        click.echo("What does not load is unknown, so it is not held: fix it and cancel again.", err=True)
    if form == "json":
        options.print_document(cancel_document(made.results, switch, made.unread))
        return
    click.echo(render_cancelled(made.results, options.styler()), nl=False)
    for line in way_back(made.results, switch):
        click.echo(line)
