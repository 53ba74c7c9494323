"""Document: one YAML document as plain values that knows where each of them is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

from msgspec import Struct

from ftops.errors import Problem
from ftops.model.value import replace

Steps = tuple[str | int, ...]
"""Where a value is in a document: keys and indexes."""

_LONGEST_STEP = 60
"""Characters of a key that a message shows."""


class Document(Struct, frozen=True):
    """One YAML document. `problems` are what YAML allows and ftops does not, such as a duplicate key.

    `node` is the composed tree of the YAML library; it is large, so a Document is not kept for long.
    """

    file: str
    value: Any
    node: Any
    problems: tuple[Problem, ...] = ()

    def line(self, path: Sequence[str | int] = ()) -> int:
        """Return the line of a value, from 1; of the nearest parent where the path is absent."""
        trail = _trail(self.node, path)
        line: int = (trail[-1][1] if trail else self.node).start_mark.line + 1
        return line

    def has(self, path: Sequence[str | int]) -> bool:
        """Return whether the path is written in this document."""
        return len(_trail(self.node, path)) == len(path)

    def written(self, path: Sequence[str | int]) -> str | None:
        """Return the text of a scalar as it is in the file; None for what is not there or no scalar."""
        trail = _trail(self.node, path)
        node = trail[-1][1] if path and len(trail) == len(path) else None
        return node.value if node is not None and node.id == "scalar" else None

    def problem(
        self, message: str, path: Sequence[str | int] = (), hint: str | None = None, *, key: bool = False
    ) -> Problem:
        """Make a problem at a value, or at its key; at the nearest parent where the path is absent."""
        trail = _trail(self.node, path)
        node = trail[-1][0 if key else 1] if trail else self.node
        return problem_at(node, self.file, message, dotted(path) or None, hint)

    def problem_inside(
        self, message: str, path: Sequence[str | int], at: tuple[int, int], hint: str | None = None
    ) -> Problem:
        """Make a problem at a line and column, from 1, of the text of a scalar.

        Of a folded scalar, and of one with escapes, the file does not tell: then at its beginning.
        """
        node = _trail(self.node, path)[-1][1]
        (line, column), first, last = at, node.start_mark, node.end_mark
        found = problem_at(node, self.file, message, dotted(path), hint)
        if node.style == "|":
            return replace(found, line=first.line + 1 + line, column=None)
        if line > 1 or first.line != last.line:
            return found
        quote = 1 if node.style in ("'", '"') else 0
        as_written = last.column - first.column == len(node.value) + 2 * quote
        return replace(found, column=first.column + quote + column) if as_written else found


def problem_at(
    node: Any, file: str, message: str, path: str | None = None, hint: str | None = None
) -> Problem:
    """Make a problem at a node, with line and column from 1."""
    return Problem(message, file, node.start_mark.line + 1, node.start_mark.column + 1, path, hint)


def dotted(path: Sequence[str | int]) -> str:
    """Write a path like `spec.training_file[0].path`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            word = step if len(step) <= _LONGEST_STEP else f"{step[:_LONGEST_STEP]}..."
            text += f".{word}" if text else word
    return text


def is_merge(key: Any) -> bool:
    """Return whether a key node is the merge key; in quotes it is a word like any other."""
    return bool(key.value == "<<" and not key.style)


def _trail(node: Any, path: Sequence[str | int]) -> list[tuple[Any, Any]]:
    """Return key and value nodes along a path, as far as it is there."""
    trail: list[tuple[Any, Any]] = []
    for step in path:
        found = _child(node, step)
        if found is None:
            break
        trail.append(found)
        node = found[1]
    return trail


def _child(node: Any, step: str | int) -> tuple[Any, Any] | None:
    """Find a member, also one that came by a merge key."""
    if node.id == "sequence":
        inside = isinstance(step, int) and step < len(node.value)
        return (node.value[step], node.value[step]) if inside else None
    if node.id != "mapping":
        return None
    own, merges = _members(node)
    if step in own:
        return own[step]
    found = (_child(source, step) for source in merges)
    return next((pair for pair in found if pair), None)


def _members(node: Any) -> tuple[dict[Any, tuple[Any, Any]], list[Any]]:
    """Return the members of a map by key, and what is merged into it; looked through only once."""
    if node in _LOOKED_THROUGH:
        return _LOOKED_THROUGH[node]
    own: dict[Any, tuple[Any, Any]] = {}
    merges: list[Any] = []
    for key, value in node.value:
        if is_merge(key):
            merges += value.value if value.id == "sequence" else [value]
        elif key.id == "scalar":
            own.setdefault(key.value, (key, value))
    _LOOKED_THROUGH[node] = own, merges
    return own, merges


_LOOKED_THROUGH: WeakKeyDictionary[Any, tuple[dict[Any, tuple[Any, Any]], list[Any]]] = WeakKeyDictionary()
