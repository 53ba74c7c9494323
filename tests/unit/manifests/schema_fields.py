"""Walk a schema as an editor does: to every field that a person can write, and to the words about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]

WORDS = ("title", "description", "examples")
_DECLARING = {"type", "enum", "const", "$ref", "allOf", "anyOf", "oneOf", "if"}
_OF_THE_SAME_VALUE = ("allOf", "anyOf", "oneOf", "then", "else")
_BELOW = ("items", "additionalProperties")


def fields_of(schema: Schema, path: str = "") -> Iterator[tuple[str, Schema]]:
    """Yield every field that a schema declares, with its path.

    What only limits a field that is declared elsewhere (`{"not": ...}` beside it, `true`), and what an `if`
    asks, is no declaration.
    """
    for name, field in {**schema.get("properties", {}), **schema.get("patternProperties", {})}.items():
        if isinstance(field, Mapping):
            if not _DECLARING.isdisjoint(field):
                yield f"{path}.{name}", field
            yield from fields_of(field, f"{path}.{name}")
    for name, definition in schema.get("definitions", {}).items():
        yield from fields_of(definition, f"{path}#{name}")
    for one in _parts(schema):
        yield from fields_of(one, path)
    for key in _BELOW:
        if isinstance(schema.get(key), Mapping):
            yield from fields_of(schema[key], f"{path}[]")


def words_of(field: Schema, whole: Schema) -> Schema:
    """Return the words about a field: its own, or those of the definition that it refers to."""
    found: dict[str, Any] = {}
    for one in (*(words_of(each, whole) for each in _referred(field, whole)), field):
        found |= {key: value for key, value in one.items() if key in WORDS}
    return found


def words_below(field: Schema, whole: Schema) -> Schema:
    """Return words about the same value that stand further down: editors show these, not the field's."""
    found: dict[str, Any] = {}
    below = [*_referred(field, whole), *(one for one in _parts(field) if "$ref" not in one)]
    for one in below:
        found |= {key: value for key, value in one.items() if key in WORDS}
        found |= words_below(one, whole)
    return found


def _parts(schema: Schema) -> list[Schema]:
    found: list[Any] = []
    for key in _OF_THE_SAME_VALUE:
        value = schema.get(key, [])
        found += value if isinstance(value, list) else [value]
    return [one for one in found if isinstance(one, Mapping)]


def _referred(field: Schema, whole: Schema) -> list[Schema]:
    named = [one["$ref"] for one in (field, *_parts(field)) if "$ref" in one]
    return [whole["definitions"][one.rsplit("/", 1)[-1]] for one in named]
