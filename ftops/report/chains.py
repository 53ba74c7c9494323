"""The chains of a summary as Mermaid: what changes, and its neighbours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ftops.report.graph import mermaid_label
from ftops.report.money import UNKNOWN, money_range
from ftops.report.summary import SIGNS, Chains, Node, Word
from ftops.report.words import cut, printable

MOST_NODES = 60
"""More than these are no picture. GitHub draws at most 500 edges and 50,000 characters."""

_LONGEST_NAME = 63
_KEPT = "keep"
_STYLES: Mapping[str, str] = {
    "held": "stroke:#cf222e,stroke-width:3px",
    "train": "stroke:#1a7f37,stroke-width:3px",
    "replace": "stroke:#9a6700,stroke-width:3px",
    "records": "stroke:#8250df,stroke-width:2px",
    "later": "stroke:#0969da,stroke-width:2px,stroke-dasharray:5 3",
    _KEPT: "stroke:#818b98,stroke-width:1px",
}
_STYLE_OF: Mapping[Word, str] = {
    Word.HOLD: "held",
    Word.CANCEL: "held",
    Word.REPLACE: "replace",
    Word.CREATE: "train",
    Word.TRAIN: "train",
    Word.LATER: "later",
    Word.WAIT: "later",
    Word.ADOPT: "records",
    Word.UPDATE: "records",
    Word.FORGET: "records",
}


def drawable(chains: Chains) -> bool:
    """Return whether there is anything to draw, and not too much."""
    return bool(chains.edges) and len(chains.nodes) <= MOST_NODES


def mermaid_lines(chains: Chains) -> Iterator[str]:
    """Draw the chains; along a thick edge a training is the cause of the next one."""
    numbers = {node.name: f"n{number}" for number, node in enumerate(chains.nodes)}
    trained = {node.name for node in chains.nodes if node.pays}
    used = dict.fromkeys(map(_style, chains.nodes))
    yield "flowchart LR"
    for node in chains.nodes:
        yield f'  {numbers[node.name]}["{_label(node)}"]:::{_style(node)}'
    for base, name in chains.edges:
        if base in numbers and name in numbers:
            arrow = "==>" if {base, name} <= trained else "-->"
            yield f"  {numbers[base]} {arrow} {numbers[name]}"
    yield from (f"  classDef {style} {_STYLES[style]}" for style in _STYLES if style in used)


def _style(node: Node) -> str:
    return _STYLE_OF[node.word] if node.word else _KEPT


def _label(node: Node) -> str:
    shown = cut(printable(node.name), _LONGEST_NAME)
    if node.word is None:
        return f"{mermaid_label(shown)}<br>unchanged"
    paid = f", {UNKNOWN if node.cost is None else money_range(node.cost)}" if node.pays else ""
    return f"{mermaid_label(f'{SIGNS[node.word]} {shown}')}<br>{mermaid_label(f'{node.word}{paid}')}"
