"""The table client x operation, as text that is Markdown too."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.conformance.clients import OPERATIONS, Client

OK, FAILED, SKIPPED, NOTHING = "ok", "FAILED", "skipped", ""


@dataclass(frozen=True, slots=True)
class Cell:
    """What came of one operation by one client."""

    operation: str
    calls: tuple[str, ...] = ()
    why: str | None = None
    """None: it went well."""


@dataclass(frozen=True, slots=True)
class Column:
    """What came of one client."""

    client: Client
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
            return SKIPPED if operation in self.client.operations else NOTHING
        whys = [cell.why for cell in self.cells if cell.operation == operation]
        if not whys:
            return NOTHING
        return OK if whys == [None] * len(whys) else FAILED


def render(columns: Sequence[Column]) -> str:
    """Return the table, then every failure with its reason, every skipped column, and the sum."""
    head = ["operation", *(column.client.name for column in columns)]
    versions = ["", *(column.version for column in columns)]
    rows = [[operation, *(column.word(operation) for column in columns)] for operation in OPERATIONS]
    rows = [row for row in rows if any(row[1:])]
    widths = [max(map(len, cells)) for cells in zip(head, versions, *rows, strict=True)]
    lines = [_line(head, widths), _line(["-" * width for width in widths], widths)]
    lines += [_line(row, widths) for row in (versions, *rows)]
    return "\n".join([*lines, "", *_remarks(columns)])


def calls(columns: Iterable[Column]) -> str:
    """Return what each client called, row by row."""
    lines = []
    for column in columns:
        lines += ["", f"{column.client.name} ({column.version}):"]
        lines += [f"  {cell.operation}: {', '.join(cell.calls)}" for cell in column.cells]
    return "\n".join(lines)


def exit_code(columns: Iterable[Column]) -> int:
    """Return 1 when any cell failed. A column may be skipped, for a reason that is printed."""
    return 1 if any(column.failures for column in columns) else 0


def _remarks(columns: Sequence[Column]) -> list[str]:
    failed = [(column, cell) for column in columns for cell in column.failures]
    lines = [f"FAILED {column.client.name}: {cell.operation}: {cell.why}" for column, cell in failed]
    lines += [f"skipped {column.client.name}: {column.skipped}" for column in columns if column.skipped]
    words = [column.word(operation) for column in columns for operation in OPERATIONS]
    counts = (words.count(word) for word in (OK, FAILED, SKIPPED))
    return [*lines, "{} ok, {} failed, {} skipped".format(*counts)]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return f"| {' | '.join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))} |"
