"""Read YAML, keeping the place of every value (the only yaml import).

YAML 1.2 typing: `no` is a string, `1e-5` a number. Merge keys work, other tags are refused, a key stands
once in a map, and neither aliases nor nesting can blow a small file up.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
import yamlcore
from msgspec import Struct

from ftops.errors import Problem
from ftops.manifests.document import Document, is_merge, problem_at
from ftops.manifests.scalars import SCALARS, STR, TAG, Unusable, scalar_value, unsupported
from ftops.manifests.syntax import Place, Stuck, explain
from ftops.manifests.wording import short

MOST_BYTES = 1024 * 1024
"""A manifest of more than this is something else."""
MOST_VALUES = 50_000
MOST_DEPTH = 60
"""Deep enough for any manifest. The C composer recurses on the C stack: some 10,000 levels crash Python."""

_MAP, _SEQ = TAG + "map", TAG + "seq"
_LONGEST_CACHED = 40

_CoreLoader: Any = yamlcore.CCoreLoader if yaml.__with_libyaml__ else yamlcore.CoreLoader


class Parsed(Struct, frozen=True):
    """What a file holds: the documents before the first mistake in syntax, and that mistake."""

    documents: tuple[Document, ...]
    problems: tuple[Problem, ...] = ()


def read_yaml(path: Path | str, name: str) -> Parsed:
    """Read every document of a file; `name` stands for the file in messages. Raises nothing."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - a Path for each of 10,000 files costs 0.1 s
            data = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        return Parsed((), (Problem(f"cannot be read: {reason}", name),))
    return parse_yaml(data, name)


def parse_yaml(data: bytes, name: str) -> Parsed:
    """Parse every document of some YAML. Raises nothing: mistakes become problems."""
    if len(data) > MOST_BYTES:
        return Parsed((), (Problem(f"is larger than {MOST_BYTES:,} bytes", name),))
    documents: list[Document] = []
    problems: tuple[Problem, ...] = ()
    try:
        for node in _nodes(data):
            builder = _Builder(name)
            value = builder.build(node, 0)
            documents.append(Document(name, value, node, tuple(builder.problems)))
    except (yaml.YAMLError, UnicodeError, RecursionError) as error:
        problems = (_syntax_problem(error, data, name),)
    return Parsed(tuple(documents), problems)


def dump(value: Any) -> str:
    """Write plain values as YAML that reads back as the same values, in the order they have."""
    text: str = yaml.dump(
        value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=100
    )
    return text


class _Loader(_CoreLoader):  # type: ignore[misc] # yamlcore ships no types
    """The core schema, with what is called for each node made cheap: that decides how long a load takes."""

    _depth = 0

    def resolve(self, kind: type[yaml.Node], value: str, implicit: tuple[bool, bool]) -> str:
        if kind is yaml.ScalarNode:
            return _plain_tag(value) if implicit[0] else STR
        return _MAP if kind is yaml.MappingNode else _SEQ

    def descend_resolver(self, parent: yaml.Node | None, _index: object) -> None:
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise _refusal("is nested too deeply", parent)

    def ascend_resolver(self) -> None:
        self._depth -= 1


class _Dumper(yamlcore.CoreDumper):  # type: ignore[misc] # yamlcore ships no types
    """Writes no anchors, and quotes what PyYAML would write so that it reads back otherwise."""

    def ignore_aliases(self, data: object) -> bool:
        return True

    def represent_scalar(self, tag: str, value: str, style: str | None = None) -> yaml.Node:
        risky = value in ("<<", "=") or any(sign in value for sign in "\x85\u2028\u2029\ufeff\r")
        node: yaml.Node = super().represent_scalar(tag, value, '"' if tag == STR and risky else style)
        return node


class _Builder:
    """Turns nodes into plain values, counting them, so that aliases cannot multiply without end."""

    def __init__(self, name: str) -> None:
        self.problems: list[Problem] = []
        self._name = name
        self._left = MOST_VALUES

    def build(self, node: yaml.Node, depth: int) -> Any:
        if isinstance(node, yaml.ScalarNode):
            return node.value if node.tag == STR else self._scalar(node)
        self._left -= len(node.value) + 1
        if depth > MOST_DEPTH or self._left < 0:
            raise _refusal("is nested too deeply or expands to too many values", node)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, depth)
        if node.tag != _SEQ:
            self._fault(node, unsupported(node.tag))
        return [self.build(item, depth + 1) for item in node.value]

    def _mapping(self, node: yaml.MappingNode, depth: int) -> dict[str, Any]:
        if node.tag != _MAP:
            self._fault(node, unsupported(node.tag))
        built: dict[str, Any] = {}
        merged: dict[str, Any] | None = None
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._fault(key, "a key must be a plain word")
            elif key.tag not in SCALARS:
                self._fault(key, unsupported(key.tag))
            elif key.value in built or (merged is not None and is_merge(key)):
                self._fault(key, f"has the key {short(key.value)} twice")
            elif is_merge(key):
                merged = self._merged(value, depth)
            else:
                built[key.value] = self.build(value, depth + 1)
        return {**merged, **built} if merged else built

    def _merged(self, node: yaml.Node, depth: int) -> dict[str, Any]:
        value = self.build(node, depth + 1)
        merged: dict[str, Any] = {}
        for source in reversed(value if isinstance(value, list) else [value]):
            if isinstance(source, dict):
                merged.update(source)
            else:
                self._fault(node, "a merge (<<) takes maps only")
        return merged

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        try:
            return scalar_value(node.tag, node.value, _plain_tag(node.value))
        except Unusable as error:
            self._fault(node, str(error))
            return node.value

    def _fault(self, node: yaml.Node, message: str) -> None:
        self.problems.append(problem_at(node, self._name, message))


def _nodes(data: bytes) -> Iterator[yaml.Node]:
    loader = _Loader(data)
    try:
        while loader.check_node():
            yield loader.get_node()
    finally:
        loader.dispose()


def _plain_tag(text: str) -> str:
    return _cached_tag(text) if len(text) <= _LONGEST_CACHED else _implicit_tag(text)


def _implicit_tag(text: str) -> str:
    for tag, pattern in _CoreLoader.yaml_implicit_resolvers.get(text[:1], ()):
        if pattern.match(text):
            return str(tag)
    return STR


_cached_tag = lru_cache(maxsize=4096)(_implicit_tag)


def _refusal(message: str, node: yaml.Node | None) -> yaml.YAMLError:
    return yaml.composer.ComposerError(None, None, message, node.start_mark if node is not None else None)


def _syntax_problem(error: Exception, data: bytes, name: str) -> Problem:
    if isinstance(error, yaml.MarkedYAMLError):
        return _explained(error, data, name)
    if isinstance(error, yaml.reader.ReaderError):
        line = data[: error.position].count(b"\n") + 1 if isinstance(error.position, int) else None
        return _unreadable(error, name, line)
    reason = str(error).split("\n", maxsplit=1)[0]
    return Problem(f"is not valid YAML: {reason}", name)


def _explained(error: yaml.MarkedYAMLError, data: bytes, name: str) -> Problem:
    mark, words = error.problem_mark or error.context_mark, error.problem or error.context or ""
    # Newer libyaml has a limit of its own, which flow collections reach before ours.
    if mark is None or "nested" in words or "nesting depth" in words:
        line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
        deep = "nesting depth" in words
        return Problem("is nested too deeply" if deep else f"is not valid YAML: {words}", name, line, column)
    began = error.context_mark
    lines = data.decode("utf-8", errors="replace").splitlines()
    stuck = Stuck(
        words, Place(mark.line, mark.column), Place(began.line, began.column) if began else None, lines
    )
    found = explain(stuck)
    return Problem(found.message, name, found.at.line + 1, found.at.column + 1, hint=found.hint)


def _unreadable(error: yaml.reader.ReaderError, name: str, line: int | None) -> Problem:
    if "control characters" in str(error.reason):
        return Problem("has a control character", name, line, hint="remove it")
    return Problem("is not UTF-8", name, line, hint="save it as UTF-8")
