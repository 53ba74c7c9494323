"""A file, read once under every set of rules that its fine-tunes bring."""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO

import orjson
from msgspec import Struct, field

from ftops.datasets.breach import Breach, shown
from ftops.datasets.conversation import outline
from ftops.datasets.counting import FindingCounter, Row
from ftops.datasets.disguises import BOM, HEAD_BYTES, file_disguise, line_disguise, repeated_key, written_anew
from ftops.datasets.figures import Figures
from ftops.datasets.reading import MOST_LINE_BYTES, Reading
from ftops.datasets.row_hashes import RowHashes
from ftops.datasets.rows import row_breaches
from ftops.datasets.tables import Ruleset
from ftops.model.data_check import Statistics
from ftops.model.dataset import Dataset


class Passed(Struct):
    """The outcome of reading a file. `dataset` is None for a file that was not read to its end.

    `of_uses` are breaches that are about single fine-tunes, by how these use the file.
    """

    dataset: Dataset | None
    statistics: Statistics
    counters: dict[Ruleset, FindingCounter]
    hashes: RowHashes
    of_uses: list[tuple[Breach, Ruleset, str]] = field(default_factory=list)


class FilePass:
    """One file being read."""

    def __init__(self, path: str, rulesets: Iterable[Ruleset]) -> None:
        self._path = path
        self._counters = {rules: FindingCounter(path, rules) for rules in rulesets}
        self._figures = Figures()
        self._hashes = RowHashes()
        self._first_form: str | None = None

    def unreadable(self, reason: str | None) -> Passed:
        """The outcome for a file that could not be opened or read."""
        self._all(Breach("unreadable", shown={"value": reason}))
        return Passed(None, self._figures.statistics(), self._counters, RowHashes())

    def read(self, file: BinaryIO) -> Passed:
        """Read to the end, or to where the file turns out to be something else. Raises OSError."""
        head = file.read(HEAD_BYTES)
        file.seek(0)
        reading, dataset = Reading(file), None
        if disguise := file_disguise(head, self._path):
            self._all(disguise, 1)
        else:
            for number, line in reading.lines():
                self._line(number, line, reading)
            dataset = self._finish(reading)
        return Passed(dataset, self._figures.statistics(), self._counters, self._hashes)

    def _line(self, number: int, line: bytes, reading: Reading) -> None:
        self._figures.line(number, len(line))
        if number == 1 and line.startswith(BOM):
            self._all(Breach("bom"), 1)
            line = line.removeprefix(BOM)
        self._repeated(number, line)
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            self._all(line_disguise(line, error), number, Row(line, reading.indent))
            return
        anew = written_anew(row)
        if anew is None or not isinstance(row, dict):
            self._all(Breach("too-deep" if anew is None else "not-an-object"), number)
            return
        if key := repeated_key(line, anew):
            self._all(Breach("duplicate-key", shown={"value": shown(key)}), number)
        found = outline(row)
        self._form(self._figures.row(row, found), number)
        for rules, counter in self._counters.items():
            for breach in row_breaches(row, line, found, rules):
                counter.add(breach, number, Row(line, reading.indent))

    def _repeated(self, number: int, line: bytes) -> None:
        if self._hashes.add(line):
            self._figures.duplicate()
            self._all(Breach("duplicate-row"), number)

    def _form(self, form: str, number: int) -> None:
        if self._first_form is None:
            self._first_form = form
        elif form != self._first_form and "other" not in (form, self._first_form):
            self._all(Breach("mixed-forms", shown={"value": form, "limit": self._first_form}), number)

    def _finish(self, reading: Reading) -> Dataset | None:
        """Judge the file as a whole; None for one that was not read to its end."""
        if reading.too_long is not None:
            self._all(Breach("long-line", shown={"value": f"{MOST_LINE_BYTES:,}"}), reading.too_long)
            return None
        if reading.rows == 0:
            self._all(Breach("empty"))
        for counter in self._counters.values():
            counter.add_lines("blank-line", reading.blank_lines, reading.blank_count)
            self._sizes(counter, reading)
        return Dataset(self._path, reading.rows_sha256, reading.bytes, reading.rows, reading.file_sha256)

    def _sizes(self, counter: FindingCounter, reading: Reading) -> None:
        pictured = self._figures.rows_with_images
        limit, rows = counter.rules.limit, f"{reading.rows:,} rows"
        sizes = (
            ("too-large", limit("most_bytes"), reading.bytes, f"{reading.bytes:,}"),
            ("beyond-package", counter.rules.largest, reading.bytes, f"{reading.bytes:,}"),
            ("too-many-rows", limit("most_rows"), reading.rows, rows),
            ("too-many-image-rows", limit("most_image_rows"), pictured, f"{pictured:,} rows"),
        )
        for kind, most, size, text in sizes:
            if most is not None and size > most:
                counter.add(Breach(kind, shown={"value": text, "limit": f"{most:,}"}))

    def _all(self, breach: Breach, line: int | None = None, row: Row | None = None) -> None:
        for counter in self._counters.values():
            counter.add(breach, line, row)
