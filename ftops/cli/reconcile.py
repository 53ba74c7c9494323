"""`ftops reconcile`."""

from __future__ import annotations

import random
import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ftops.cli import options
from ftops.cli.garbage import collect_as_usual
from ftops.cli.main import LOG_FORMAT
from ftops.cli.metrics_options import MetricsWanted, expect, measured, measuring, metrics_options
from ftops.cli.round_log import RoundLog
from ftops.cli.session import lock_timeout_option, surroundings
from ftops.cli.shown_rounds import Rounds, document
from ftops.cli.signals import Asked, stopping
from ftops.controller.controller import Controller
from ftops.controller.pacing import SHORTEST_INTERVAL, Pacing
from ftops.controller.pulling import Pulling
from ftops.controller.rounds import failed_before
from ftops.errors import ExitCode, FtopsError
from ftops.review.selection import Selection

if TYPE_CHECKING:
    from ftops.controller.instruments import Instruments

_MOST_JITTER = 100


@click.command("reconcile")
@click.option("--once", is_flag=True, help="Do what can be done now, then exit.")
@click.option(
    "--interval",
    metavar="DURATION",
    default="5m",
    show_default=True,
    help="Without --once: how long to wait after each round (30s, 5m, 1h).",
)
@click.option(
    "--jitter",
    metavar="PERCENT",
    default="10%",
    show_default=True,
    help="How much shorter or longer a wait may be, by chance: many controllers do not ask all at once.",
)
@click.option(
    "--projects",
    metavar="GLOB",
    help="Reconcile every project in the directories that match, each by itself: 'teams/*'.",
)
@click.option(
    "--pull", is_flag=True, help="Before each round, fast-forward the checkout to its upstream (git)."
)
@click.option(
    "--parallelism",
    type=click.IntRange(1, 64),
    default=8,
    show_default=True,
    help="How many requests to send at once.",
)
@options.format_option(
    "text", "json", description="Output format; json writes each round as one document of its own."
)
@metrics_options
@options.selection_options
@lock_timeout_option
@click.pass_obj
def reconcile_command(
    root: Path,
    *,
    once: bool,
    interval: str,
    jitter: str,
    projects: str | None,
    pull: bool,
    parallelism: int,
    form: str,
    metrics: MetricsWanted,
    chosen: Selection,
) -> int:
    """Plan and apply within the project's limits without asking: once, or again and again.

    Without --once it goes on until SIGTERM (exit code 0) or Ctrl-C. What is in flight is finished first.
    A run that finds the lock held stands by, and ends with 0: another one does the work.
    """
    pacing = _pacing(interval, jitter)
    log_form = click.get_current_context().meta.get(LOG_FORMAT, "text")
    log, stop = RoundLog(log_form), threading.Event()
    log.take_requests()
    every, patience = None if once else pacing.interval, surroundings().lock_timeout
    tools = measuring(metrics, root, interval=every, silence=patience, say=log.say, warn=log.warn)
    with tools as instruments, stopping(stop, say=log.say) as asked:
        if projects is not None:
            from ftops.cli.reconcile_many import Many

            many = Many(root, projects, chosen, parallelism, form, log_form, stop, pull, instruments)
            many.require_any()
            if once:
                return many.once()
            many.go_on(pacing)
            return _code(asked)
        expect(instruments, root)
        within = measured(surroundings(stop, log.hear), instruments)
        pulling = _pulling(root, stop, form) if pull else None
        heard_by = (instruments,) if instruments else ()
        rounds = Rounds(root, within, chosen, parallelism, pulling, form, log, heard_by)
        if once:
            return rounds.one()
        _controlled(rounds, pacing, stop, instruments)
        return _code(asked)


def _controlled(
    rounds: Rounds, pacing: Pacing, stop: threading.Event, instruments: Instruments | None
) -> None:
    """Run rounds until a signal comes."""
    collect_as_usual()
    draw = random.SystemRandom().random
    controller = Controller(rounds.run, pacing, stop.wait, draw, rounds.listeners)
    if instruments is not None:
        controller.resting = instruments.pausing
    controller.go_on()


def _code(asked: Asked) -> int:
    """Return the exit code of a controller that has ended."""
    return ExitCode.NOTHING if asked.politely else ExitCode.INTERRUPTED


def _pulling(root: Path, stop: threading.Event, form: str) -> Pulling:
    """Look at what is to be followed. Raises FtopsError where that is nothing, and says so as a document."""
    try:
        return Pulling(root, stop.is_set)
    except FtopsError as error:
        if form == "json":
            options.print_document(document(failed_before(root, error)))
        raise


def _pacing(interval: str, jitter: str) -> Pacing:
    """Read the options. Raises UsageError."""
    seconds = options.seconds(interval) or 0.0
    if seconds < SHORTEST_INTERVAL:
        raise click.UsageError(f"--interval {interval}: write at least {SHORTEST_INTERVAL:g}s")
    found = re.fullmatch(r"(\d{1,3})%?", jitter)
    if not found or int(found[1]) > _MOST_JITTER:
        raise click.UsageError(f"--jitter {jitter}: write a percentage from 0% to {_MOST_JITTER}%")
    return Pacing(seconds, int(found[1]) / 100)
