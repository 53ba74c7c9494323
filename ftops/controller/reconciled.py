"""What one round of reconcile came to: exit code, JSON, logs and metrics are drawn from this one value."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from msgspec import Struct

from ftops.api.rounds import Round
from ftops.errors import ExitCode, Problem


class Result(StrEnum):
    """How a round ended, in a word that never changes."""

    DONE = "done"
    """It planned, and did what may be done now: perhaps nothing."""
    STANDING_BY = "standing-by"
    """Another run holds the lock and does the work: no reason for an alarm."""
    FROZEN = "frozen"
    """The kill switch is on."""
    REFUSED = "refused"
    """A limit or a policy forbids the plan, so nothing of it was done."""
    FAILED = "failed"
    """Nothing could be planned: manifests that do not load, a state that cannot be read."""


class Reconciled(Struct, frozen=True):
    """One round of one project.

    `id` joins its log lines, `started_at` is Unix seconds, `seconds` how long it took. `round` is what was
    planned and done, None where nothing was planned; `problems` say why. `holder` is who held the lock.
    """

    id: str
    project: str
    root: Path
    started_at: float
    seconds: float
    result: Result
    code: ExitCode
    round: Round | None = None
    problems: tuple[Problem, ...] = ()
    holder: str | None = None
