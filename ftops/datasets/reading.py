"""One pass over a file: its rows, and the digests of its bytes and of its rows; constant memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import BinaryIO

from ftops.datasets.disguises import SPACE
from ftops.model.data_check import MOST_LINES_NAMED

MOST_LINE_BYTES = 16 * 1024 * 1024
"""A longer line is no example; reading it whole could fill the memory."""


class Reading:
    """A file being read. `bytes`, `rows` and the digests are whole once `lines` has come to its end.

    `rows_sha256` is over each row without the white space around it, a newline after each: so line ends,
    blank lines and a final newline change nothing, and everything that is trained on does.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._bytes_digest = hashlib.sha256()
        self._own_rows_digest: hashlib._Hash | None = None
        """None as long as bytes and rows are the same: most files have nothing else than rows."""
        self._line = b""
        self.bytes = 0
        self.rows = 0
        self.blank_lines: list[int] = []
        """Blank lines with a row after them, as far as they are named."""
        self.blank_count = 0
        self.too_long: int | None = None
        """The line at which reading stopped, because it is too long."""

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Yield each row with the number of its line."""
        last = 0
        for number, line in enumerate(iter(self._next, b""), 1):
            if len(line) > MOST_LINE_BYTES:
                self.too_long = number
                return
            row = line.strip(SPACE)
            self._digest(line, row)
            if not row:
                continue
            self._line = line
            self.rows += 1
            if number > last + 1:
                self._blank(last + 1, number)
            last = number
            yield number, row

    def _digest(self, line: bytes, row: bytes) -> None:
        rows = self._own_rows_digest
        if rows is None and row and len(line) == len(row) + 1 and line.endswith(b"\n"):
            self._bytes_digest.update(line)
            self.bytes += len(line)
            return
        if rows is None:
            rows = self._own_rows_digest = self._bytes_digest.copy()
        self._bytes_digest.update(line)
        self.bytes += len(line)
        if row:
            rows.update(row)
            rows.update(b"\n")

    @property
    def indent(self) -> int:
        """How much white space stands before the row that was yielded last."""
        return len(self._line) - len(self._line.lstrip(SPACE))

    @property
    def file_sha256(self) -> str:
        """The digest of all bytes, in hex."""
        return self._bytes_digest.hexdigest()

    @property
    def rows_sha256(self) -> str:
        """The digest of all rows, in hex."""
        return (self._own_rows_digest or self._bytes_digest).hexdigest()

    def _next(self) -> bytes:
        return self._file.readline(MOST_LINE_BYTES + 1)

    def _blank(self, first: int, after: int) -> None:
        self.blank_count += after - first
        room = MOST_LINES_NAMED - len(self.blank_lines)
        self.blank_lines += range(first, min(after, first + max(0, room)))
