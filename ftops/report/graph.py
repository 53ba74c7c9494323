"""Chains as a graph: base models, fine-tunes and their data; drawn as a tree, Mermaid, DOT or JSON.

Names of models and files come from strangers, so each form escapes what could have a meaning there.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct, to_builtins

from ftops.model.finetune import DataFile, FineTune, Upstream
from ftops.model.job import JobStatus
from ftops.model.json_text import json_text
from ftops.model.state import State
from ftops.report.words import printable

NARROWEST = 24
ABSENT = "absent"
"""The status of a fine-tune that the state has no job for."""


class NodeKind(StrEnum):
    """What a node is."""

    MODEL = "model"
    FINE_TUNE = "fine_tune"
    DATA = "data"


class EdgeKind(StrEnum):
    """What its start is to its end, which is always a fine-tune."""

    BASE = "base"
    TRAINING = "training"
    VALIDATION = "validation"


class Node(Struct, frozen=True):
    """One thing. `id` is stable: kind, provider where it matters, and name.

    `provider` is None for a file in the project. `status` and `fine_tuned_model` are as last recorded, and
    None where no state was read.
    """

    id: str
    kind: NodeKind
    name: str
    provider: str | None = None
    status: str | None = None
    fine_tuned_model: str | None = None


class Edge(Struct, frozen=True):
    """`start` goes into `end`. `checkpoint` only where a chain takes another one than the last."""

    start: str
    end: str
    kind: EdgeKind
    checkpoint: str | None = None


class Graph(Struct, frozen=True):
    """Nodes and edges, both sorted; every end of an edge is a node."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


def make_graph(fine_tunes: Iterable[FineTune], state: State | None) -> Graph:
    """Build the graph of what is declared; the state only adds the status of each fine-tune."""
    nodes: dict[str, Node] = {}
    edges: list[Edge] = []
    for fine_tune in fine_tunes:
        own = _fine_tune(fine_tune, state)
        nodes[own.id] = own
        model = fine_tune.model
        if isinstance(model, Upstream):
            checkpoint = None if model.checkpoint == "final" else model.checkpoint
            base = Node(
                _id(NodeKind.FINE_TUNE, model.name), NodeKind.FINE_TUNE, model.name, fine_tune.provider
            )
            nodes.setdefault(base.id, base)
            edges.append(Edge(base.id, own.id, EdgeKind.BASE, checkpoint))
        else:
            base = Node(
                _id(NodeKind.MODEL, fine_tune.provider, model), NodeKind.MODEL, model, fine_tune.provider
            )
            nodes[base.id] = base
            edges.append(Edge(base.id, own.id, EdgeKind.BASE))
        for role, file in fine_tune.data_files:
            data = _data(file, fine_tune.provider)
            nodes[data.id] = data
            edges.append(Edge(data.id, own.id, EdgeKind(role)))
    unique = sorted(set(edges), key=lambda edge: (edge.end, edge.kind, edge.start))
    return Graph(tuple(nodes[key] for key in sorted(nodes)), tuple(unique))


def graph_document(graph: Graph) -> dict[str, Any]:
    """Write the graph as data; the shape is documented, and keys are only ever added."""
    return {
        "nodes": [to_builtins(node) for node in graph.nodes],
        "edges": [
            {"from": edge.start, "to": edge.end, "kind": edge.kind, "checkpoint": edge.checkpoint}
            for edge in graph.edges
        ],
    }


def render_graph(graph: Graph, *, width: int = 100) -> str:
    """Draw a tree for each base model: what starts from it, and under each fine-tune its data."""
    if not graph.edges:
        return "No fine-tunes.\n"
    width = max(width, NARROWEST)
    tree = _Tree(graph)
    lines: list[str] = []
    # A stack, not recursion: a chain may be longer than Python's stack is deep.
    waiting: list[tuple[Node, str, str, str | None]] = [(node, "", "", None) for node in tree.roots[::-1]]
    while waiting:
        node, first, rest, checkpoint = waiting.pop()
        children = tree.children(node)
        lines += _wrapped(_words(node, checkpoint), first, rest + ("│ " if children else "  "), width)
        hanging = rest + ("│  " if children else "   ")
        for edge in tree.data(node):
            label = "data " if edge.kind is EdgeKind.TRAINING else "check "
            lines += _wrapped(label + tree.nodes[edge.start].name, hanging, hanging + "  ", width)
        for number, (child, mark) in enumerate(reversed(children)):
            elbow, beam = ("└─ ", "   ") if number == 0 else ("├─ ", "│  ")
            waiting.append((child, _capped(rest + elbow, width), _capped(rest + beam, width), mark))
    return "\n".join(lines) + "\n"


def render_mermaid(graph: Graph) -> str:
    """Draw a Mermaid flowchart, as Markdown on many sites shows it. Ids are numbers: a name may be `end`."""
    numbers = {node.id: f"n{number}" for number, node in enumerate(graph.nodes)}
    shapes = {NodeKind.MODEL: ("([", "])"), NodeKind.FINE_TUNE: ("[", "]"), NodeKind.DATA: ("[(", ")]")}
    lines = ["flowchart LR"]
    for node in graph.nodes:
        left, right = shapes[node.kind]
        text = "<br>".join(mermaid_label(line) for line in _label(node))
        style = f":::{node.status}" if node.status in _COLOURS else ""
        lines.append(f'  {numbers[node.id]}{left}"{text}"{right}{style}')
    for edge in graph.edges:
        label = edge.checkpoint or ("" if edge.kind is EdgeKind.BASE else edge.kind.value)
        arrow = "-->" if edge.kind is EdgeKind.BASE else "-.->"
        mark = f'|"{mermaid_label(label)}"|' if label else ""
        lines.append(f"  {numbers[edge.start]} {arrow}{mark} {numbers[edge.end]}")
    used = {node.status for node in graph.nodes}
    lines += [f"  classDef {name} {style}" for name, style in _COLOURS.items() if name in used]
    return "\n".join(lines) + "\n"


def render_dot(graph: Graph) -> str:
    """Draw a graph for Graphviz."""
    shapes = {NodeKind.MODEL: "ellipse", NodeKind.FINE_TUNE: "box", NodeKind.DATA: "cylinder"}
    lines = ["digraph ftops {", "  rankdir=LR;"]
    for node in graph.nodes:
        label = "\\n".join(_dot(line) for line in _label(node))
        lines.append(f'  "{_dot(node.id)}" [shape={shapes[node.kind]}, label="{label}"];')
    for edge in graph.edges:
        label = edge.checkpoint or ("" if edge.kind is EdgeKind.BASE else edge.kind.value)
        style = "solid" if edge.kind is EdgeKind.BASE else "dashed"
        attributes = f'style={style}, label="{_dot(label)}"' if label else f"style={style}"
        lines.append(f'  "{_dot(edge.start)}" -> "{_dot(edge.end)}" [{attributes}];')
    return "\n".join([*lines, "}"]) + "\n"


def render_json(graph: Graph) -> str:
    """Write `graph_document` as text."""
    return json_text(graph_document(graph)) + "\n"


_COLOURS: Mapping[str, str] = {
    JobStatus.SUCCEEDED.value: "stroke:#2da44e,stroke-width:2px",
    JobStatus.FAILED.value: "stroke:#cf222e,stroke-width:2px",
    JobStatus.CANCELLED.value: "stroke:#cf222e,stroke-width:2px",
    JobStatus.RUNNING.value: "stroke:#0969da,stroke-width:2px",
    JobStatus.PENDING.value: "stroke:#0969da,stroke-width:2px",
    ABSENT: "stroke-dasharray:4",
}


class _Tree:
    """The graph by parent and children."""

    def __init__(self, graph: Graph) -> None:
        self.nodes = {node.id: node for node in graph.nodes}
        self._edges: dict[str, list[Edge]] = {}
        self._data: dict[str, list[Edge]] = {}
        for edge in graph.edges:
            if edge.kind is EdgeKind.BASE:
                self._edges.setdefault(edge.start, []).append(edge)
            else:
                self._data.setdefault(edge.end, []).append(edge)
        grown = {edge.end for edge in graph.edges if edge.kind is EdgeKind.BASE}
        kinds = (NodeKind.MODEL, NodeKind.FINE_TUNE)
        self.roots = [node for node in graph.nodes if node.kind in kinds and node.id not in grown]

    def children(self, node: Node) -> list[tuple[Node, str | None]]:
        return [(self.nodes[edge.end], edge.checkpoint) for edge in self._edges.get(node.id, [])]

    def data(self, node: Node) -> list[Edge]:
        return self._data.get(node.id, [])


def _fine_tune(fine_tune: FineTune, state: State | None) -> Node:
    record = state.fine_tunes.get(fine_tune.name) if state else None
    job = record.job if record else None
    status = (job.status.value if job else ABSENT) if state else None
    return Node(
        _id(NodeKind.FINE_TUNE, fine_tune.name),
        NodeKind.FINE_TUNE,
        fine_tune.name,
        fine_tune.provider,
        status,
        job.fine_tuned_model if job else None,
    )


def _data(file: DataFile, provider: str) -> Node:
    """Make the node of a file: by its path in the project, its URL elsewhere, or its id at the provider."""
    if file.remote is not None:
        return Node(_id(NodeKind.DATA, file.remote.pin), NodeKind.DATA, file.remote.url)
    if file.path is not None:
        return Node(_id(NodeKind.DATA, file.path), NodeKind.DATA, file.path)
    name = file.file_id or ""
    return Node(_id(NodeKind.DATA, provider, name), NodeKind.DATA, name, provider)


def _id(kind: NodeKind, *names: str) -> str:
    return ":".join((kind.value, *names))


def _words(node: Node, checkpoint: str | None) -> str:
    if node.kind is NodeKind.MODEL:
        return f"{node.name} ({node.provider})"
    start = f" from {checkpoint}" if checkpoint else ""
    status = f" - {node.status}" if node.status else ""
    return f"{node.name}{start}{status}"


def _label(node: Node) -> list[str]:
    second = [text for text in (node.provider, node.status) if text]
    return [printable(node.name), *([printable(", ".join(second))] if second else [])]


def _wrapped(text: str, first: str, rest: str, width: int) -> Iterator[str]:
    lines = textwrap.wrap(
        printable(text), width, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False
    )
    return (line.rstrip() for line in lines)


def _capped(indent: str, width: int) -> str:
    """Keep the end of an indent that would leave no room for text: depth beyond it is not drawn."""
    most = width // 2 // 3 * 3
    return indent if len(indent) <= most else "…" + indent[-(most - 1) :]


def mermaid_label(text: str) -> str:
    """Write a label so that nothing in it is Mermaid, Markdown or HTML: all else by number.

    A dot or dash before a space would start a list.
    """
    return re.sub(r"[^\w ,./:-]|[.-](?= )", lambda found: f"#{ord(found[0])};", printable(text))


def _dot(text: str) -> str:
    return printable(text).replace("\\", "\\\\").replace('"', '\\"')
