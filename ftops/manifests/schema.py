"""Check documents against `schemas/` (the only jsonschema import), and say what is wrong in one sentence.

Valid documents are told by jsonschema-rs, forty times as fast; only what it refuses is looked at again by
jsonschema, for the sentences.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema_rs

from ftops.errors import FtopsError

if TYPE_CHECKING:
    from jsonschema import ValidationError

SCHEMA_KINDS: Mapping[str, str] = {
    "finetune": "finetune.v1.json",
    "project": "project.v1.json",
    "plan": "plan.v1.json",
}
"""Every published schema, by the word that `ftops schema` takes."""

Finding = tuple[tuple[str | int, ...], str, str | None, bool]
"""Path, message, hint, and whether the key rather than the value is meant."""


@cache
def schema_text(kind: str) -> str:
    """Give a schema as it is published: inside an installed package, else beside it in a checkout."""
    name = SCHEMA_KINDS[kind]
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "schemas", package.parent / "schemas"):
        if (folder / name).is_file():
            return (folder / name).read_text(encoding="utf-8")
    raise FtopsError(f"the schema {name} is not installed", hint="install ftops again")


def findings(kind: str, value: Any) -> Iterator[Finding]:
    """Yield everything that is wrong with a value, in the order of its parts."""
    if _quick(schema_text(kind)).is_valid(value):
        return
    from jsonschema import Draft7Validator

    validator = Draft7Validator(json.loads(schema_text(kind)))
    for error in sorted(validator.iter_errors(value), key=lambda error: [str(step) for step in error.path]):
        yield from _sentences(error)


def value_findings(schema: Mapping[str, Any], value: Any) -> Iterator[Finding]:
    """Check one value against a fragment, such as a hyperparameter's."""
    if _quick(json.dumps(schema, sort_keys=True)).is_valid(value):
        return
    from jsonschema import Draft7Validator

    for error in Draft7Validator(dict(schema)).iter_errors(value):
        yield from _sentences(error)


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """Offer the nearest known word."""
    near = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else None


@cache
def _quick(schema: str) -> jsonschema_rs.Draft7Validator:
    return jsonschema_rs.Draft7Validator(json.loads(schema))


def _sentences(error: ValidationError) -> Iterator[Finding]:
    path = tuple(error.absolute_path)
    rule = error.validator
    # The stubs allow for errors that belong to no rule; those of iter_errors always do.
    limit: Any = error.validator_value
    schema: Any = error.schema
    value: Any = error.instance
    if rule == "additionalProperties" and limit is False:
        known = schema.get("properties", {})
        for key in sorted(set(value) - set(known)):
            hint = did_you_mean(key, known) or f"known here: {', '.join(sorted(known))}"
            yield (*path, key), f"unknown field {key!r}", hint, True
    elif rule == "required":
        missing = [key for key in limit if key not in value]
        # jsonschema reports each missing key on its own; its message alone says which.
        for key in missing:
            if error.message.startswith(repr(key)):
                yield path, f"the field {key!r} is missing", None, True
    else:
        sentence, advice = _rule_sentence(str(rule), limit, value, error.message)
        yield path, sentence, advice, False


def _rule_sentence(rule: str, limit: Any, value: Any, default: str) -> tuple[str, str | None]:
    match rule:
        case "type":
            wanted = " or ".join(_TYPES[name] for name in ([limit] if isinstance(limit, str) else limit))
            hint = "quote it" if "string" in limit and isinstance(value, int | float) else None
            return f"must be {wanted}, not {_shown(value)}", hint
        case "enum":
            choices = ", ".join(map(str, limit))
            return f"must be one of {choices}, not {_shown(value)}", did_you_mean(str(value), map(str, limit))
        case "const":
            return f"must be {limit!r}, not {_shown(value)}", None
        case "pattern" if limit == "^file-":
            return (
                f"{_shown(value)} is not a file id",
                f"for a file of the project write {{path: {value}}}",
            )
        case "pattern":
            return f"{_shown(value)} does not have the form {limit}", None
    if rule in _BOUNDS:
        return f"{_BOUNDS[rule].format(limit)}, not {_shown(value)}", None
    return default, None


_TYPES = {
    "string": "a string",
    "object": "a map",
    "array": "a list",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}
_BOUNDS = {
    "minimum": "must be at least {}",
    "maximum": "must be at most {}",
    "exclusiveMinimum": "must be greater than {}",
    "minLength": "must have at least {} character",
    "maxProperties": "can have at most {} entries",
    "minItems": "must have at least {} entry",
}
_LONGEST_SHOWN = 60


def _shown(value: Any) -> str:
    """Show a wrong value, briefly. Maps and lists are only named: they could hold what must not be shown."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return f"the word {str(value).lower()}"
    if isinstance(value, dict | list):
        return "a map" if isinstance(value, dict) else "a list"
    if isinstance(value, int | float):
        return f"the number {value}"
    return f"the string {value[:_LONGEST_SHOWN]!r}"
