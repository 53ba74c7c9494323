"""The message of an error, whatever shape a server or a gateway gives it."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from typing import Any

from ftops.transport.loose_json import read_json

LONGEST_WORDS = 500
_LONGEST_CODE = 100
_LONGEST_LINE = 200
_MOST_PARTS = 5
_DEEPEST = 5
_TRACEBACK = "Traceback (most recent call last):"

_WORDS = (
    "message",
    "msg",
    "error_description",
    "detail",
    "description",
    "reason",
    "error",
    "errors",
    "title",
)
"""Members that hold the words, the best first: OpenAI's, FastAPI's, OAuth's, those of RFC 9457, others."""


def one_line(text: str) -> str:
    """Make words of a server or of the system fit to be shown."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(shown.split())[:_LONGEST_LINE]


def said(content: bytes) -> tuple[str | None, str]:
    """Return a refusal's code, if it has one, and its message: `no message` for an empty reply."""
    try:
        body = read_json(content)
    except ValueError:
        text = content.decode("utf-8", errors="replace")
        if _TRACEBACK in text:
            return None, last_words(text)
        text = html.unescape(re.sub(r"<[^>]*>", " ", text[:4096]))
        return None, " ".join(text.split())[:200] or "no message"
    return said_in(body)


def last_words(text: str) -> str:
    """Return what a Python traceback ends with: the error that it is about."""
    lines = (line.strip() for line in reversed(text.splitlines()))
    return next((line for line in lines if len(line) > 1), "")[:LONGEST_WORDS] or "no message"


def said_in(body: Any) -> tuple[str | None, str]:
    """Return the code and the message of an error that has been read."""
    words = _words(body) or (json.dumps(body, ensure_ascii=False) if body else "")
    return _code(body), words[:LONGEST_WORDS] or "no message"


def error_in(body: Any) -> str | None:
    """Return the message of an error that came with a success status, None for a body without one."""
    if not isinstance(body, Mapping) or not (body.get("error") or body.get("errors")):
        return None
    code, words = said_in(body)
    return f"{code}: {words}" if code else words


def _words(value: Any, depth: int = 0) -> str:
    if isinstance(value, str):
        return " ".join(value.split())
    if depth >= _DEEPEST:
        return ""
    if isinstance(value, list):
        parts = [_words(item, depth + 1) for item in value[:_MOST_PARTS]]
        return "; ".join(part for part in parts if part)
    if not isinstance(value, Mapping):
        return ""
    # A member that only repeats the error as a flag (`"error": true`) has no words of its own.
    found = (_words(value.get(name), depth + 1) for name in _WORDS)
    words = next((text for text in found if text), "")
    place = value.get("loc")
    if words and isinstance(place, list) and place:
        return f"{'.'.join(map(str, place))}: {words}"
    return words


def _code(body: Any) -> str | None:
    if not isinstance(body, Mapping):
        return None
    inner = next((body[name] for name in ("error", "detail") if isinstance(body.get(name), Mapping)), body)
    code = inner.get("code")
    told = isinstance(code, str | int) and not isinstance(code, bool) and code
    return str(code)[:_LONGEST_CODE] if told else None
