"""How long the examples of a file are: their tokens, counted or estimated, and their turns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Any, BinaryIO

import orjson

from ftops.datasets.examples import NotCountable, example_of
from ftops.datasets.reading import Reading
from ftops.datasets.yardstick import Range, Tally, Yardstick, estimated, yardstick
from ftops.model.lengths import Distribution, Lengths, distribution

NOT_WANTED = "estimated from the characters, as requested"
NO_MODEL = "estimated from the characters: no base model is named"
NO_FORM = "rows of an unknown form are estimated as a whole"


def lengths(file: BinaryIO, models: Collection[str], *, count: bool = True) -> Lengths:
    """Read a file and measure each row; one that is not JSON is left out. Raises OSError.

    Tokens are measured as the models do (of several, as the one with the most), and estimated where that
    cannot be done, or without `count`.
    """
    measures = [_Tokens(yard) for yard in _yardsticks(models, count=count)]
    turns = _Measure()
    for number, line in Reading(file).lines():
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        for one in measures:
            one.add(row, line, number)
        if messages := _messages(row):
            turns.add(len(messages), number)
    best = max(measures, key=lambda one: one.all.count.high)
    return Lengths(best.all.count, best.each.spread(), turns.spread())


def _yardsticks(models: Collection[str], *, count: bool) -> list[Yardstick]:
    if not count:
        return [Yardstick(None, because=NOT_WANTED)]
    return list(dict.fromkeys(map(yardstick, sorted(models)))) or [Yardstick(None, because=NO_MODEL)]


class _Measure:
    """One measure of the rows: how often each value occurs, in memory that does not grow with the rows."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()
        self._most = (-1, 0)

    def add(self, value: int, line: int) -> None:
        self._counts[value] += 1
        if value > self._most[0]:
            self._most = (value, line)

    def spread(self) -> Distribution | None:
        return distribution(self._counts, self._most[1])


class _Tokens:
    """The tokens of all rows by one yardstick, and of each row by the middle of its range."""

    def __init__(self, yard: Yardstick) -> None:
        self.each = _Measure()
        self.all = Tally(yard)

    def add(self, row: Any, line: bytes, number: int) -> None:
        found = self._range(row, line)
        self.all.add(found)
        self.each.add(round(sum(found) / 2), number)

    def _range(self, row: Any, line: bytes) -> Range:
        try:
            return self.all.yard.example(example_of(row), self.all.guessed)
        except (NotCountable, TypeError):
            self.all.guessed.add(NO_FORM)
            return estimated(line.decode("utf-8", "replace"))


def _messages(row: Any) -> list[Any]:
    if not isinstance(row, dict):
        return []
    messages = row.get("messages")
    if messages is None and isinstance(asked := row.get("input"), dict):
        messages = asked.get("messages")
    return messages if isinstance(messages, list) else []
