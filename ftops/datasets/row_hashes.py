"""A set of the rows of a file, eight bytes each and room: a set of Python's takes nine times as much."""

from __future__ import annotations

from array import array
from collections.abc import Iterator

MOST_ROWS_REMEMBERED = 2_000_000
"""Of more rows than these (32 MB of memory) the later ones are not compared with earlier ones."""

_FIRST_SLOTS = 1024


class RowHashes:
    """Hashes of rows, good within one process: Python's own, of 64 bits, in a table with open addresses."""

    def __init__(self) -> None:
        self.clear()

    def __len__(self) -> int:
        return self._count

    def add(self, row: bytes) -> bool:
        """Remember a row, if there is room; return whether it is one that was there before."""
        known = hash(row) or 1
        slots, mask = self._slots, self._mask
        at = known & mask
        while held := slots[at]:
            if held == known:
                return True
            at = (at + 1) & mask
        if self._count < MOST_ROWS_REMEMBERED:
            slots[at] = known
            self._count += 1
            if 2 * self._count > mask:
                self._grow()
        return False

    def shared(self, other: RowHashes) -> int:
        """Count the rows that both have."""
        few, many = sorted((self, other), key=len)
        return sum(map(many.holds, few.hashes()))

    def clear(self) -> None:
        """Forget all rows, and give back the memory."""
        self._slots = array("q", bytes(8 * _FIRST_SLOTS))
        self._mask = _FIRST_SLOTS - 1
        self._count = 0

    def holds(self, known: int) -> bool:
        """Return whether a row with this hash is remembered."""
        at = known & self._mask
        while held := self._slots[at]:
            if held == known:
                return True
            at = (at + 1) & self._mask
        return False

    def hashes(self) -> Iterator[int]:
        """Yield the hash of each row, in no order."""
        return filter(None, self._slots)

    def _grow(self) -> None:
        old = self._slots
        slots, mask = array("q", bytes(2 * len(old) * old.itemsize)), 2 * len(old) - 1
        for known in filter(None, old):
            at = known & mask
            while slots[at]:
                at = (at + 1) & mask
            slots[at] = known
        self._slots, self._mask = slots, mask
