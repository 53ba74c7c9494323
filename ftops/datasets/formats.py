"""The forms of rows as JSON Schemas: `schemas/datasets/FORM.v1.json`, or `DIALECT/FORM.v1.json` instead.

The validator, the reference pages and editors read the same files. They share definitions by references from
file to file; here they are put into one schema that stands alone.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from functools import cache
from typing import Any

from ftops.datasets.tables import document, has_document
from ftops.model.capabilities import DataFormat

TOOLS = "tools"
"""The one schema that is not for a row, but for a field in one."""

PUBLISHED = (*(form.value for form in DataFormat), TOOLS)
"""What `ftops schema dataset-NAME` prints."""

Schema = Mapping[str, Any]


@cache
def format_schema(name: str, dialect: str = "") -> Schema:
    """Return the schema of a form (or of tools) as a dialect takes it, without references to other files."""
    return _Bundle(format_file(name, dialect)).schema


def format_file(name: str, dialect: str = "") -> str:
    """Name the file of a form, below `schemas/datasets`."""
    own = f"{dialect}/{name}.v1.json"
    return own if dialect and has_document(own) else f"{name}.v1.json"


@cache
def required_fields(form: DataFormat, dialect: str) -> frozenset[str]:
    """Return the fields by which a row shows its form."""
    return frozenset(format_schema(form, dialect)["required"])


class _Bundle:
    """A schema with what it refers to, gathered under its own `definitions`."""

    def __init__(self, file: str) -> None:
        self._names: dict[tuple[str, str], str] = {}
        self._taken: dict[str, Any] = {}
        root = document(file)
        for name in root.get("definitions", {}):
            self._names[file, name] = name
            self._taken[name] = None
        whole = self._moved({key: value for key, value in root.items() if key != "definitions"}, file)
        for name, value in root.get("definitions", {}).items():
            self._taken[name] = self._moved(value, file)
        self.schema: Schema = {**whole, "definitions": self._taken} if self._taken else whole

    def _moved(self, node: Any, file: str) -> Any:
        if isinstance(node, list):
            return [self._moved(item, file) for item in node]
        if not isinstance(node, Mapping):
            return node
        moved = {key: self._moved(value, file) for key, value in node.items()}
        if isinstance(reference := node.get("$ref"), str):
            moved["$ref"] = f"#/definitions/{self._gathered(reference, file)}"
        return moved

    def _gathered(self, reference: str, file: str) -> str:
        """Take over a definition, once; return its name here."""
        path, _, pointer = reference.partition("#")
        target = posixpath.normpath(posixpath.join(posixpath.dirname(file), path)) if path else file
        name = pointer.rsplit("/", 1)[-1]
        if (target, name) not in self._names:
            ours = name if name not in self._taken else f"{target.split('.', 1)[0].replace('/', '-')}-{name}"
            self._names[target, name] = ours
            self._taken[ours] = None
            self._taken[ours] = self._moved(document(target)["definitions"][name], target)
        return self._names[target, name]
