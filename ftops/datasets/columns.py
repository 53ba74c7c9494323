"""Where in a line a place of its row is. Only lines with findings are looked at: parsing keeps no places."""

from __future__ import annotations

import json
import re

Steps = tuple[str | int, ...]
"""The way to a value: names of fields, and indexes from 0."""

_SKIP = re.compile(r"[ \t\r\n]*")
_VALUE = json.JSONDecoder()


def column_of(line: bytes, steps: Steps, *, at_key: bool = False) -> int | None:
    """Return the column, from 1, at which a value begins (or its key); None where it is not there.

    Of a key that is there twice the last counts, as for whoever parses the line.
    """
    text = line.decode()
    key = at = _skip(text, 0)
    try:
        for step in steps:
            found = _member(text, at, step) if isinstance(step, str) else _item(text, at, step)
            if found is None:
                return None
            key, at = found
    except (ValueError, IndexError, RecursionError):
        return None
    return (key if at_key else at) + 1


def _member(text: str, at: int, name: str) -> tuple[int, int] | None:
    """Return where a member's key and value begin."""
    if text[at] != "{":
        return None
    found, at = None, _skip(text, at + 1)
    while text[at] == '"':
        key = at
        read, at = _VALUE.raw_decode(text, at)
        value = _skip(text, _skip(text, at) + 1)
        if read == name:
            found = key, value
        at = _after(text, value)
    return found


def _item(text: str, at: int, index: int) -> tuple[int, int] | None:
    if text[at] != "[":
        return None
    at = _skip(text, at + 1)
    for _ in range(index):
        if text[at] == "]":
            return None
        at = _after(text, at)
    return (at, at) if text[at] != "]" else None


def _after(text: str, at: int) -> int:
    """Return where what follows a value begins: the next key or value, or the closing bracket."""
    at = _skip(text, _VALUE.raw_decode(text, at)[1])
    return _skip(text, at + 1) if text[at] == "," else at


def _skip(text: str, at: int) -> int:
    found = _SKIP.match(text, at)
    return found.end() if found else at
