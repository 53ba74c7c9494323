"""What values a field of a dialect takes, in words, from the JSON Schema of one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_BOUNDS = (
    ("minimum", "from"),
    ("exclusiveMinimum", "above"),
    ("maximum", "to"),
    ("exclusiveMaximum", "below"),
)


def type_words(schema: Mapping[str, Any]) -> str:
    """Write a JSON Schema of one value as people would say it."""
    if "enum" in schema:
        return ", ".join(f"`{json.dumps(value).strip(chr(34))}`" for value in schema["enum"])
    alternatives = schema.get("oneOf") or schema.get("anyOf")
    if alternatives:
        return " or ".join(type_words(one) for one in alternatives)
    if "const" in schema:
        return f"`{schema['const']}`"
    kinds = schema.get("type", "any")
    words = kinds if isinstance(kinds, str) else " or ".join(kinds)
    limits = [f"{word} {_number(schema[key])}" for key, word in _BOUNDS if key in schema]
    items = f" of {type_words(schema['items'])}" if isinstance(schema.get("items"), dict) else ""
    longest = [f"of at most {schema['maxLength']} characters"] if "maxLength" in schema else []
    return " ".join([words.replace("object", "map").replace("array", "list") + items, *limits, *longest])


def _number(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
