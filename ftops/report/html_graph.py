"""Chains as a drawing: where each node and each edge is, in pixels; and the same as a nested list.

From left to right: a base model, what starts from it, what starts from that. A fine-tune starts from one
thing, so it is a forest; where a plan made by hand says otherwise, the first base places a node and the other
edges are drawn as they come. Nothing here recurses: a chain may be longer than Python's stack is deep.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from ftops.report.summary import Chains, Node

WIDTH, HEIGHT = 196, 46
ACROSS, DOWN, BETWEEN = 44, 14, 10
"""Pixels between columns, between the nodes of a column, and more of them between trees."""
_WIDE = 480
"""Pixels. Curves that reach farther are one thick bundle, and a base in their middle is out of sight."""
MOST_NODES = 150
"""Of more, only chains in which something changes are drawn."""


class Box(Struct, frozen=True):
    """One box of the drawing; `node` is None for a base model, which only has a name."""

    name: str
    node: Node | None
    x: int
    y: int


class Line(Struct, frozen=True):
    """An edge from a base to what starts from it. `spreads`: it is trained because its base is."""

    path: str
    spreads: bool


class Item(Struct, frozen=True):
    """One entry of the nested list. `opens` a list below it; `closes` so many lists after it."""

    name: str
    node: Node | None
    opens: bool
    closes: int


class Drawing(Struct, frozen=True):
    """Boxes and lines with the size that they need, and the same as a list. `left_out` counts nodes."""

    boxes: tuple[Box, ...] = ()
    lines: tuple[Line, ...] = ()
    items: tuple[Item, ...] = ()
    width: int = 0
    height: int = 0
    left_out: int = 0


class _Thing(Struct, frozen=True):
    """A model or a fine-tune, which may have the same name."""

    is_model: bool
    name: str


class _Forest(Struct, frozen=True):
    """Each thing once, those above before those below: how deep, and what starts from it."""

    depths: Mapping[_Thing, int]
    below: Mapping[_Thing, Sequence[_Thing]]


def draw(chains: Chains) -> Drawing:
    """Place what is to be drawn of the chains."""
    shown = chains if len(chains.nodes) <= MOST_NODES else _changed(chains)
    nodes = {node.name: node for node in shown.nodes}
    edges = [(base, name) for base, name in shown.edges if base in nodes and name in nodes]
    forest = _forest(nodes, edges, shown.models)
    rows = _rows(forest)
    boxes = {
        thing: Box(
            thing.name,
            None if thing.is_model else nodes[thing.name],
            depth * (WIDTH + ACROSS),
            round(rows[thing]),
        )
        for thing, depth in forest.depths.items()
    }
    return Drawing(
        tuple(boxes.values()),
        tuple(_lines(boxes, edges, shown.models)),
        tuple(_items(forest, nodes)),
        max((box.x + WIDTH for box in boxes.values()), default=0),
        max((box.y + HEIGHT for box in boxes.values()), default=0),
        len(chains.nodes) - len(shown.nodes),
    )


def _changed(chains: Chains) -> Chains:
    """Return the chains in which something changes, whole."""
    neighbours: dict[str, list[str]] = {}
    for base, name in chains.edges:
        neighbours.setdefault(base, []).append(name)
        neighbours.setdefault(name, []).append(base)
    waiting = [node.name for node in chains.nodes if node.word is not None]
    kept = set(waiting)
    while waiting:
        new = [name for name in neighbours.get(waiting.pop(), ()) if name not in kept]
        kept.update(new)
        waiting += new
    nodes = tuple(node for node in chains.nodes if node.name in kept)
    return Chains(nodes, chains.edges, {name: base for name, base in chains.models.items() if name in kept})


def _forest(nodes: Iterable[str], edges: Sequence[tuple[str, str]], models: Mapping[str, str]) -> _Forest:
    bases: dict[str, _Thing] = {}
    for base, name in edges:
        bases.setdefault(name, _Thing(is_model=False, name=base))
    for name in nodes:
        if name in models:
            bases.setdefault(name, _Thing(is_model=True, name=models[name]))
    below: dict[_Thing, list[_Thing]] = {}
    roots: dict[_Thing, None] = {}
    for name in nodes:
        thing, above = _Thing(is_model=False, name=name), bases.get(name)
        if above is not None:
            below.setdefault(above, []).append(thing)
        if above is None or above.is_model:
            roots[above or thing] = None
    # What goes in a circle has no root: it begins where it is met.
    starts = [*roots, *(_Thing(is_model=False, name=name) for name in nodes)]
    depths: dict[_Thing, int] = {}
    kept: dict[_Thing, list[_Thing]] = {}
    for start in starts:
        _place(start, below, depths, kept)
    return _Forest(depths, kept)


def _place(
    start: _Thing,
    below: Mapping[_Thing, Sequence[_Thing]],
    depths: dict[_Thing, int],
    kept: dict[_Thing, list[_Thing]],
) -> None:
    """Add a tree, its parts in the order in which they are read; what is placed already stays."""
    waiting: list[tuple[_Thing, _Thing | None, int]] = [(start, None, 0)]
    while waiting:
        thing, above, depth = waiting.pop()
        if thing in depths:
            continue
        depths[thing] = depth
        kept[thing] = []
        if above is not None:
            kept[above].append(thing)
        waiting += [(each, thing, depth + 1) for each in reversed(below.get(thing, ()))]


def _rows(forest: _Forest) -> dict[_Thing, float]:
    """Return the upper edge of each: ends of chains one under the other, a base in the middle of its own."""
    rows: dict[_Thing, float] = {}
    y = 0
    for thing, depth in forest.depths.items():
        if depth == 0 and y:
            y += BETWEEN
        if not forest.below[thing]:
            rows[thing] = y
            y += HEIGHT + DOWN
    for thing in reversed(list(forest.depths)):
        followers = forest.below[thing]
        if followers:
            first, last = rows[followers[0]], rows[followers[-1]]
            rows[thing] = first if last - first > _WIDE else (first + last) / 2
    return rows


def _lines(
    boxes: Mapping[_Thing, Box], edges: Iterable[tuple[str, str]], models: Mapping[str, str]
) -> Iterator[Line]:
    pairs = [(_Thing(is_model=False, name=base), _Thing(is_model=False, name=name)) for base, name in edges]
    started = {end for _, end in pairs}
    pairs += [
        (_Thing(is_model=True, name=models[thing.name]), thing)
        for thing in boxes
        if not thing.is_model and thing not in started and thing.name in models
    ]
    lowest: dict[_Thing, int] = {}
    for base, thing in pairs:
        lowest[base] = max(lowest.get(base, 0), boxes[thing].y - boxes[base].y)
    for base, thing in pairs:
        start, end = boxes[base], boxes[thing]
        both = bool(start.node and start.node.pays and end.node and end.node.pays)
        yield Line(_curve(start, end, elbow=lowest[base] > _WIDE), both)


def _curve(start: Box, end: Box, *, elbow: bool) -> str:
    left, right = start.x + WIDTH, end.x
    top, bottom = start.y + HEIGHT // 2, end.y + HEIGHT // 2
    middle = (left + right) // 2
    if elbow:
        return f"M{left} {top}H{middle}V{bottom}H{right}"
    return f"M{left} {top}C{middle} {top} {middle} {bottom} {right} {bottom}"


def _items(forest: _Forest, nodes: Mapping[str, Node]) -> Iterator[Item]:
    things = list(forest.depths)
    depths = [*forest.depths.values(), 0]
    for number, thing in enumerate(things):
        opens = bool(forest.below[thing])
        closes = 0 if opens else depths[number] - depths[number + 1]
        yield Item(thing.name, None if thing.is_model else nodes[thing.name], opens, max(0, closes))
