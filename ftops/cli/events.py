"""`ftops events` and `ftops metrics`."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import click

from ftops.api.jobs import KnownJob, open_job, read_metrics
from ftops.cli import options
from ftops.cli.completion import fine_tune_names
from ftops.cli.garbage import collect_as_usual
from ftops.cli.session import surroundings
from ftops.cli.streams import reader_gone
from ftops.controller.following import Follower
from ftops.errors import ExitCode
from ftops.model.job import Job, JobEvent, JobStatus
from ftops.model.json_text import json_line
from ftops.report.metrics import metrics_csv, metrics_document, render_metrics, render_plot
from ftops.report.words import plain, printable


@click.command("events")
@click.argument("name", shell_complete=fine_tune_names)
@click.option("--follow", "-f", is_flag=True, help="Continue until the job has ended.")
@options.format_option("text", "json")
@click.pass_obj
def events_command(root: Path, name: str, form: str, *, follow: bool) -> int:
    """Show what the provider reports about a fine-tune's job.

    Exits with 0, or with 5 when the job has failed or was cancelled. `--format json` writes one JSON object
    per line.
    """
    show = _json_line if form == "json" else _text_line
    opened = open_job(root, name, surroundings())
    with options.documented_failure(root, form, "events"), opened as known:
        if not follow:
            job = known.provider.retrieve_fine_tune(known.recorded.id)
            for event in known.provider.list_fine_tune_events(job.id):
                click.echo(show(event))
            return _outcome(job)
        return _follow(known, show)


@click.command("metrics")
@click.argument("name", shell_complete=fine_tune_names)
@click.option(
    "--plot",
    is_flag=True,
    help="Plot the losses as curves, as wide as the terminal, or COLUMNS (80) without one.",
)
@options.format_option("text", "json", "csv")
@click.pass_obj
def metrics_command(root: Path, name: str, form: str, *, plot: bool) -> None:
    """Show the losses of a job step by step: from its result file, or from its events while it runs."""
    if plot and form != "text":
        raise click.UsageError("--plot draws text; leave --format out")
    opened = open_job(root, name, surroundings())
    with options.documented_failure(root, form, "metrics"), opened as known:
        points = read_metrics(known.provider, known.provider.retrieve_fine_tune(known.recorded.id))
        job_id = known.recorded.id
    if form == "json":
        options.print_document(metrics_document(name, job_id, points))
    elif form == "csv":
        click.echo(metrics_csv(points), nl=False)
    elif not points:
        click.echo(f"{name}: job {printable(job_id)} has reported no metrics yet.")
    elif plot and options.takes_utf8():
        coloured, height = options.styler() is not plain, shutil.get_terminal_size().lines
        drawn = render_plot(points, width=options.table_width(), height=height, colour=coloured)
        click.echo(drawn, nl=False)
    else:
        click.echo(render_metrics(points), nl=False)


def _follow(known: KnownJob, show: Callable[[JobEvent], str]) -> int:
    never = threading.Event()
    collect_as_usual()
    follower = Follower(known.provider, known.recorded.id, never.wait)
    for event in follower.events():
        click.echo(show(event))
        if reader_gone():
            return ExitCode.NOTHING
    if follower.job is None:
        raise ValueError("following ended before the job could be read")
    return _outcome(follower.job)


def _outcome(job: Job) -> ExitCode:
    failed = job.status in (JobStatus.FAILED, JobStatus.CANCELLED)
    return ExitCode.JOB_FAILED if failed else ExitCode.NOTHING


def _text_line(event: JobEvent) -> str:
    level = "" if event.level == "info" else f"{event.level}: "
    return printable(f"{_time(event) or '-':<20}  {level}{event.message}")


def _json_line(event: JobEvent) -> str:
    document = {
        "time": _time(event),
        "level": event.level,
        "type": event.type,
        "message": event.message,
        "data": event.data,
    }
    return json_line(document)


def _time(event: JobEvent) -> str | None:
    """Format the time in UTC; one beyond the calendar is unknown."""
    if event.created_at is None:
        return None
    try:
        return datetime.fromtimestamp(event.created_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return None
