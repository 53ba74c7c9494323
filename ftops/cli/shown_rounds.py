"""The rounds of one project, shown as they were asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from msgspec import Struct

from ftops.api.surroundings import Surroundings
from ftops.cli import options
from ftops.cli.plan import show_plan
from ftops.cli.round_log import RoundLog, facts_of
from ftops.cli.secrecy import blanked_problems
from ftops.controller.controller import Listener
from ftops.controller.pulling import Pulling
from ftops.controller.reconciled import Reconciled
from ftops.controller.rounds import Watch, reconcile_round
from ftops.errors import FtopsError
from ftops.model.json_text import json_line
from ftops.model.value import replace
from ftops.reconciler.values import Reviewed
from ftops.report.rounds import LogLine, round_document
from ftops.report.terminal import render_results
from ftops.review.selection import Selection

_PRINTING = threading.Lock()
"""Projects of one process print from threads of their own."""


class Rounds(Struct, frozen=True):
    """The rounds of one project, each told to whoever reads its output and its log, and to `heard_by`."""

    root: Path
    within: Surroundings
    chosen: Selection
    parallelism: int
    pulling: Pulling | None
    form: str
    log: RoundLog
    heard_by: tuple[Listener, ...] = ()

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """Who is told of each round of a controller."""
        printing = (self.print_line,) if self.form == "json" else ()
        return (self.log.ended, *printing, *self.heard_by)

    def one(self) -> int:
        """Do one round, and show its plan."""
        ended = self.run(self._show_plan)
        if self.form == "text" and ended.round is not None and ended.round.results:
            click.echo(render_results(ended.round.results, options.styler()), nl=False)
        for listener in (self.log.ended, *self.heard_by):
            listener(ended)
        if self.form == "json":
            options.print_document(document(ended))
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
        try:
            with _PRINTING:
                click.echo(json_line(document(ended)))
        except FtopsError as error:
            # One that would show a secret is not printed: no reason to do without the rounds to come.
            self.log.write(LogLine("error", str(error)))

    def _show_plan(self, reviewed: Reviewed) -> None:
        if self.form == "text":
            show_plan(reviewed, "text")


def document(ended: Reconciled) -> dict[str, Any]:
    """Return the document of a round."""
    return round_document(facts_of(replace(ended, problems=blanked_problems(ended.problems))))
