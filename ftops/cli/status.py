"""`ftops status` and `ftops outputs`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ftops.api.jobs import read_running_metrics
from ftops.api.outputs import served_models
from ftops.cli import options
from ftops.cli.completion import fine_tune_names
from ftops.cli.session import Session, open_session, surroundings
from ftops.cli.streams import reader_gone
from ftops.errors import ExitCode
from ftops.report.documents import outputs_document, status_document
from ftops.report.status import StatusRow, settled, status_rows, with_progress
from ftops.report.terminal import render_environment, render_outputs, render_status
from ftops.report.words import printable
from ftops.review.selection import Selection, unknown_name

SHORTEST_INTERVAL = 0.2
"""Seconds between two looks, at least."""


@click.command("status")
@click.argument("name", required=False, shell_complete=fine_tune_names)
@click.option("--watch", is_flag=True, help="Look again and again, until nothing moves any more.")
@click.option("--interval", metavar="DURATION", default="5s", show_default=True, help="With --watch.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to print it."
)
@click.pass_obj
def status_command(root: Path, name: str | None, form: str, interval: str, *, watch: bool) -> int:
    """Show where every fine-tune stands: how far, how old, which model, and what to do next."""
    if watch and form == "json":
        raise click.UsageError("--watch draws text; for JSON call `ftops status --format json` again")
    pause = options.seconds(interval) or 0.0
    with options.documented_failure(root, form, "status"), open_session(root) as session:
        shown = None
        while True:
            rows, code = _look(session, name)
            if form == "json":
                options.print_document(status_document(rows))
                return code
            # A pipe gets whole texts: whoever greps them must not find them cut.
            width = options.width() if sys.stdout.isatty() else None
            text = render_status(rows, session.clock.now(), width=width)
            if watch and sys.stdout.isatty():
                click.clear()
            if text != shown:
                click.echo(text, nl=False)
            shown = text if not sys.stdout.isatty() else None
            if not watch or settled(rows) or reader_gone():
                return code
            if session.stop.wait(max(pause, SHORTEST_INTERVAL)):
                return ExitCode.INTERRUPTED


@click.command("outputs")
@click.argument("name", required=False, shell_complete=fine_tune_names)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "env"]),
    default="text",
    help="How to print it; env gives NAME_MODEL=... and NAME_CURRENT=... lines for a shell.",
)
@click.option("--current", is_flag=True, help="Only models of what is declared now.")
@click.pass_obj
def outputs_command(root: Path, name: str | None, form: str, *, current: bool) -> None:
    """Show the model of each fine-tune that serves, and whether it is of what is declared now.

    It comes from the state: no provider needs to answer. With NAME, the exit code is 5 where there is none.
    """
    with options.documented_failure(root, form, "outputs"):
        served = served_models(root, surroundings(), name)
        for remark in served.remarks:
            click.echo(printable(f"Warning: {remark}"), err=True)
        outputs = tuple(served.chosen(name, current=current).values())
    if form == "json":
        options.print_document(outputs_document(outputs))
    elif form == "env":
        click.echo(render_environment(outputs), nl=False)
    else:
        click.echo(render_outputs(outputs), nl=False)


def _look(session: Session, name: str | None) -> tuple[tuple[StatusRow, ...], int]:
    reviewed = session.plan(Selection())
    options.tell_resting(reviewed.plan)
    invalid = options.data_code(reviewed.plan)
    options.tell_invalid_data(reviewed.plan, invalid)
    rows = _named(status_rows(reviewed.plan, reviewed.planning.state), name)
    jobs = {job.id: job for observation in reviewed.observations.values() for job in observation.jobs}
    points = read_running_metrics(session.providers, jobs, [row.job_id for row in rows if row.job_id])
    code = invalid or options.state_code(reviewed)
    return with_progress(rows, jobs, points, session.clock.now()), code


def _named(rows: tuple[StatusRow, ...], name: str | None) -> tuple[StatusRow, ...]:
    found = tuple(row for row in rows if name is None or row.name == name)
    if name is not None and not found:
        raise unknown_name(name, (row.name for row in rows))
    return found
