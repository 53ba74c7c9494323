"""The progress of `apply --wait`: drawn in place on a terminal, one line per change elsewhere."""

from __future__ import annotations

import os
import shutil
import sys

from ftops.api.jobs import read_running_metrics
from ftops.api.rounds import Round
from ftops.api.session import Session
from ftops.cli import options
from ftops.cli.drawn import PROGRESS
from ftops.report.status import status_rows, with_progress
from ftops.report.waiting import changed, render_waiting, standing
from ftops.report.words import printable

_USUAL = (80, 24)


class Progress:
    """Reports on stderr what a wait sees, round by round."""

    def __init__(self) -> None:
        self._before: dict[str, str] = {}
        self._in_place = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"

    def tell(self, session: Session, run: Round) -> None:
        """Say what has changed since the last round and, on a terminal, how far everything is."""
        rows = status_rows(run.reviewed.plan, run.reviewed.planning.state)
        news = changed(self._before, rows)
        self._before = {row.name: standing(row) for row in rows}
        if not self._in_place:
            self._print(news)
            return
        jobs = {job.id: job for seen in run.reviewed.observations.values() for job in seen.jobs}
        wanted = [row.job_id for row in rows if row.job_id]
        points = read_running_metrics(session.providers, jobs, wanted)
        now = session.clock.now()
        rows = with_progress(rows, jobs, points, now)
        # stderr may be a terminal where stdout is not.
        width = shutil.get_terminal_size(_USUAL).columns
        self._print(news)
        lines = render_waiting(rows, points, now, width=width - 1)
        PROGRESS.draw([options.drawn(line, err=True) for line in lines])

    @staticmethod
    def _print(lines: tuple[str, ...]) -> None:
        for line in lines:
            PROGRESS.above(f"  {printable(line)}")
