"""What was found in data files: findings by kind, statistics, and what they mean for each fine-tune."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field

from ftops.errors import Problem

MOST_LINES_NAMED = 10
"""How many lines a finding names; the rest are counted."""


class Severity(StrEnum):
    """What a finding does: an error holds the fine-tune, a warning is only said."""

    ERROR = "error"
    WARNING = "warning"


class Finding(Struct, frozen=True):
    """One kind of thing that is wrong with one file, and where.

    `kind` names the rule in schemas/datasets/rules.v1.json. `message` says it of the first line, whose
    `column` is known where it is not JSON. `count` is the number of lines, 0 where the whole file is meant;
    `lines` are the first of them.
    """

    kind: str
    severity: Severity
    path: str
    message: str
    hint: str | None = None
    count: int = 0
    lines: tuple[int, ...] = ()
    column: int | None = None

    @property
    def problem(self) -> Problem:
        """The finding as a problem with a place; more lines are counted and the first of them named."""
        line = self.lines[0] if self.lines else None
        return Problem(f"{self.message}{self._more()}", self.path, line, self.column, hint=self.hint)

    def _more(self) -> str:
        more, named = self.count - 1, self.lines[1:]
        if more <= 0:
            return ""
        numbers = ", ".join(map(str, named)) + (", ..." if more > len(named) else "")
        return f"; and {more} more {'line' if more == 1 else 'lines'}: {numbers}"


class Statistics(Struct, frozen=True):
    """The figures of one file. `longest_row` is in bytes; `forms` and `roles` count rows and messages."""

    rows: int = 0
    forms: Mapping[str, int] = field(default_factory=dict)
    roles: Mapping[str, int] = field(default_factory=dict)
    rows_with_tools: int = 0
    images: int = 0
    duplicate_rows: int = 0
    longest_row: int = 0
    longest_row_line: int | None = None


class FileCheck(Struct, frozen=True):
    """One file as it was read. A finding stands once, beside the names of the fine-tunes that it is about."""

    path: str
    statistics: Statistics
    findings: tuple[tuple[Finding, tuple[str, ...]], ...]


class DataVerdict(Struct, frozen=True):
    """What the data of one fine-tune comes to. With `problems` it may not be created."""

    problems: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()
