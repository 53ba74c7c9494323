"""Findings that other rules share: what an error says, and what is in nobody's way."""

from __future__ import annotations

from collections.abc import Iterator

from ftops.errors import FtopsError
from ftops.model.check import Check, Verdict
from ftops.model.value import replace

UNUSED = "no fine-tune or record uses it"


def failed(check: str, error: FtopsError, subject: str | None = None) -> Iterator[Check]:
    """Make a failed check from each problem in an error."""
    for problem in error.problems:
        place = ":".join(str(part) for part in (problem.file, problem.line, problem.column) if part)
        where = " ".join(part for part in (place, problem.path) if part)
        message = f"{where}: {problem.message}" if where else problem.message
        yield Check(check, Verdict.FAIL, message, problem.hint, subject)


def lenient(check: Check, *, used: bool) -> Check:
    """Only warn about a provider that nothing uses: it does no harm."""
    if used or check.verdict is not Verdict.FAIL:
        return check
    return replace(check, verdict=Verdict.WARN, message=f"{check.message}; {UNUSED}")
