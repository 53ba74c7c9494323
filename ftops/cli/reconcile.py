"""`ftops reconcile`."""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec import Struct

from ftops.api.surroundings import Surroundings
from ftops.cli import options
from ftops.cli.garbage import collect_as_usual
from ftops.cli.main import LOG_FORMAT
from ftops.cli.metrics_options import MetricsWanted, expect, measuring, metrics_options
from ftops.cli.plan import show_plan
from ftops.cli.round_log import RoundLog, facts_of
from ftops.cli.secrecy import blanked_problems
from ftops.cli.session import lock_timeout_option, surroundings
from ftops.cli.signals import Asked, stopping
from ftops.controller.controller import Controller, Listener
from ftops.controller.pacing import SHORTEST_INTERVAL, Pacing
from ftops.controller.pulling import Pulling
from ftops.controller.reconciled import Reconciled
from ftops.controller.rounds import Watch, failed_before, reconcile_round
from ftops.errors import ExitCode, FtopsError
from ftops.model.value import replace
from ftops.reconciler.values import Reviewed
from ftops.report.rounds import round_document
from ftops.report.terminal import render_results
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
    log = RoundLog(click.get_current_context().meta.get(LOG_FORMAT, "text"))
    log.take_requests()
    stop = threading.Event()
    every, patience = None if once else pacing.interval, surroundings().lock_timeout
    measured = measuring(metrics, root, interval=every, silence=patience, say=log.say, warn=log.warn)
    with measured as instruments:
        expect(instruments, root)
        within = surroundings(stop, log.hear, instruments.hearer if instruments else None)
        pulling = _pulling(root, stop, form) if pull else None
        rounds = _Rounds(root, within, chosen, parallelism, pulling, form, log, instruments)
        with stopping(stop, say=log.say) as asked:
            if once:
                return rounds.one()
            return _controlled(rounds, pacing, stop, asked)


class _Rounds(Struct, frozen=True):
    """The rounds of one command, each told to whoever reads its output and its log."""

    root: Path
    within: Surroundings
    chosen: Selection
    parallelism: int
    pulling: Pulling | None
    form: str
    log: RoundLog
    instruments: Instruments | None = None

    def one(self) -> int:
        """Do one round, and show its plan."""
        ended = self.run(self._show_plan)
        if self.form == "text" and ended.round is not None and ended.round.results:
            click.echo(render_results(ended.round.results, options.styler()), nl=False)
        self.log.ended(ended)
        if self.instruments is not None:
            self.instruments(ended)
        if self.form == "json":
            options.print_document(_document(ended))
        return ended.code

    def run(self, show: Callable[[Reviewed], None] = lambda _: None) -> Reconciled:
        """Do one round."""

        def look(reviewed: Reviewed) -> None:
            self.log.planned(reviewed.plan.project)
            show(reviewed)

        return reconcile_round(
            self.root,
            self.within,
            self.chosen,
            self.parallelism,
            pulling=self.pulling,
            watch=Watch(self.log.begun, look),
        )

    def print_line(self, ended: Reconciled) -> None:
        """Print the document of a round on a line of its own."""
        from ftops.model.json_text import json_line

        click.echo(json_line(_document(ended)))

    def _show_plan(self, reviewed: Reviewed) -> None:
        if self.form == "text":
            show_plan(reviewed, "text")


def _controlled(rounds: _Rounds, pacing: Pacing, stop: threading.Event, asked: Asked) -> int:
    """Run rounds until a signal comes; return the exit code that fits it."""
    collect_as_usual()
    listeners: list[Listener] = [rounds.log.ended]
    if rounds.form == "json":
        listeners.append(rounds.print_line)
    draw = random.SystemRandom().random
    controller = Controller(rounds.run, pacing, stop.wait, draw, listeners)
    if rounds.instruments is not None:
        listeners.append(rounds.instruments)
        controller.resting = rounds.instruments.pausing
    controller.go_on()
    return ExitCode.NOTHING if asked.politely else ExitCode.INTERRUPTED


def _pulling(root: Path, stop: threading.Event, form: str) -> Pulling:
    """Look at what is to be followed. Raises FtopsError where that is nothing, and says so as a document."""
    try:
        return Pulling(root, stop.is_set)
    except FtopsError as error:
        if form == "json":
            options.print_document(_document(failed_before(root, error)))
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


def _document(ended: Reconciled) -> dict[str, Any]:
    return round_document(facts_of(replace(ended, problems=blanked_problems(ended.problems))))
