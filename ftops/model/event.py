"""Event: what happened while applying, as it happens."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from ftops.errors import FtopsError, Problem, ProviderError
from ftops.model.change import Change


class EventKind(StrEnum):
    """The steps a person may want to watch."""

    FETCH_STARTED = "fetch-started"
    FETCHING = "fetching"
    FETCH_DONE = "fetch-done"
    UPLOAD_STARTED = "upload-started"
    UPLOADING = "uploading"
    UPLOAD_DONE = "upload-done"
    CHANGE_STARTED = "change-started"
    CHANGE_DONE = "change-done"
    CHANGE_FAILED = "change-failed"
    CHANGE_SKIPPED = "change-skipped"
    STATE_WRITTEN = "state-written"
    LOCK_TAKEN_OVER = "lock-taken-over"
    LOCK_AWAITED = "lock-awaited"
    COMMIT_UNKNOWN = "commit-unknown"
    UNMARKED = "unmarked"
    FROZEN = "frozen"
    BACKED_UP = "backed-up"
    NOTED = "noted"
    NOT_DELIVERED = "not-delivered"


class Event(Struct, frozen=True):
    """One thing that happened. `time` is Unix seconds; `change` is None for what concerns no single one."""

    kind: EventKind
    time: float
    message: str
    change: Change | None = None
    job_id: str | None = None


class Outcome(StrEnum):
    """The outcome of one change, in a word."""

    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


class ChangeResult(Struct, frozen=True):
    """The outcome of one change. `ambiguous` means that only a later run or a person can tell.

    `problems` say why it failed or was skipped, each with its place and what to do; `code` is the provider's
    own word for it.
    """

    change: Change
    outcome: Outcome
    job_id: str | None = None
    problems: tuple[Problem, ...] = ()
    code: str | None = None
    ambiguous: bool = False

    @classmethod
    def why(
        cls, change: Change, outcome: Outcome, error: FtopsError | str, *, ambiguous: bool = False
    ) -> ChangeResult:
        """Return the outcome of a change that was not done, with all that the error knows."""
        problems = error.problems if isinstance(error, FtopsError) else (Problem(error),)
        code = error.failure.code if isinstance(error, ProviderError) else None
        return cls(change, outcome, None, problems, code, ambiguous)

    @property
    def error(self) -> str | None:
        """Why it failed or was skipped, in one line; None where it was done."""
        return "; ".join(map(str, self.problems)) or None
