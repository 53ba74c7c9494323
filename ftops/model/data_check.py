"""What was found in data files: findings by kind, statistics, and what they mean for each fine-tune."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field

from ftops.errors import Problem
from ftops.model.dataset import Dataset
from ftops.model.lengths import Lengths

MOST_LINES_NAMED = 10
"""How many lines a finding names; the rest are counted."""


class Severity(StrEnum):
    """What a finding does: an error holds the fine-tune, a warning is only reported."""

    ERROR = "error"
    WARNING = "warning"


class Finding(Struct, frozen=True):
    """One kind of thing that is wrong with one file, and where.

    `kind` names the rule in schemas/datasets/rules.v1.json. `message` says it of the first line; `column`
    leads to the place in it, from 1, where one place is meant. `count` is the number of lines, 0 where the
    whole file is meant; `lines` are the first of them.
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
    """One file as it was read. A finding is listed once, with the names of the fine-tunes concerned."""

    path: str
    statistics: Statistics
    findings: tuple[tuple[Finding, tuple[str, ...]], ...]


class DataVerdict(Struct, frozen=True):
    """The verdict on the data of one fine-tune. With `problems` it may not be created."""

    problems: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()


class CheckedFile(Struct, frozen=True):
    """One file with all that is known of it. `judged_by` are the fine-tunes, or the options, that it serves.

    A file that could not be read to its end has no `dataset` and no `lengths`.
    """

    check: FileCheck
    judged_by: tuple[str, ...]
    dataset: Dataset | None = None
    lengths: Lengths | None = None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything that was found, errors first."""
        return tuple(finding for finding, _ in self.check.findings)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """What a fine-tune is held for."""
        return tuple(one for one in self.findings if one.severity is Severity.ERROR)


class FixedFile(Struct, frozen=True):
    """What became of a file that was to be corrected: `corrections` count lines by kind.

    `copy` is the corrected copy as it was checked again; None where nothing could be, or had to be, written,
    and `problem` says why not.
    """

    path: str
    corrections: Mapping[str, int] = field(default_factory=dict)
    copy: CheckedFile | None = None
    problem: Problem | None = None


class DataCheck(Struct, frozen=True):
    """Data files as they were checked. `problems` are those of the declarations that name them."""

    files: tuple[CheckedFile, ...] = ()
    fixed: tuple[FixedFile, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def errors(self) -> tuple[Problem, ...]:
        """What is wrong still: of a file with a corrected copy, what is wrong with the copy."""
        copies = {one.path: one.copy for one in self.fixed if one.copy is not None}
        left = [copies.get(file.check.path, file) for file in self.files]
        refused = [one.problem for one in self.fixed if one.problem is not None]
        return (*self.problems, *refused, *(finding.problem for file in left for finding in file.errors))
