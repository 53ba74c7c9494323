"""JSON for people and machines: whatever names of files and providers' replies have put into a document."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import json as typed

_OBEYED = re.compile(
    "(##[A-Za-z]{0,20})\\[|[\\x7f-\\x9f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u2069\\ufeff]"
)
"""The commands of CI runners that can be inside a line, and characters that break, hide or reverse text."""


def json_text(document: Mapping[str, Any], *, ascii_only: bool = False) -> str:
    """Return a document as indented JSON."""
    if ascii_only:
        return escaped(json.dumps(writable(document), indent=2, allow_nan=False))
    return escaped(typed.format(encoded(document), indent=2).decode())


def json_line(document: Mapping[str, Any]) -> str:
    """Return a document as JSON on one line."""
    return escaped(typed.format(encoded(document), indent=0).decode())


def escaped(text: str) -> str:
    """In JSON text, escape what a terminal or a CI runner would obey; it reads back as the same."""
    if text.isascii() and "##" not in text and "\x7f" not in text:
        return text
    return _OBEYED.sub(lambda found: f"{found[1] or ''}\\u{ord(found[0][-1]):04x}", text)


def writable(value: Any) -> Any:
    """Return the value as JSON can hold it: U+FFFD for half a surrogate pair, null for NaN and infinities."""
    return typed.decode(encoded(value))


def encoded(value: Any) -> bytes:
    """Encode a value as JSON can hold it: see `writable`."""
    try:
        return _ENCODER.encode(value)
    except UnicodeEncodeError:
        return _ENCODER.encode(_whole_text(value))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return list(value)
    raise TypeError(f"a {type(value).__name__} is not JSON")


_ENCODER = typed.Encoder(enc_hook=_plain)


def _whole_text(value: Any) -> Any:
    """Replace each half of a surrogate pair, wherever it is."""
    if isinstance(value, str):
        return (
            value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        )
    if isinstance(value, Mapping):
        return {_whole_text(str(key)): _whole_text(member) for key, member in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [_whole_text(item) for item in value]
    return value
