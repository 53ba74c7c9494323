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
from ftops.datasets.tables import document, foreign_forms
from ftops.model.capabilities import DataFormat

REQUIRED: Mapping[DataFormat, frozenset[str]] = {
    DataFormat.CHAT: frozenset({"messages"}),
    DataFormat.REINFORCEMENT: frozenset({"messages"}),
    DataFormat.PREFERENCE: frozenset({"input", "preferred_output", "non_preferred_output"}),
    DataFormat.PROMPT_COMPLETION: frozenset({"prompt", "completion"}),
}
"""By which fields a row shows its form."""

_TELLING = (
    (DataFormat.PREFERENCE, frozenset({"preferred_output", "non_preferred_output"})),
    (DataFormat.CHAT, frozenset({"messages"})),
    (DataFormat.PROMPT_COMPLETION, frozenset({"prompt", "completion"})),
)
_PARTS = {"content": "part", "tool_calls": "call", "tools": "tool", "functions": "function"}
_OUTPUTS = ("preferred_output", "non_preferred_output")


def form_of(row: Mapping[str, Any], forms: frozenset[DataFormat]) -> DataFormat | None:
    """Which of the wanted forms a row has, whole or begun; None for another form or none."""
    whole = [form for form in forms if row.keys() >= REQUIRED[form]]
    if whole:
        return min(whole, key=list(REQUIRED).index)
    if any(row.keys() >= foreign.keys for foreign in foreign_forms()):
        return None
    begun = [form for form in forms if not row.keys().isdisjoint(REQUIRED[form])]
    return min(begun, key=list(REQUIRED).index) if begun else None


def strange_form(row: Mapping[str, Any], forms: frozenset[DataFormat], model: str) -> Breach:
    """Name the form of a row that has none of the wanted ones."""
    for foreign in foreign_forms():
        if row.keys() >= foreign.keys:
            return Breach("foreign-form", shown={"value": foreign.name}, advice=foreign.hint)
    other = next((form for form, keys in _TELLING if not row.keys().isdisjoint(keys)), None)
    wanted = " or ".join(f"{' and '.join(sorted(REQUIRED[form]))} ({form})" for form in sorted(forms))
    if other is None:
        return Breach("no-form", shown={"limit": wanted})
    where = f"{model} with this method takes {' or '.join(sorted(forms))} rows"
    return Breach("wrong-form", shown={"value": other, "limit": where})


def form_breaches(row: Mapping[str, Any], form: DataFormat) -> Iterator[Breach]:
    """Yield what the schema of a form finds wrong with a row, each kind once a place."""
    validator = _validator(form)
    if validator.is_valid(row):
        return
    seen: set[tuple[str, str]] = set()
    for error in validator.iter_errors(row):
        breach = _named(error)
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
def _validator(form: DataFormat) -> jsonschema_rs.Draft7Validator:
    definitions = document("forms.v1.json")["definitions"]
    return jsonschema_rs.Draft7Validator({"$ref": f"#/definitions/{form}", "definitions": definitions})


def _named(error: jsonschema_rs.ValidationError) -> Breach:
    path = list(error.instance_path)
    kind = rule_at(error.schema_path)
    found = error.kind.as_dict()
    names = found.get("unexpected") or [found.get("property")]
    value = ", ".join(shown(name) for name in names) if names != [None] else shown(error.instance)
    field = next((step for step in reversed(path) if isinstance(step, str)), "")
    return Breach(kind, _place(path), {"value": value, "field": repr(field)})


def rule_at(schema_path: Sequence[str | int]) -> str:
    """Return the rule that the schema names at a keyword, or at what holds it."""
    node: Any = document("forms.v1.json")
    rule = "no-form"
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
