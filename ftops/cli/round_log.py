"""The log of reconcile on stderr: lines with their time, or one JSON object a line."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime
from typing import Any

from ftops.cli.drawn import PROGRESS
from ftops.cli.request_log import LONGEST_LINE, members
from ftops.cli.secrecy import current_vault
from ftops.controller.reconciled import Reconciled
from ftops.model.event import Event
from ftops.model.json_text import json_line
from ftops.report.rounds import LogLine, RoundFacts, event_line, round_lines
from ftops.report.words import cut, printable


def facts_of(ended: Reconciled) -> RoundFacts:
    """Return what is told of a round."""
    run = ended.round
    return RoundFacts(
        ended.id,
        ended.project,
        ended.started_at,
        ended.seconds,
        ended.result.value,
        ended.code,
        run.reviewed.plan if run else None,
        run.results if run else (),
        run.reviewed.review.violations if run else (),
        ended.problems,
        ended.holder,
        run.reviewed.planning.state.acks if run else {},
        run.reviewed.at if run else 0.0,
    )


class RoundLog:
    """The log of one project's rounds; lines come from any thread.

    `label` tells the projects of one process apart. A secret is blanked before a line becomes JSON, which
    would hide it.
    """

    def __init__(self, form: str, label: str | None = None) -> None:
        self._json = form == "json"
        self._label = label
        self._project: str | None = None
        self._round: str | None = None
        self._vault = current_vault()
        self._said: frozenset[str] = frozenset()

    def begun(self, identity: str) -> None:
        """Name the round that the lines from now on are of."""
        self._round = identity

    def planned(self, project: str) -> None:
        """Name the project, which is known once it is loaded."""
        self._project = project

    def hear(self, event: Event) -> None:
        """Write what happens within a round; its time is now: a wait for a lock has begun long before."""
        self.write(event_line(event))

    def ended(self, told: Reconciled) -> None:
        """Write what a round came to: what its plan said in the round before as well is not repeated."""
        self._project = told.project
        *reasons, last = round_lines(facts_of(told))
        always = {str(problem) for problem in told.problems}
        for line in reasons:
            if line.message in always or line.message not in self._said:
                self.write(line)
        self._said = frozenset(line.message for line in reasons)
        self.write(last)

    def say(self, message: str) -> None:
        """Write a sentence of our own."""
        self.write(LogLine("info", message))

    def warn(self, message: str) -> None:
        """Write a warning of our own."""
        self.write(LogLine("warning", message))

    def write(self, line: LogLine) -> None:
        """Write one line."""
        PROGRESS.above(self.drawn(line, time.time()))

    def drawn(self, line: LogLine, now: float) -> str:
        """Draw a line without its end."""
        moment = datetime.fromtimestamp(now, UTC)
        message = cut(printable(self._vault.blank(line.message)), LONGEST_LINE)
        if not self._json:
            word = "" if line.level == "info" else f"{line.level.capitalize()}: "
            label = f"[{printable(self._label)}] " if self._label else ""
            return f"{moment:%Y-%m-%dT%H:%M:%SZ} {label}{word}{message}"
        stamp = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        own = {"reconcile": self._round, "project": self._project, "directory": self._label}
        known = {name: value for name, value in (*own.items(), *line.known.items()) if value is not None}
        return json_line({"time": stamp, "level": line.level, "message": message, **self._blanked(known)})

    def _blanked(self, known: dict[str, Any]) -> dict[str, Any]:
        blank = self._vault.blank
        return {name: blank(value) if isinstance(value, str) else value for name, value in known.items()}

    def take_requests(self) -> None:
        """Write the request log of -v as lines of this one."""
        for handler in logging.getLogger("ftops").handlers:
            handler.setFormatter(_RequestLines(self))


class _RequestLines(logging.Formatter):
    def __init__(self, log: RoundLog) -> None:
        super().__init__()
        self._log = log

    def format(self, record: logging.LogRecord) -> str:
        line = LogLine(record.levelname.lower(), record.getMessage(), members(record))
        return self._log.drawn(line, record.created)
