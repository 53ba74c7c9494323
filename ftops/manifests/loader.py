"""Find and read YAML, keeping the line of every value (the only yaml import).

YAML 1.2 typing: `no` is a string, `1e-5` a number. Merge keys work, other tags are refused, a key stands
once in a map, and aliases cannot blow a small file up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
import yamlcore

from ftops.errors import Problem

MOST_BYTES = 1024 * 1024
"""A manifest of more than this is something else."""
MOST_VALUES = 50_000
MOST_DEPTH = 60

_TAG = "tag:yaml.org,2002:"
_Loader = yamlcore.CCoreLoader if yaml.__with_libyaml__ else yamlcore.CoreLoader


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document, as plain values, with the place of each."""

    file: str
    value: Any
    node: yaml.Node

    def position(self, path: Sequence[str | int], *, key: bool = False) -> tuple[int, int]:
        """Give line and column (from 1) of a value, or of its key; of the nearest parent if it is absent."""
        node, place = self.node, self.node
        for step in path:
            found = _child(node, step)
            if found is None:
                break
            name, node = found
            place = name if key else node
        return place.start_mark.line + 1, place.start_mark.column + 1

    def has(self, path: Sequence[str | int]) -> bool:
        """Tell whether the path is written in this document."""
        node = self.node
        for step in path:
            found = _child(node, step)
            if found is None:
                return False
            node = found[1]
        return True

    def problem(
        self, message: str, path: Sequence[str | int] = (), hint: str | None = None, *, key: bool = False
    ) -> Problem:
        """Make a problem at a path."""
        line, column = self.position(path, key=key)
        return Problem(message, self.file, line, column, dotted(path) or None, hint)


class YamlProblem(Exception):
    """A file that is not YAML as we take it; carries the Problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def load_documents(path: Path, name: str) -> tuple[Document, ...]:
    """Read every document of a file; `name` stands for the file in messages. Raises YamlProblem."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise YamlProblem(Problem(f"is larger than {MOST_BYTES:,} bytes", name))
        data = path.read_bytes()
    except OSError as error:
        raise YamlProblem(Problem(f"cannot be read: {error.strerror}", name)) from error
    return tuple(parse_documents(data, name))


def parse_documents(data: bytes, name: str) -> Iterator[Document]:
    """Parse every document of some YAML. Raises YamlProblem at the first mistake."""
    try:
        loader = _Loader(data)
        try:
            while loader.check_node():
                node = loader.get_node()
                yield Document(name, _Builder(name).value(node, 0), node)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = f"is not valid YAML: {error.problem or error.context}"
        line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
        raise YamlProblem(Problem(message, name, line, column)) from error
    except (yaml.YAMLError, UnicodeError, RecursionError, ValueError) as error:
        reason = str(error).split("\n", maxsplit=1)[0]
        raise YamlProblem(Problem(f"is not valid YAML: {reason}", name)) from error


def dump(value: Any) -> str:
    """Write plain values as YAML that reads back as the same values, in the order they have."""
    text: str = yaml.dump(
        value, Dumper=yamlcore.CoreDumper, sort_keys=False, allow_unicode=True, default_flow_style=False
    )
    return text


def dotted(path: Sequence[str | int]) -> str:
    """Write a path like `spec.training_file[0].path`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def _child(node: yaml.Node, step: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == step:
                return key, value
    elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    return None


class _Builder:
    """Turns nodes into plain values, counting them, so that aliases cannot multiply without end."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._count = 0

    def value(self, node: yaml.Node, depth: int) -> Any:
        self._count += 1
        if depth > MOST_DEPTH or self._count > MOST_VALUES:
            raise self._error(node, "is nested too deeply or expands to too many values")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, depth)
        if isinstance(node, yaml.SequenceNode):
            self._plain_tag(node, "seq")
            return [self.value(item, depth + 1) for item in node.value]
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        raise self._error(node, "is nothing that YAML has")

    def _mapping(self, node: yaml.MappingNode, depth: int) -> dict[str, Any]:
        self._plain_tag(node, "map")
        built: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise self._error(key, "has a key that is not a plain word")
            if key.value == "<<" and key.style is None:
                merged = {**self._merged(value, depth), **merged}
            elif key.value in built:
                raise self._error(key, f"has the key {key.value!r} twice")
            else:
                built[key.value] = self.value(value, depth + 1)
        return {**merged, **built} if merged else built

    def _merged(self, node: yaml.Node, depth: int) -> dict[str, Any]:
        value = self.value(node, depth + 1)
        sources = value if isinstance(value, list) else [value]
        if not all(isinstance(source, dict) for source in sources):
            raise self._error(node, "merges (<<) something that is not a map")
        merged: dict[str, Any] = {}
        for source in reversed(sources):
            merged.update(source)
        return merged

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        kind = node.tag.removeprefix(_TAG)
        text: str = node.value
        match kind:
            case "str":
                return text
            case "null":
                return None
            case "bool":
                return text.lower() == "true"
            case "int":
                return int(text, 0) if text[:2] in ("0x", "0o") else int(text)
            case "float":
                return self._float(node, text)
        raise self._error(node, f"has the tag {node.tag}, which is not supported")

    def _float(self, node: yaml.Node, text: str) -> float:
        if text.lower().lstrip("+-") in (".inf", ".nan"):
            raise self._error(node, f"is {text}, which is no number that can be used")
        return float(text)

    def _plain_tag(self, node: yaml.Node, kind: str) -> None:
        if node.tag != _TAG + kind:
            raise self._error(node, f"has the tag {node.tag}, which is not supported")

    def _error(self, node: yaml.Node, message: str) -> YamlProblem:
        mark = node.start_mark
        return YamlProblem(Problem(message, self._name, mark.line + 1, mark.column + 1))
