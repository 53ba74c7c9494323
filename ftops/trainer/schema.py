"""The published schemas on a node that has no jsonschema: as much of JSON Schema as the job document uses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

JOB = "job.v1.json"
EVENT = "trainer-event.v1.json"

_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def schema_text(name: str) -> str:
    """Read a schema: beside the trainer where it travels, else as ftops is installed or checked out."""
    here = Path(__file__).resolve().parent
    for folder in (here, here.parent / "schemas", here.parent.parent / "schemas"):
        if (folder / name).is_file():
            return (folder / name).read_text(encoding="utf-8")
    raise FileNotFoundError(f"the schema {name} is not beside the trainer")


@cache
def schema(name: str) -> Mapping[str, Any]:
    """Return a schema."""
    found: Mapping[str, Any] = json.loads(schema_text(name))
    return found


def problems(value: Any, rules: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """Yield what is wrong with a value, each with its place."""
    where = path or "the document"
    if "const" in rules and not _same(value, rules["const"]):
        yield f"{where} must be {rules['const']!r}, not {value!r}"
    elif "enum" in rules and value not in rules["enum"]:
        yield f"{where} must be one of {', '.join(map(str, rules['enum']))}, not {value!r}"
    elif "type" in rules and not _is(value, rules["type"]):
        yield f"{where} must be of type {rules['type']}, not {value!r}"
    elif isinstance(value, dict):
        yield from _object_problems(value, rules, path)
    elif isinstance(value, str):
        yield from _text_problems(value, rules, where)
    elif isinstance(value, (int, float)):
        yield from _number_problems(value, rules, where)


def _same(value: Any, wanted: Any) -> bool:
    return type(value) is not bool and bool(value == wanted)


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, _TYPES[kind]) or (kind == "integer" and _whole(value))


def _whole(value: Any) -> bool:
    """JSON Schema counts 3.0 as an integer."""
    return isinstance(value, float) and value.is_integer()


def _object_problems(value: Mapping[str, Any], rules: Mapping[str, Any], path: str) -> Iterator[str]:
    where = path or "the document"
    known = rules.get("properties", {})
    yield from (f"{where} has no {name}" for name in rules.get("required", ()) if name not in value)
    for name, one in value.items():
        if name in known:
            yield from problems(one, known[name], f"{path}.{name}" if path else name)
        elif rules.get("additionalProperties") is False:
            yield f"{where} has the unknown field {name!r}"
    choices = [each["required"][0] for each in rules.get("oneOf", ())]
    if choices and sum(name in value for name in choices) != 1:
        yield f"{where} must have exactly one of {' and '.join(choices)}"


def _text_problems(value: str, rules: Mapping[str, Any], where: str) -> Iterator[str]:
    if len(value) < rules.get("minLength", 0):
        yield f"{where} is empty"
    elif len(value) > rules.get("maxLength", len(value)):
        yield f"{where} is longer than {rules['maxLength']} characters"
    # `$` of Python would let a newline at the end slip by.
    elif "pattern" in rules and not re.fullmatch(rules["pattern"].removeprefix("^").removesuffix("$"), value):
        yield f"{where} is {value!r}, which does not match {rules['pattern']}"


def _number_problems(value: float, rules: Mapping[str, Any], where: str) -> Iterator[str]:
    if value < rules.get("minimum", value):
        yield f"{where} must be at least {rules['minimum']}, not {value}"
    elif value > rules.get("maximum", value):
        yield f"{where} must be at most {rules['maximum']}, not {value}"
    elif "exclusiveMinimum" in rules and not value > rules["exclusiveMinimum"]:
        yield f"{where} must be above {rules['exclusiveMinimum']}, not {value}"
    elif "exclusiveMaximum" in rules and not value < rules["exclusiveMaximum"]:
        yield f"{where} must be below {rules['exclusiveMaximum']}, not {value}"
