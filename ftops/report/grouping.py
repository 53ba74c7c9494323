"""Many changes in few lines: those of one cause are one line, and so is what starts from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec import Struct

from ftops.model.review import CostEstimate
from ftops.model.steps import Steps
from ftops.report.summary import Data, Row, Summary, Word
from ftops.report.words import counted

MOST_ROWS = 15
"""Up to these each change has a line of its own."""

GRAVE = frozenset({Word.HOLD, Word.CANCEL, Word.REPLACE})
"""What stops, destroys or needs a person."""

MOST_GRAVE = 20
"""Up to these each of a grave word has a line of its own, whatever else there is."""

_MOST_FOLLOWERS = 3
_NAMES = 3


class Line(Struct, frozen=True):
    """One line of a table: a change, or several that it sums up. `title` is its name, or how many."""

    word: Word
    title: str
    why: str
    rows: tuple[Row, ...]
    depth: int = 0

    @property
    def pays(self) -> bool:
        """Return whether it trains."""
        return any(row.pays for row in self.rows)

    @property
    def cost(self) -> CostEstimate | None:
        """Add up its rows; None where one is unknown, which no group mixes with known ones."""
        costs = [row.cost for row in self.rows if row.pays]
        if None in costs:
            return None
        return costs[0] if len(costs) == 1 else known_sum(costs)


class Unit(Struct, frozen=True):
    """Lines that belong together: one, and those that follow from it."""

    lines: tuple[Line, ...]

    @property
    def grave(self) -> bool:
        """Return whether a reader must see it."""
        return any(line.word in GRAVE or any(row.stops for row in line.rows) for line in self.lines)

    @property
    def pays(self) -> bool:
        """Return whether it trains."""
        return any(line.pays for line in self.lines)

    @property
    def rows(self) -> tuple[Row, ...]:
        """Return all changes in it."""
        return tuple(row for line in self.lines for row in line.rows)


Tree = tuple[Row, ...]
"""A row that follows from no other, and those that follow from it."""


def known_sum(costs: Iterable[CostEstimate | None]) -> CostEstimate | None:
    """Add up what is known of costs; None where nothing is."""
    return Steps({("", 0, number): cost for number, cost in enumerate(costs)}).known


def as_they_are(rows: Sequence[Row]) -> tuple[Unit, ...]:
    """Return a line for each change."""
    return tuple(Unit(tuple(map(_line, tree))) for tree in _trees(rows))


def grouped(rows: Sequence[Row], summary: Summary) -> tuple[Unit, ...]:
    """Return a line for each of a few changes, and of many one for those of the same cause."""
    if len(rows) <= MOST_ROWS:
        return as_they_are(rows)
    trees = _trees(rows)
    causes = _Causes(summary, trees)
    units = tuple(_unit(alike, causes) for alike in _alike(trees, causes.key))
    if sum(len(unit.lines) for unit in units) <= MOST_ROWS:
        return units
    return tuple(_unit(alike, causes) for alike in _alike(trees, causes.rough_key))


class _Causes:
    """Why rows are there: those that train on rows that differ have one cause, whatever their files."""

    def __init__(self, summary: Summary, trees: Sequence[Tree]) -> None:
        self._data = summary.data
        settings = {name for one in summary.settings for name in one.names}
        self._by_data = {name for one in summary.data for name in one.names} - settings
        self._alone = set()
        for word in GRAVE:
            few = [tree[0].name for tree in trees if tree[0].word is word]
            if len(few) < MOST_GRAVE:
                self._alone |= {(word, name) for name in few}
        self._common: dict[object, int] = {}
        for tree in trees:
            key = self.key(tree)
            self._common[key] = self._common.get(key, 0) + 1

    def key(self, tree: Tree) -> object:
        root = tree[0]
        if (root.word, root.name) in self._alone:
            return id(root)
        cause = "" if root.name in self._by_data else root.why
        return root.word, cause, root.pays and root.cost is None

    def rough_key(self, tree: Tree) -> object:
        """Put those together, too, whose cause is nobody else's."""
        root, key = tree[0], self.key(tree)
        if self._common[key] > 1 or (root.word, root.name) in self._alone:
            return key
        return root.word, None, root.pays and root.cost is None

    def why(self, roots: Sequence[Row]) -> str:
        names = {row.name for row in roots}
        if names <= self._by_data:
            return _data_cause([one for one in self._data if names & set(one.names)])
        clauses = list(dict.fromkeys(row.why for row in roots))
        return clauses[0] if len(clauses) == 1 else f"for {len(clauses)} different reasons"


def _trees(rows: Sequence[Row]) -> list[Tree]:
    trees: list[list[Row]] = []
    for row in rows:
        if row.depth and trees:
            trees[-1].append(row)
        else:
            trees.append([row])
    return [tuple(tree) for tree in trees]


def _alike(trees: Iterable[Tree], key: Callable[[Tree], object]) -> Iterable[list[Tree]]:
    groups: dict[object, list[Tree]] = {}
    for tree in trees:
        groups.setdefault(key(tree), []).append(tree)
    return groups.values()


def _unit(trees: Sequence[Tree], causes: _Causes) -> Unit:
    followers = [row for tree in trees for row in tree[1:]]
    if len(trees) == 1:
        first = _line(trees[0][0])
        if len(followers) <= _MOST_FOLLOWERS:
            return Unit((first, *map(_line, followers)))
        return Unit((first, *_following(followers, "it")))
    roots = tuple(tree[0] for tree in trees)
    why = f"{causes.why(roots)}; {_names(roots)}"
    first = Line(roots[0].word, counted(len(roots), "fine-tune"), why, roots)
    return Unit((first, *_following(followers, f"these {len(roots)}")))


def _following(followers: Sequence[Row], what: str) -> Iterator[Line]:
    """Yield a line for the followers of each word, those without a known cost apart."""
    kinds: dict[tuple[Word, bool], list[Row]] = {}
    for row in followers:
        kinds.setdefault((row.word, row.pays and row.cost is None), []).append(row)
    for (word, _), rows in kinds.items():
        yield Line(word, f"{len(rows)} that start from {what}", _names(rows), tuple(rows), 1)


def _line(row: Row) -> Line:
    return Line(row.word, row.name, row.why, (row,), row.depth)


def _names(rows: Sequence[Row]) -> str:
    return names_words([row.name for row in rows])


def names_words(names: Sequence[str], most: int = _NAMES) -> str:
    """Name some, and say how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def _data_cause(data: Sequence[Data]) -> str:
    touched = sum(one.rows.changed + one.rows.added for one in data)
    whole = sum(one.rows.after for one in data)
    if not touched:
        return f"other training data, in {counted(len(data), 'file')}"
    return f"{touched:,} of {whole:,} training rows, in {counted(len(data), 'file')}"
