"""GitHub's expressions, as far as the workflows use them. What is not known here fails the test."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_WHOLE = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
_TOKEN = re.compile(r"\s*(==|!=|&&|\|\||[!()]|'(?:[^']|'')*'|[A-Za-z_][\w.-]*)")
_OPEN = ("github.event.", "inputs.", "steps.", "matrix.")
"""Where GitHub takes what is not there for empty. Of anything else it would be a slip of the pen."""

Contexts = Mapping[str, Any]


def substituted(text: str, contexts: Contexts) -> str:
    """Return the text with the values of its expressions."""
    return _WHOLE.sub(lambda match: _text(evaluated(match[1], contexts)), text)


def holds(condition: str, contexts: Contexts, *, failed: bool) -> bool:
    """Return whether a step with this `if` runs after the steps before it."""
    match = _WHOLE.fullmatch(condition.strip())
    text = match[1] if match else condition
    states = {"always": True, "cancelled": False, "failure": failed, "success": not failed}
    asks = any(f"{name}()" in text for name in states)
    value = bool(evaluated(text, {**contexts, **states}))
    return value if asks else value and not failed


def evaluated(text: str, contexts: Contexts) -> Any:
    """Evaluate one expression."""
    tokens = _tokens(text)
    value = _either(tokens, contexts)
    assert not tokens, f"unknown expression: {text}"
    return value


def _tokens(text: str) -> list[str]:
    found, at = [], 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        assert match is not None, f"unknown expression: {text}"
        found.append(match[1])
        at = match.end()
    return found


def _either(tokens: list[str], contexts: Contexts) -> Any:
    value = _both(tokens, contexts)
    while tokens[:1] == ["||"]:
        tokens.pop(0)
        other = _both(tokens, contexts)
        value = value or other
    return value


def _both(tokens: list[str], contexts: Contexts) -> Any:
    value = _compared(tokens, contexts)
    while tokens[:1] == ["&&"]:
        tokens.pop(0)
        other = _compared(tokens, contexts)
        value = value and other
    return value


def _compared(tokens: list[str], contexts: Contexts) -> Any:
    value = _single(tokens, contexts)
    if tokens[:1] in (["=="], ["!="]):
        equal = tokens.pop(0) == "=="
        return (_text(value).lower() == _text(_single(tokens, contexts)).lower()) is equal
    return value


def _single(tokens: list[str], contexts: Contexts) -> Any:
    token = tokens.pop(0)
    if token == "!":
        return not _single(tokens, contexts)
    if token == "(":
        value = _either(tokens, contexts)
        assert tokens.pop(0) == ")"
        return value
    if token.startswith("'"):
        return token[1:-1].replace("''", "'")
    if tokens[:2] == ["(", ")"]:
        del tokens[:2]
    return _looked_up(token, contexts)


def _looked_up(name: str, contexts: Contexts) -> Any:
    value: Any = contexts
    for part in name.split("."):
        if not isinstance(value, Mapping) or part not in value:
            assert name.startswith(_OPEN), f"unknown expression: {name}"
            return ""
        value = value[part]
    return value


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)
