"""How long the examples of a file are: from a count of each value to percentiles and the bars of a chart."""

from __future__ import annotations

from collections import Counter
from math import ceil

from msgspec import Struct

from ftops.model.dataset import TokenCount

MOST_BARS = 10
_NICE = (1, 2, 5)


class Bar(Struct, frozen=True):
    """How many values there are from `low` to `high`, both included; None: and all that are above."""

    low: int
    high: int | None
    count: int


class Distribution(Struct, frozen=True):
    """Values of the rows of a file; `most_line` is the first line that has the largest."""

    least: int
    median: int
    p90: int
    p99: int
    most: int
    mean: float
    most_line: int
    bars: tuple[Bar, ...] = ()


class Lengths(Struct, frozen=True):
    """The lengths of a file's examples; where their tokens are a range, by its middle.

    `turns_each` counts messages; None for rows that have none.
    """

    tokens: TokenCount
    tokens_each: Distribution | None
    turns_each: Distribution | None


def distribution(counts: Counter[int], most_line: int) -> Distribution | None:
    """Sum up how often each value occurs; None where there are none."""
    total = counts.total()
    if not total:
        return None
    ordered = sorted(counts.items())
    median, p90, p99 = (_percentile(ordered, ceil(total * share)) for share in (0.5, 0.9, 0.99))
    mean = sum(value * number for value, number in ordered) / total
    bars = _bars(ordered, _percentile(ordered, max(1, int(total * 0.95))))
    return Distribution(ordered[0][0], median, p90, p99, ordered[-1][0], round(mean, 1), most_line, bars)


def _percentile(ordered: list[tuple[int, int]], rank: int) -> int:
    passed = 0
    for value, number in ordered:
        passed += number
        if passed >= rank:
            return value
    return ordered[-1][0]


def _bars(ordered: list[tuple[int, int]], usual: int) -> tuple[Bar, ...]:
    """Draw bars of one width that is easy to read, up to the usual values; the last has all above them.

    A single example of a hundred times the usual length would otherwise leave one bar for all others.
    """
    least, most = ordered[0][0], ordered[-1][0]
    width = _width(ceil((usual - least + 1) / (MOST_BARS - 1)))
    start = least - least % width
    edges = list(range(start, usual + 1, width))
    found: Counter[int] = Counter()
    for value, number in ordered:
        found[min((value - start) // width, len(edges))] += number
    bars = [Bar(edge, edge + width - 1, found[number]) for number, edge in enumerate(edges)]
    above = edges[-1] + width
    if most < above:
        return tuple(bars)
    last = above + width - 1
    return (*bars, Bar(above, last if most <= last else None, found[len(edges)]))


def _width(least: int) -> int:
    """Return the smallest of 1, 2, 5, 10, 20, 50, ... that is not below."""
    power = 1
    while True:
        for nice in _NICE:
            if nice * power >= least:
                return nice * power
        power *= 10
