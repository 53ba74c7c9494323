"""Two versions of a data file -> which rows were added, removed and changed. By their digests alone.

What both versions begin and end with is set aside; of the rest, rows that only one has stand out. Such rows
in the same place of both are one row that was changed; so are those that are very similar
(`likeness`), where the contents are at hand.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct

from ftops.datasets.likeness import MOST_COMPARED, alike, order_alike
from ftops.datasets.row_digests import RowDigests, Version, rows_at
from ftops.model.data_difference import RowsDifference

Pair = tuple[int, int]
"""The numbers (from 0) of a row before and after."""


class Compared(Struct, frozen=True):
    """Which rows differ, by number (from 0)."""

    changed: tuple[Pair, ...]
    removed: tuple[int, ...]
    added: tuple[int, ...]
    moved: bool

    def difference(self, path: str, before: Version, after: Version) -> RowsDifference:
        """Return it in counts."""
        return RowsDifference(
            path,
            len(before.digests),
            len(after.digests),
            len(self.added),
            len(self.removed),
            len(self.changed),
            self.moved,
        )


SAME = Compared((), (), (), moved=False)


def compare(before: Version, after: Version) -> Compared:
    """Compare two versions. Raises OSError where one that can be opened cannot be read any more."""
    if before.sha256 == after.sha256:
        return SAME
    old, new = before.digests, after.digests
    start = _shared(old, new)
    end = _shared(old[start:][::-1], new[start:][::-1])
    gone, come = _left(old, new, start, end)
    kept_old = _without(range(start, len(old) - end), gone)
    kept_new = _without(range(start, len(new) - end), come)
    moved = any(old[one] != new[other] for one, other in zip(kept_old, kept_new, strict=True))
    gaps = list(_gaps((old, kept_old, gone), (new, kept_new, come), moved=moved))
    changed = _paired(before, after, gaps)
    changed += _likely(before, after, (gone, come), changed)
    old_paired, new_paired = {one for one, _ in changed}, {other for _, other in changed}
    return Compared(
        tuple(sorted(changed, key=lambda pair: pair[1])),
        tuple(row for row in gone if row not in old_paired),
        tuple(row for row in come if row not in new_paired),
        moved,
    )


def _shared(old: Sequence[int], new: Sequence[int]) -> int:
    """Count the rows that both begin with."""
    most = min(len(old), len(new))
    if old[:most] == new[:most]:
        return most
    return next(number for number, (one, other) in enumerate(zip(old, new, strict=False)) if one != other)


def _left(old: RowDigests, new: RowDigests, start: int, end: int) -> tuple[list[int], list[int]]:
    """Return the rows that only one has; of repeated rows, those that it has more of, the last of them."""
    before, after = Counter(old[start : len(old) - end]), Counter(new[start : len(new) - end])
    return (
        _more(old, range(start, len(old) - end), before - after),
        _more(new, range(start, len(new) - end), after - before),
    )


def _more(rows: RowDigests, numbers: range, more: Counter[int]) -> list[int]:
    found = []
    for number in reversed(numbers):
        if more[rows[number]] > 0:
            more[rows[number]] -= 1
            found.append(number)
    return found[::-1]


def _without(numbers: range, left: Iterable[int]) -> list[int]:
    out = set(left)
    return [number for number in numbers if number not in out]


_Side: TypeAlias = "tuple[RowDigests, list[int], list[int]]"
"""The digests of a version, the numbers of the rows that the other one has too, and of those it has not."""


def _gaps(old: _Side, new: _Side, *, moved: bool) -> Iterable[tuple[list[int], list[int]]]:
    """Yield the rows of both that stand in the same place: after the same row that both have."""
    before, after = _by_place(*old, moved=moved), _by_place(*new, moved=moved)
    return ((rows, after[place]) for place, rows in before.items() if place in after)


def _by_place(rows: RowDigests, kept: list[int], left: list[int], *, moved: bool) -> Mapping[int, list[int]]:
    """Group rows by place: by how many shared rows are before them, or the last one if these have moved."""
    found: defaultdict[int, list[int]] = defaultdict(list)
    passed = 0
    for number in left:
        while passed < len(kept) and kept[passed] < number:
            passed += 1
        before = rows[kept[passed - 1]] if passed else -1
        found[before if moved else passed].append(number)
    return found


def _paired(before: Version, after: Version, gaps: list[tuple[list[int], list[int]]]) -> list[Pair]:
    """Pair the rows of each gap in their order; where one has fewer, with those that they are most like."""
    uneven = [gap for gap in gaps if len(gap[0]) != len(gap[1])]
    texts = _texts(before, after, uneven)
    pairs: list[Pair] = []
    for old, new in gaps:
        if len(old) != len(new) and texts is not None:
            pairs += order_alike(_these(texts[0], old), _these(texts[1], new))
        else:
            pairs += zip(old, new, strict=False)
    return pairs


def _likely(
    before: Version, after: Version, left: tuple[list[int], list[int]], changed: list[Pair]
) -> list[Pair]:
    """Pair the rest by similarity, wherever the rows are."""
    old_paired, new_paired = {one for one, _ in changed}, {other for _, other in changed}
    old = [row for row in left[0] if row not in old_paired]
    new = [row for row in left[1] if row not in new_paired]
    texts = _texts(before, after, [(old, new)])
    return [] if texts is None else alike(*texts)


def _texts(
    before: Version, after: Version, gaps: list[tuple[list[int], list[int]]]
) -> tuple[Mapping[int, bytes], Mapping[int, bytes]] | None:
    """Return the contents of these rows; None where they are too many, or not at hand."""
    old = {row for gap in gaps for row in gap[0]}
    new = {row for gap in gaps for row in gap[1]}
    few = 0 < len(old) <= MOST_COMPARED and 0 < len(new) <= MOST_COMPARED
    if not few or before.open is None or after.open is None:
        return None
    return rows_at(before, old), rows_at(after, new)


def _these(texts: Mapping[int, bytes], rows: list[int]) -> Mapping[int, bytes]:
    return {row: texts[row] for row in rows if row in texts}
