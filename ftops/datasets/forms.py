"""Check a row against its form's JSON Schema, and name the rule that it breaks.

jsonschema-rs says at once whether a row is right; only what is wrong is looked at a second time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import jsonschema_rs

from ftops.datasets.breach import Breach, shown
from ftops.datasets.formats import format_schema, required_fields
from ftops.datasets.tables import foreign_forms
from ftops.model.capabilities import DataFormat

_ORDER = (
    DataFormat.CHAT,
    DataFormat.REINFORCEMENT,
    DataFormat.PREFERENCE,
    DataFormat.PROMPT_COMPLETION,
)
"""Where a row has the fields of several forms, the first of them counts."""

_TELLING = (
    (DataFormat.PREFERENCE, frozenset({"preferred_output", "non_preferred_output"})),
    (DataFormat.CHAT, frozenset({"messages"})),
    (DataFormat.PROMPT_COMPLETION, frozenset({"prompt", "completion"})),
)
_PARTS = {"content": "part", "tool_calls": "call", "tools": "tool", "functions": "function"}
_OUTPUTS = ("preferred_output", "non_preferred_output")


def form_of(row: Mapping[str, Any], forms: frozenset[DataFormat], dialect: str) -> DataFormat | None:
    """Which of the wanted forms a row has, whole or begun; None for another form or none."""
    required = _required(forms, dialect)
    for form, fields in required:
        if row.keys() >= fields:
            return form
    if any(row.keys() >= foreign.keys for foreign in foreign_forms()):
        return None
    return next((form for form, fields in required if not row.keys().isdisjoint(fields)), None)


@cache
def _required(forms: frozenset[DataFormat], dialect: str) -> tuple[tuple[DataFormat, frozenset[str]], ...]:
    return tuple((form, required_fields(form, dialect)) for form in _ORDER if form in forms)


def strange_form(row: Mapping[str, Any], forms: frozenset[DataFormat], dialect: str, model: str) -> Breach:
    """Name the form of a row that has none of the wanted ones."""
    for foreign in foreign_forms():
        if row.keys() >= foreign.keys:
            return Breach("foreign-form", shown={"value": foreign.name}, advice=foreign.hint)
    other = next((form for form, keys in _TELLING if not row.keys().isdisjoint(keys)), None)
    wanted = " or ".join(
        f"{' and '.join(sorted(required_fields(form, dialect)))} ({form})" for form in sorted(forms)
    )
    if other is None:
        return Breach("no-form", shown={"limit": wanted})
    where = f"{model} with this method takes {' or '.join(sorted(forms))} rows"
    return Breach("wrong-form", shown={"value": other, "limit": where})


def form_breaches(row: Mapping[str, Any], form: DataFormat, dialect: str) -> Iterator[Breach]:
    """Yield what the schema of a form finds wrong with a row, each kind once a place."""
    validator = _validator(form, dialect)
    if validator.is_valid(row):
        return
    seen: set[tuple[str, str]] = set()
    for error in validator.iter_errors(row):
        breach = _named(error, format_schema(form, dialect))
        if (breach.kind, breach.place) not in seen:
            seen.add((breach.kind, breach.place))
            yield breach


def is_json_schema(parameters: dict[str, Any]) -> bool:
    """Return whether a function's parameters are a JSON Schema."""
    try:
        return jsonschema_rs.meta.is_valid(parameters)
    except (ValueError, jsonschema_rs.ReferencingError):
        # It names a draft that does not exist.
        return False


@cache
def _validator(form: DataFormat, dialect: str) -> jsonschema_rs.Draft7Validator:
    return jsonschema_rs.Draft7Validator(dict(format_schema(form, dialect)))


def _named(error: jsonschema_rs.ValidationError, schema: Mapping[str, Any]) -> Breach:
    path = list(error.instance_path)
    kind = rule_at(error.schema_path, schema)
    found = error.kind.as_dict()
    names = found.get("unexpected") or [found.get("property")]
    value = ", ".join(shown(name) for name in names) if names != [None] else shown(error.instance)
    field = next((step for step in reversed(path) if isinstance(step, str)), "")
    unknown = found.get("unexpected")
    steps = (*path, unknown[0]) if unknown else tuple(path)
    values = {"value": value, "field": repr(field), "limit": _known(error.schema_path, schema)}
    return Breach(kind, _place(path), values, steps=steps, at_key=bool(unknown))


def _known(schema_path: Sequence[str | int], schema: Mapping[str, Any]) -> str:
    """Return the values that an `enum` knows, for people; nothing for other keywords."""
    if schema_path[-1] != "enum":
        return ""
    node: Any = schema
    for step in schema_path:
        node = node[step]
    *most, last = map(str, node)
    return f"{', '.join(most)} and {last}" if most else last


def rule_at(schema_path: Sequence[str | int], schema: Mapping[str, Any]) -> str:
    """Return the rule that the schema names at a keyword, or at what holds it."""
    node: Any = schema
    rule = schema.get("x-rule", "no-form")
    for step in schema_path[:-1]:
        node = node[step]
        if isinstance(node, Mapping):
            rule = node.get("x-rule", rule)
    named: str = node.get("x-rules", {}).get(schema_path[-1], rule) if isinstance(node, Mapping) else rule
    return named


def _place(path: Sequence[str | int]) -> str:
    """Say where in a row: `message 3, call 1`, or `message 1 of 'preferred_output'`."""
    text = []
    for name, index in pairwise(path):
        if isinstance(index, str):
            continue
        if name in _OUTPUTS:
            text.append(f"message {index + 1} of {name!r}")
        elif name == "messages":
            text.append(f"message {index + 1}" + (" of 'input'" if path[0] == "input" else ""))
        elif name in _PARTS:
            text.append(f"{_PARTS[str(name)]} {index + 1}")
    return ", ".join(text)
