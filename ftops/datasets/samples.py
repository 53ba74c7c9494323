"""A few of the rows that differ, with what differs inside: cut, so that they can be read at a glance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, zip_longest
from typing import Any

import orjson

from ftops.datasets.difference import Compared
from ftops.datasets.row_digests import Version, rows_at
from ftops.model.data_difference import PartDifference, RowSample, SampleKind

MOST_PARTS = 4
"""Places of one row that are shown."""

LONGEST_TEXT = 160
"""Characters of a row, or of a part of it."""

_LEAD = 24
"""Characters before the first that differs."""

_LONGEST_ROW = 1024 * 1024
"""Bytes of a row that are looked into; a longer one is shown by its beginning."""

_NOTHING = object()


def samples(compared: Compared, before: Version, after: Version, most: int) -> tuple[RowSample, ...]:
    """Return up to `most` rows of each kind, changed ones first. Raises OSError.

    What a version that is known by digests alone had is not shown.
    """
    changed, removed, added = compared.changed[:most], compared.removed[:most], compared.added[:most]
    old = rows_at(before, {*(one for one, _ in changed), *removed})
    new = rows_at(after, {*(other for _, other in changed), *added})
    return (
        *(_changed(pair, old.get(pair[0]), new.get(pair[1])) for pair in changed),
        *(RowSample(SampleKind.ADDED, None, row + 1, _beginning(new.get(row))) for row in added),
        *(RowSample(SampleKind.REMOVED, row + 1, None, _beginning(old.get(row))) for row in removed),
    )


def _changed(pair: tuple[int, int], old: bytes | None, new: bytes | None) -> RowSample:
    try:
        parts = tuple(inside(old, new)) if old is not None and new is not None else ()
    except RecursionError:
        parts = ()  # It is nested too deeply to be looked into.
    text = None if parts else _beginning(new)
    return RowSample(SampleKind.CHANGED, pair[0] + 1, pair[1] + 1, text, parts)


def _beginning(row: bytes | None) -> str | None:
    return None if row is None else _cut(row[: 4 * LONGEST_TEXT].decode("utf-8", "replace"), 0)


def inside(old: bytes, new: bytes) -> Iterator[PartDifference]:
    """Yield what differs between two rows, by its place; a few places."""
    for place, before, after in islice(_walk("", _parsed(old), _parsed(new)), MOST_PARTS):
        yield PartDifference(place or "row", *_shown(before, after))


def _parsed(row: bytes) -> Any:
    try:
        if len(row) <= _LONGEST_ROW:
            return orjson.loads(row)
    except orjson.JSONDecodeError:
        pass
    return row[:_LONGEST_ROW].decode("utf-8", "replace")


def _walk(place: str, before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys((*before, *after)):
            one, other = before.get(key, _NOTHING), after.get(key, _NOTHING)
            yield from _walk(f"{place}.{key}" if place else key, one, other)
    elif isinstance(before, list) and isinstance(after, list):
        for number, (one, other) in enumerate(zip_longest(before, after, fillvalue=_NOTHING)):
            yield from _walk(f"{place}[{number}]", one, other)
    elif before is _NOTHING or after is _NOTHING or before != after or type(before) is not type(after):
        yield place, before, after


def _shown(before: Any, after: Any) -> tuple[str | None, str | None]:
    one, other = _text(before), _text(after)
    if one is None or other is None:
        return _cut(one, 0), _cut(other, 0)
    start = max(0, _same_start(one, other) - _LEAD)
    return _cut(one, start), _cut(other, start)


def _text(value: Any) -> str | None:
    if value is _NOTHING:
        return None
    if isinstance(value, str):
        return value
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return repr(value)


def _same_start(one: Sequence[str], other: Sequence[str]) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((number for number, (left, right) in pairs if left != right), min(len(one), len(other)))


def _cut(text: str | None, start: int) -> str | None:
    if text is None:
        return None
    kept = text[start : start + LONGEST_TEXT]
    return f"{'…' if start else ''}{kept}{'…' if start + LONGEST_TEXT < len(text) else ''}"
