"""The table client x operation, as text that is Markdown too."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from tests.conformance.clients import OPERATIONS
from tests.conformance.servers import SERVER_OPERATIONS

ROWS = (*OPERATIONS, *SERVER_OPERATIONS)
OK, FAILED, SKIPPED, NOTHING = "ok", "FAILED", "skipped", ""


@dataclass(frozen=True, slots=True)
class Cell:
    """What came of one operation by one client."""

    operation: str
    calls: tuple[str, ...] = ()
    why: str | None = None
    """None: it went well."""


class Subject(Protocol):
    """A program that was run: a client that drives the emulator, or a server that ftops drives."""

    @property
    def name(self) -> str:
        """What stands over its column."""

    @property
    def operations(self) -> tuple[str, ...]:
        """The cells that must be reported."""


@dataclass(frozen=True, slots=True)
class Column:
    """What came of one program."""

    subject: Subject
    version: str = "?"
    cells: tuple[Cell, ...] = ()
    skipped: str | None = None
    """Why it was not run."""

    @property
    def failures(self) -> list[Cell]:
        """The cells that went wrong."""
        return [cell for cell in self.cells if cell.why is not None]

    def word(self, operation: str) -> str:
        """Return what stands in the table."""
        if self.skipped is not None:
            return SKIPPED if operation in self.subject.operations else NOTHING
        whys = [cell.why for cell in self.cells if cell.operation == operation]
        if not whys:
            return NOTHING
        return OK if whys == [None] * len(whys) else FAILED


def render(columns: Sequence[Column]) -> str:
    """Return a table of clients and one of servers, each failure and why, what was skipped, and the sum."""
    tables = (_table(columns, rows) for rows in (OPERATIONS, SERVER_OPERATIONS))
    return "\n".join([*(table for table in tables if table), *_remarks(columns)])


def _table(columns: Sequence[Column], rows: Sequence[str]) -> str:
    """Return the columns that have some of these rows."""
    columns = [column for column in columns if set(rows) & set(column.subject.operations)]
    head = ["operation", *(column.subject.name for column in columns)]
    versions = ["", *(column.version for column in columns)]
    lines = [[operation, *(column.word(operation) for column in columns)] for operation in rows]
    lines = [line for line in lines if any(line[1:])]
    widths = [max(map(len, cells)) for cells in zip(head, versions, *lines, strict=True)]
    ruled = [head, ["-" * width for width in widths], versions, *lines]
    return "".join(f"{_line(line, widths)}\n" for line in ruled) if columns else ""


def calls(columns: Iterable[Column]) -> str:
    """Return what each program was asked to do, row by row."""
    lines = []
    for column in columns:
        lines += ["", f"{column.subject.name} ({column.version}):"]
        lines += [f"  {cell.operation}: {', '.join(cell.calls)}" for cell in column.cells]
    return "\n".join(lines)


def exit_code(columns: Iterable[Column]) -> int:
    """Return 1 when any cell failed. A column may be skipped, for a reason that is printed."""
    return 1 if any(column.failures for column in columns) else 0


def _remarks(columns: Sequence[Column]) -> list[str]:
    failed = [(column, cell) for column in columns for cell in column.failures]
    lines = [f"FAILED {column.subject.name}: {cell.operation}: {cell.why}" for column, cell in failed]
    lines += [f"skipped {column.subject.name}: {column.skipped}" for column in columns if column.skipped]
    words = [column.word(operation) for column in columns for operation in ROWS]
    counts = (words.count(word) for word in (OK, FAILED, SKIPPED))
    return [*lines, "{} ok, {} failed, {} skipped".format(*counts)]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return f"| {' | '.join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))} |"
