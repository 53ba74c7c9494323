"""The page of the decision table, drawn from `ftops/planner/table.py`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from docs.generator.reference import NOTICE
from ftops.errors import ExitCode
from ftops.model.change import (
    INVALID_INPUT_REASONS,
    JOB_FAILED_REASONS,
    NEEDS_PERSON_REASONS,
    REFUSED_REASONS,
    Reason,
)
from ftops.planner.table import BEFORE, DECLARED, GATES, STRAYS, UNDECLARED, UNREAD, Beside, Row

_CODES = {
    ExitCode.ERROR: INVALID_INPUT_REASONS,
    ExitCode.REFUSED: REFUSED_REASONS,
    ExitCode.NEEDS_PERSON: NEEDS_PERSON_REASONS,
    ExitCode.JOB_FAILED: JOB_FAILED_REASONS,
}


def decision_table_page() -> str:
    """Draw every row in its order, and what is decided before, after and beside the table."""
    lines = [
        NOTICE.format(source="ftops/planner/table.py"),
        "# What is done when",
        "",
        "First the records are settled: renames are followed, recorded jobs refreshed, and intents",
        '(durable notes "about to create this") resolved against the provider\'s lists. Then, for each',
        "name, the first row that fits wins, and its decision passes the gates. *Active* means not ended;",
        "an unknown status counts as active. *The same* is a record whose fingerprint is that of",
        "what is declared. The number behind a reason is the exit code that a hold for it causes.",
        "",
        "## Before the table",
        "",
        *_beside(BEFORE),
        "",
        "## What is declared",
        "",
        *_rows(DECLARED),
        "",
        "## What is declared, and its data cannot be read",
        "",
        "Without its rows a fine-tune has no fingerprint, so it is unknown whether a job trains it.",
        "",
        *_rows(UNREAD),
        "",
        "## What is recorded, and no longer declared",
        "",
        *_rows(UNDECLARED),
        "",
        "## Gates",
        "",
        "A hold cancels nothing. A running job whose upstream is not ready yet is cancelled now and created",
        "later. Each change that trains later says so (`then`: create or replace, generation, reason,",
        "data, cost).",
        "",
        *_beside(GATES),
        "",
        "## Jobs beside the current ones",
        "",
        "Each is a separate change. What does not carry this project's mark is unmanaged: counted, never",
        "touched.",
        "",
        *_beside(STRAYS),
        "",
        "Two names with one fingerprint are both created; every plan says that they train the same thing.",
        "",
        "## The promise",
        "",
        "Killed with SIGKILL at any instruction, cut from the network at any byte, run twice at once, the",
        "provider ends with at most one job per (name, generation, attempt), and later applies converge.",
        "It can fail only when a process stalls between the check and the write of a create, a proxy",
        "repeats the POST, or a list that claims to be complete is not; the second job then carries a",
        "nonce of ours, and `duplicate` cancels it, or it carries no mark and `lookalike` shows it.",
    ]
    return "\n".join(lines) + "\n"


def _rows(rows: Sequence[Row]) -> Iterator[str]:
    yield "| recorded | at the provider | action | reason |"
    yield "|---|---|---|---|"
    for row in rows:
        yield f"| {row.recorded} | {row.live} | {row.does} | {_reasons(row.reasons)} |"


def _beside(rows: Sequence[Beside]) -> Iterator[str]:
    yield "| when | action | reason |"
    yield "|---|---|---|"
    for row in rows:
        yield f"| {row.when} | {row.does} | {_reasons(row.reasons)} |"


def _reasons(reasons: Iterable[Reason]) -> str:
    return ", ".join(f"`{reason}`{_code(reason)}" for reason in reasons)


def _code(reason: Reason) -> str:
    codes = [str(code.value) for code, causes in _CODES.items() if reason in causes]
    return f" ({codes[0]})" if codes else ""
