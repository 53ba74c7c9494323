"""`ftops status`."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from msgspec import Struct

from ftops.api.exit_codes import data_code, state_code
from ftops.api.jobs import read_running_metrics
from ftops.cli import options
from ftops.cli.completion import fine_tune_names
from ftops.cli.session import Session, open_session
from ftops.cli.streams import reader_gone
from ftops.errors import ExitCode
from ftops.model.duration import duration
from ftops.records.spending import spendings
from ftops.report.documents import status_document
from ftops.report.status import StatusRow, settled, status_rows, with_acknowledgements, with_progress
from ftops.report.status_table import Screen
from ftops.report.status_text import render_one, render_status
from ftops.review.forecast import Forecast, forecast
from ftops.review.selection import Selection, unknown_name

SHORTEST_INTERVAL = 0.2
"""Least seconds between two refreshes."""


class _Look(Struct, frozen=True):
    """What one refresh found; `code` is the exit code that it means."""

    project: str
    rows: tuple[StatusRow, ...]
    seen: Forecast
    now: float
    code: int


@click.command("status")
@click.argument("name", required=False, shell_complete=fine_tune_names)
@click.option("--watch", is_flag=True, help="Refresh in place until nothing changes any more.")
@click.option(
    "--interval",
    metavar="DURATION",
    default="5s",
    show_default=True,
    help="With --watch: the time between two refreshes.",
)
@options.format_option("text", "json")
@click.pass_context
def status_command(context: click.Context, name: str | None, form: str, interval: str, *, watch: bool) -> int:
    """Show how far every fine-tune is, who needs a person, and what the month costs.

    The table is cut to the terminal, or to 80 columns (COLUMNS) without one. NAME shows one fine-tune with
    its job and model; `ftops -v status` adds these to every row, and JSON has everything.
    """
    if watch and form == "json":
        raise click.UsageError("--watch draws text; for JSON call `ftops status --format json` again")
    root: Path = context.obj
    pause = max(options.seconds(interval) or 0.0, SHORTEST_INTERVAL)
    ids = bool(context.find_root().params.get("verbose"))
    every = duration(pause) if pause >= 1 else interval
    note = f"every {every}, Ctrl-C ends" if watch else ""
    in_place = watch and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    opened = open_session(root, silent=in_place)
    with options.documented_failure(root, form, "status"), opened as session, _showing(in_place) as show:
        while True:
            look = _look(session, name, tell=not in_place)
            if form == "json":
                options.print_document(status_document(look.rows, look.seen))
                return look.code
            show(look, _text(look, name, note, ids=ids, in_place=in_place))
            if not watch or settled(look.rows) or reader_gone():
                return look.code
            if session.stop.wait(pause):
                return ExitCode.INTERRUPTED


def _look(session: Session, name: str | None, *, tell: bool) -> _Look:
    """Look once. What a table drawn in place has beside its rows is not told under it as well."""
    reviewed = session.plan(Selection(patient=True, defers=True))
    invalid = data_code(reviewed.plan)
    if tell:
        options.tell_resting(reviewed.plan)
        options.tell_invalid_data(reviewed.plan, invalid)
    rows = _named(status_rows(reviewed.plan, reviewed.planning.state), name)
    jobs = {job.id: job for observation in reviewed.observations.values() for job in observation.jobs}
    points = read_running_metrics(session.providers, jobs, [row.job_id for row in rows if row.job_id])
    now = session.clock.now()
    seen = forecast(reviewed.plan, spendings(reviewed.planning.state), reviewed.purse, now)
    rows = with_progress(rows, jobs, points, now)
    rows = with_acknowledgements(rows, reviewed.plan, reviewed.planning.state.acks, now)
    return _Look(reviewed.plan.project, rows, seen, now, invalid or state_code(reviewed))


def _text(look: _Look, name: str | None, note: str, *, ids: bool, in_place: bool) -> str:
    """Draw what was found; a table that is drawn in place is no taller than its terminal."""
    height = shutil.get_terminal_size().lines - 1 if in_place else None
    screen = Screen(options.table_width(), height, options.styler(), ids=ids)
    if name is not None and look.rows:
        return options.drawn(render_one(look.rows[0], look.now, screen))
    return options.drawn(render_status(look.project, look.rows, look.seen, look.now, screen, note))


@contextmanager
def _showing(in_place: bool) -> Iterator[Callable[[_Look, str], None]]:
    """Yield what shows a text: in place of the one before, or below it where something has changed."""
    if in_place:
        from ftops.cli.redrawing import Redrawn

        with Redrawn(sys.stdout) as redrawn:
            yield lambda _, text: redrawn.show(text)
        return
    before: list[object] = []

    def show(look: _Look, text: str) -> None:
        standing = [(row.name, row.status, row.reason, row.next) for row in look.rows]
        if standing not in before:
            click.echo(f"\n{text}" if before else text, nl=False)
        before[:] = [standing]

    yield show


def _named(rows: tuple[StatusRow, ...], name: str | None) -> tuple[StatusRow, ...]:
    found = tuple(row for row in rows if name is None or row.name == name)
    if name is not None and not found:
        raise unknown_name(name, (row.name for row in rows))
    return found
