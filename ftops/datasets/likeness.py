"""Which of two sets of rows are versions of each other: those that share most of their words."""

from __future__ import annotations

import re
from collections.abc import Mapping

MOST_COMPARED = 200
"""Rows on each side: each of them is compared with each of the other, 40,000 times 20 microseconds."""

MUCH = 0.7
"""The share of words from which a row counts as a changed one, and not as another."""

ASTRAY = 0.1
"""How much more alike a row has to be than the one that stands in its very place."""

_LONGEST = 16 * 1024
"""Bytes of a row that are looked at."""

_Pairs = list[tuple[int, int]]
_WORD = re.compile(rb"[\w\x80-\xff]+")
_FORM = frozenset(
    b"assistant completion content developer input messages name non_preferred_output preferred_output "
    b"prompt role system text tool tools type user weight".split()
)
"""Words that every row of a form has: they make no two rows alike."""


def alike(before: Mapping[int, bytes], after: Mapping[int, bytes]) -> _Pairs:
    """Pair similar rows, the most similar first; each of them once."""
    old = {number: _words(row) for number, row in before.items()}
    new = {number: _words(row) for number, row in after.items()}
    scores = [
        (_score(words, others), one, other) for one, words in old.items() for other, others in new.items()
    ]
    pairs: _Pairs = []
    for score, one, other in sorted(scores, key=lambda scored: (-scored[0], scored[1:])):
        if score >= MUCH and one in old and other in new:
            del old[one], new[other]
            pairs.append((one, other))
    return pairs


def order_alike(before: Mapping[int, bytes], after: Mapping[int, bytes]) -> _Pairs:
    """Pair every row of the shorter side with one of the longer, so that the pairs are most alike in all.

    Both in their order, as rows that stand in the same place are.
    """
    if len(before) > len(after):
        return [(one, other) for other, one in order_alike(after, before)]
    few, many = list(before), list(after)
    others = [_words(after[other]) for other in many]
    scores = [
        [_score(words, other) - (0 if place == row else ASTRAY) for place, other in enumerate(others)]
        for row, words in enumerate(map(_words, before.values()))
    ]
    spare = len(many) - len(few)
    # best[n][s]: how alike the rows from the n-th on can be, where s of the longer side were passed over.
    best = [[0.0] * (spare + 1) for _ in range(len(few) + 1)]
    for row in range(len(few) - 1, -1, -1):
        for passed in range(spare, -1, -1):
            taken = scores[row][row + passed] + best[row + 1][passed]
            best[row][passed] = max(taken, best[row][passed + 1]) if passed < spare else taken
    pairs, passed = [], 0
    for row, number in enumerate(few):
        while passed < spare and best[row][passed] == best[row][passed + 1]:
            if scores[row][row + passed] + best[row + 1][passed] == best[row][passed]:
                break
            passed += 1
        pairs.append((number, many[row + passed]))
    return pairs


def _words(row: bytes) -> frozenset[bytes]:
    return frozenset(_WORD.findall(row[:_LONGEST])) - _FORM


def _score(one: frozenset[bytes], other: frozenset[bytes]) -> float:
    both = len(one | other)
    return len(one & other) / both if both else 0.0
