"""Rows that are wrong in a way that has one right answer, and that answer.

A row that would lose something by being written anew, such as the first of two equal keys, is left as it is.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from ftops.datasets.conversation import ROLES
from ftops.datasets.disguises import line_disguise, repeated_key, written_anew

_LONGEST_LITERAL = 1024 * 1024
"""Bytes of a Python literal: Python's own parser takes much memory for it."""

_MOST_ENCODINGS = 5
"""How often arguments are decoded in search of an object."""


def fixed_rows(line: bytes, note: Callable[[str], None]) -> list[bytes]:
    """Return a row as it should be, or several where several stand on the line; `note` is told each kind."""
    try:
        orjson.loads(line)
        rows = [line]
    except orjson.JSONDecodeError as error:
        kind = line_disguise(line, error).kind
        rows = _READ_AGAIN[kind](line) if kind in _READ_AGAIN else []
        if not rows:
            return [line]
        note(kind)
    return [_fixed(row, note) for row in rows]


def _without_comma(line: bytes) -> list[bytes]:
    return [line.removesuffix(b",").rstrip()]


def _from_python(line: bytes) -> list[bytes]:
    if len(line) > _LONGEST_LITERAL:
        return []
    try:
        value = ast.literal_eval(line.decode())
        text = json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return []
    # What JSON does not have (a tuple, a number as a key) would come back as something else.
    return [text] if isinstance(value, dict) and json.loads(text) == value else []


def _split(line: bytes) -> list[bytes]:
    text, found, at = line.decode(), [], 0
    decoder = json.JSONDecoder()
    while at < len(text):
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return []
        if not isinstance(value, dict):
            return []
        found.append(text[at:end].encode())
        at = end + len(text[end:]) - len(text[end:].lstrip(" \t,"))
    return found


_READ_AGAIN = {
    "trailing-comma": _without_comma,
    "python-literal": _from_python,
    "several-objects": _split,
}


def _fixed(line: bytes, note: Callable[[str], None]) -> bytes:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError:
        return line
    anew = written_anew(row)
    if not isinstance(row, dict) or anew is None or not _may_need_it(row) or repeated_key(line, anew):
        return line
    # As Python reads it: numbers of any size stay what they are.
    row = json.loads(line)
    kinds = [kind for message in _messages(row) for kind in _message_kinds(message)]
    if not kinds:
        return line
    for kind in dict.fromkeys(kinds):
        note(kind)
    return _as_written(row, line)


def _may_need_it(row: dict[str, Any]) -> bool:
    return any(True for message in _messages(row) for _ in _message_kinds(message, change=False))


def _messages(row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    asked = row.get("input")
    inner = asked.get("messages") if isinstance(asked, dict) else None
    for held in (row.get("messages"), inner, row.get("preferred_output"), row.get("non_preferred_output")):
        yield from (one for one in held if isinstance(one, dict)) if isinstance(held, list) else ()


def _message_kinds(message: dict[str, Any], *, change: bool = True) -> Iterator[str]:
    """Yield what is corrected in a message; with `change`, correct it."""
    role, weight = message.get("role"), message.get("weight")
    if isinstance(role, str) and role not in ROLES and role.lower() in ROLES:
        yield from _set(message, "role", role.lower(), "role", change=change)
    if isinstance(weight, bool) or (isinstance(weight, str) and weight in ("0", "1")):
        yield from _set(message, "weight", int(weight), "weight", change=change)
    for function in _functions(message):
        arguments = function.get("arguments")
        if isinstance(arguments, dict):
            text = json.dumps(arguments, ensure_ascii=False)
            yield from _set(function, "arguments", text, "arguments-type", change=change)
        elif isinstance(arguments, str) and (once := _encoded_once(arguments)) is not None:
            yield from _set(function, "arguments", once, "arguments-encoded-twice", change=change)


def _set(holder: dict[str, Any], key: str, value: Any, kind: str, *, change: bool) -> Iterator[str]:
    if change:
        holder[key] = value
    yield kind


def _functions(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    calls = message.get("tool_calls")
    called = (
        [call.get("function") for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
    )
    yield from (one for one in (*called, message.get("function_call")) if isinstance(one, dict))


def _encoded_once(arguments: str) -> str | None:
    """Return the innermost text of arguments that were encoded again; None where they were not."""
    text = arguments
    for _ in range(_MOST_ENCODINGS):
        try:
            inner = orjson.loads(text)
        except orjson.JSONDecodeError:
            return None
        if isinstance(inner, dict):
            return None if text is arguments else text
        if not isinstance(inner, str):
            return None
        text = inner
    return None


def _as_written(row: dict[str, Any], line: bytes) -> bytes:
    """Write a row as its line is: spaced or not, with letters or their numbers."""
    spaced = b'": ' in line
    separators = (", ", ": ") if spaced else (",", ":")
    try:
        return json.dumps(row, ensure_ascii=line.isascii(), separators=separators, allow_nan=False).encode()
    except ValueError:
        return line
