"""Findings of one file under one set of rules, counted by kind, so that no kind hides another."""

from __future__ import annotations

from msgspec import Struct, field

from ftops.datasets.breach import Breach
from ftops.datasets.tables import Ruleset
from ftops.model.data_check import MOST_LINES_NAMED, Finding, Severity


class _Kind(Struct):
    severity: Severity
    first: Breach
    column: int | None = None
    count: int = 0
    last_line: int = 0
    lines: list[int] = field(default_factory=list)


class Row(Struct, frozen=True):
    """A row as it stands in its line: `indent` is how many columns stand before it."""

    text: bytes
    indent: int = 0

    def column(self, breach: Breach) -> int | None:
        """Return the column of a breach in the line."""
        column = breach.column_in(self.text)
        return None if column is None else column + self.indent


class FindingCounter:
    """Collects breaches; a line counts once per kind."""

    def __init__(self, path: str, rules: Ruleset) -> None:
        self.rules = rules
        self._path = path
        self._kinds: dict[str, _Kind | None] = {}

    def add(self, breach: Breach, line: int | None = None, row: Row | None = None) -> None:
        """Count a breach at a line, or of the whole file. One that these rules do not judge is ignored.

        Of the first line of a kind the column is looked for, in its `row`.
        """
        if breach.kind not in self._kinds:
            severity = self.rules.severity(breach.kind)
            column = row.column(breach) if row is not None else breach.column
            self._kinds[breach.kind] = None if severity is None else _Kind(severity, breach, column)
        kind = self._kinds[breach.kind]
        if kind is None or line is None or kind.last_line == line:
            return
        kind.last_line = line
        kind.count += 1
        if len(kind.lines) < MOST_LINES_NAMED:
            kind.lines.append(line)

    def add_lines(self, kind: str, lines: list[int], count: int) -> None:
        """Count many lines of one kind at once; `lines` are the first of them."""
        for line in lines:
            self.add(Breach(kind), line)
        counted = self._kinds.get(kind)
        if counted is not None:
            counted.count = count

    def findings(self) -> list[Finding]:
        """What was found, in no order."""
        return [_finding(name, kind, self._path) for name, kind in self._kinds.items() if kind is not None]


def finding_of(breach: Breach, rules: Ruleset, path: str) -> Finding | None:
    """A breach of a whole file as a finding; None where the rules do not judge it."""
    severity = rules.severity(breach.kind)
    return None if severity is None else _finding(breach.kind, _Kind(severity, breach), path)


def _finding(name: str, kind: _Kind, path: str) -> Finding:
    first = kind.first
    lines = tuple(kind.lines)
    return Finding(name, kind.severity, path, first.message, first.hint, kind.count, lines, kind.column)
