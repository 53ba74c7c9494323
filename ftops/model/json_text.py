"""JSON for people and machines: whatever names of files and providers' replies have put into a document."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

_OBEYED = re.compile(
    "(##[A-Za-z]{0,20})\\[|[\\x7f-\\x9f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u2069\\ufeff]"
)
"""The commands of CI runners that can stand inside a line, and signs that break, hide or turn text."""


def json_text(document: Mapping[str, Any], *, ascii_only: bool = False) -> str:
    """Return a document as indented JSON."""
    return escaped(json.dumps(writable(document), indent=2, ensure_ascii=ascii_only, allow_nan=False))


def json_line(document: Mapping[str, Any]) -> str:
    """Return a document as JSON on one line."""
    return escaped(json.dumps(writable(document), ensure_ascii=False, allow_nan=False))


def escaped(text: str) -> str:
    """Write in JSON text as escapes what a terminal or a CI runner would obey; it reads back as the same."""
    return _OBEYED.sub(lambda found: f"{found[1] or ''}\\u{ord(found[0][-1]):04x}", text)


def writable(value: Any) -> Any:
    """Return the value as JSON in UTF-8 can hold it: U+FFFD for half a surrogate pair, null for no number."""
    if isinstance(value, str):
        return (
            value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        )
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(writable(str(key))): writable(member) for key, member in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [writable(item) for item in value]
    return value
