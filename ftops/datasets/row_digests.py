"""A version of a data file as the digests of its rows: eight bytes a row, whatever the rows are.

A digest of eight bytes takes two rows for the same once in 10**8 files of a million rows. What is trained is
never decided by it: that is for the digest of all rows, of 32 bytes.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, BinaryIO, TypeAlias, cast

from msgspec import Struct

from ftops.datasets.reading import Reading
from ftops.errors import FtopsError

ROW_BYTES = 8

Opened = Callable[[], AbstractContextManager[IO[bytes]]]
"""Opens the content of a version, as often as it is asked to."""

RowDigests: TypeAlias = "array[int]"
"""Unsigned numbers of 64 bits, in the order of the rows."""


def opening(path: Path) -> Opened:
    """Return what opens a file on disk."""
    return lambda: path.open("rb")


class TooMuch(Exception):
    """The file is larger than whoever reads it wants to read."""


class Version(Struct, frozen=True):
    """The rows of a file at some time. `where` names it; one that is known by digests alone has no `open`."""

    where: str
    sha256: str
    digests: RowDigests
    file_sha256: str | None = None
    bytes: int = 0
    open: Opened | None = None


def read_version(where: str, opened: Opened, most_bytes: int | None = None) -> Version:
    """Read a file to its end, in constant memory but for its digests.

    Raises OSError, TooMuch beyond `most_bytes`, and FtopsError for a line that no example has.
    """
    digests: RowDigests = array("Q")
    blake2b, from_bytes, append = hashlib.blake2b, int.from_bytes, digests.append
    with opened() as file:
        reading = Reading(cast(BinaryIO, file))
        for _, row in reading.lines():
            append(from_bytes(blake2b(row, digest_size=ROW_BYTES).digest(), "little"))
            if most_bytes is not None and reading.bytes > most_bytes:
                raise TooMuch
    if reading.too_long is not None:
        raise FtopsError(f"{where}: line {reading.too_long} is too long to be an example")
    return Version(where, reading.rows_sha256, digests, reading.file_sha256, reading.bytes, opened)


def rows_at(version: Version, wanted: Collection[int]) -> dict[int, bytes]:
    """Return the rows of these numbers (from 0), of a version that can be opened. Raises OSError."""
    found: dict[int, bytes] = {}
    if version.open is None or not wanted:
        return found
    last = max(wanted)
    with version.open() as file:
        for number, (_, row) in enumerate(Reading(cast(BinaryIO, file)).lines()):
            if number in wanted:
                found[number] = row
            if number >= last:
                break
    return found
