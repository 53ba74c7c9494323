"""Where boxes and lines are: nothing overlaps, bases stand left of what starts from them."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from ftops.report.html_graph import ACROSS, HEIGHT, MOST_NODES, WIDTH, Drawing, draw
from ftops.report.summary import Chains, Node, Word
from tests.unit.report.summary_cases import CHAINS


def names(drawing: Drawing) -> list[str]:
    return [item.name for item in drawing.items]


@st.composite
def forests(drawn: st.DrawFn) -> Chains:
    """Fine-tunes of which each starts from an earlier one, from a model, or from nothing that is known."""
    count = drawn(st.integers(1, 25))
    edges, models = [], {}
    for number in range(count):
        base = drawn(st.integers(-3, number - 1))
        if base >= 0:
            edges.append((f"n{base}", f"n{number}"))
        elif base < -1:
            models[f"n{number}"] = f"model{base}"
    nodes = [Node(f"n{number}", drawn(st.sampled_from([None, Word.CREATE]))) for number in range(count)]
    return Chains(tuple(drawn(st.permutations(nodes))), tuple(edges), models)


@given(forests())
def test_every_node_has_a_place_of_its_own_to_the_right_of_its_base(chains: Chains) -> None:
    drawing = draw(chains)
    boxes = {(box.node is None, box.name): box for box in drawing.boxes}
    assert len(boxes) == len(drawing.boxes) == len(chains.nodes) + len(set(chains.models.values()))
    for one, other in combinations(drawing.boxes, 2):
        assert one.x != other.x or abs(one.y - other.y) >= HEIGHT
    for base, name in chains.edges:
        assert boxes[False, name].x == boxes[False, base].x + WIDTH + ACROSS
    assert drawing.width == max(box.x for box in drawing.boxes) + WIDTH
    assert drawing.height == max(box.y for box in drawing.boxes) + HEIGHT
    assert len(drawing.lines) == len(chains.edges) + len(chains.models)


@given(forests())
def test_the_list_nests_as_the_drawing_does(chains: Chains) -> None:
    depth, drawing = 0, draw(chains)
    for item, box in zip(drawing.items, drawing.boxes, strict=True):
        assert box.x == depth * (WIDTH + ACROSS)
        depth += 1 if item.opens else -item.closes
    assert depth == 0


def test_a_typical_one() -> None:
    drawing = draw(CHAINS)
    assert names(drawing)[:2] == ["gpt-4o-2024-08-06", "night-report"]
    assert sum(line.spreads for line in drawing.lines) == 3
    assert (drawing.width, drawing.left_out) == (4 * WIDTH + 3 * ACROSS, 0)


def test_of_many_nodes_only_chains_that_change_are_drawn() -> None:
    still = [Node(f"still-{number}") for number in range(MOST_NODES)]
    nodes = (Node("moves", Word.CREATE), Node("base"), Node("beside"), *still)
    edges = (("base", "moves"), ("base", "beside"), ("still-0", "still-1"))
    drawing = draw(Chains(nodes, edges, {"base": "m", "still-0": "m"}))
    assert names(drawing) == ["m", "base", "moves", "beside"]
    assert drawing.left_out == MOST_NODES


def test_a_model_of_many_stands_at_the_top_and_its_edges_share_a_trunk() -> None:
    nodes = tuple(Node(f"n{number}", Word.CREATE) for number in range(20))
    drawing = draw(Chains(nodes, (), {node.name: "m" for node in nodes}))
    assert drawing.boxes[0].y == drawing.boxes[1].y == 0
    assert {line.path[: line.path.index("V")] for line in drawing.lines} == {"M196 23H218"}
    few = draw(Chains(nodes[:3], (), {node.name: "m" for node in nodes[:3]}))
    assert few.boxes[0].y == few.boxes[2].y
    assert all("C" in line.path for line in few.lines)


def test_a_chain_may_be_longer_than_the_stack_is_deep() -> None:
    nodes = tuple(Node(f"n{number}", Word.LATER, pays=True) for number in range(3000))
    edges = tuple((f"n{number}", f"n{number + 1}") for number in range(2999))
    assert len(draw(Chains(nodes, edges, {"n0": "m"})).boxes) == 3001


def test_a_circle_and_two_bases_of_a_hand_made_plan_end_somewhere() -> None:
    nodes = tuple(Node(name, Word.LATER) for name in "abc")
    drawing = draw(Chains(nodes, (("a", "b"), ("b", "a"), ("a", "c"), ("b", "c"), ("a", "x"))))
    assert sorted(names(drawing)) == ["a", "b", "c"]
    assert len(drawing.lines) == 4
    assert draw(Chains()) == Drawing()
