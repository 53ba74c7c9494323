"""Rows of a data file, one after the other, as far as somebody wants to look."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import orjson
from msgspec import Struct

from ftops.datasets.disguises import BOM, HEAD_BYTES, file_disguise, line_disguise
from ftops.datasets.reading import MOST_LINE_BYTES, Reading
from ftops.errors import FtopsError
from ftops.model.json_value import JSON


class ShownRow(Struct, frozen=True):
    """One row: its number among the rows, and its line. `problem` says why `value` is only its text."""

    number: int
    line: int
    bytes: int
    value: JSON
    problem: str | None = None


def shown_rows(path: Path, name: str, first: int, most: int) -> Iterator[ShownRow]:
    """Yield rows from the `first` (from 1) on; no more is read of the file. Raises OSError and FtopsError."""
    with path.open("rb") as file:
        disguise = file_disguise(file.read(HEAD_BYTES), name)
        if disguise is not None:
            raise FtopsError(f"{name} {disguise.message}", hint=disguise.hint)
        file.seek(0)
        reading, found = Reading(file), False
        for number, (line, row) in enumerate(islice(reading.lines(), first + most - 1), 1):
            if number >= first:
                found = True
                yield _shown(number, line, row)
        if reading.too_long is not None:
            raise FtopsError(f"{name}: line {reading.too_long} is longer than {MOST_LINE_BYTES:,} bytes")
        if not found:
            count = "1 row" if reading.rows == 1 else f"{reading.rows:,} rows"
            raise FtopsError(f"{name} has no row {first}: it has {count}")


def _shown(number: int, line: int, row: bytes) -> ShownRow:
    text = row.removeprefix(BOM)
    try:
        return ShownRow(number, line, len(row), orjson.loads(text))
    except orjson.JSONDecodeError as error:
        said = line_disguise(text, error).message
        return ShownRow(number, line, len(row), text.decode("utf-8", "replace"), said)
