"""What one line of a data file must hold, by the form of the data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ftops.model.capabilities import DataFormat

Formats = frozenset[DataFormat]

ROLES = frozenset({"system", "user", "assistant", "tool", "function", "developer"})

_LONGEST_SHOWN = 40


def line_problem(row: Any, formats: Formats) -> str | None:
    """Say what is wrong with one parsed line, None if nothing is. No `formats`: any JSON object will do."""
    if not isinstance(row, dict):
        return "is not a JSON object"
    for key, (form, rule) in _FORMS.items():
        if key in row and form in formats:
            return rule(row)
    return _other_form(row, formats) if formats else None


def _other_form(row: Mapping[str, Any], formats: Formats) -> str:
    wanted = " or ".join(f"{key!r} ({form})" for key, (form, _) in _FORMS.items() if form in formats)
    found = next((form for key, (form, _) in _FORMS.items() if key in row), None)
    is_other = f": it is {found} data, which this method does not take" if found else ""
    return f"has no field {wanted}{is_other}"


def _chat(row: Mapping[str, Any]) -> str | None:
    messages = row["messages"]
    problem = _messages(messages, "messages")
    if problem is None and not any(message["role"] == "assistant" for message in messages):
        return "has no assistant message to learn from"
    return problem


def _prompt_only_chat(row: Mapping[str, Any]) -> str | None:
    return _messages(row["messages"], "messages")


def _messages(messages: Any, field: str) -> str | None:
    if not isinstance(messages, list) or not messages:
        return f"{field!r} must be a list with at least one message"
    for number, message in enumerate(messages, 1):
        problem = _message(message)
        if problem is not None:
            return f"message {number} of {field!r} {problem}"
    return None


def _message(message: Any) -> str | None:
    if not isinstance(message, dict):
        return "is not a JSON object"
    role = message.get("role")
    if not isinstance(role, str) or role not in ROLES:
        shown = f"the role {role[:_LONGEST_SHOWN]!r}" if isinstance(role, str) else "no role"
        return f"has {shown}; known: {', '.join(sorted(ROLES))}"
    content = message.get("content")
    if content is None:
        calls = message.get("tool_calls") or message.get("function_call")
        return None if calls else "has no content"
    return None if isinstance(content, str | list) else "has content that is neither text nor a list of parts"


def _completion(row: Mapping[str, Any]) -> str | None:
    for field in ("prompt", "completion"):
        if not isinstance(row.get(field), str):
            return f"{field!r} must be a string" if field in row else f"has no field {field!r}"
    return None


def _preference(row: Mapping[str, Any]) -> str | None:
    asked = row["input"]
    if not isinstance(asked, dict) or "messages" not in asked:
        return "'input' must be an object with 'messages'"
    for value, field in (
        (asked["messages"], "input.messages"),
        (row.get("preferred_output"), "preferred_output"),
        (row.get("non_preferred_output"), "non_preferred_output"),
    ):
        problem = _messages(value, field)
        if problem is not None:
            return problem
    return None


_FORMS: Mapping[str, tuple[DataFormat, Callable[[Mapping[str, Any]], str | None]]] = {
    "messages": (DataFormat.CHAT, _chat),
    "prompt": (DataFormat.PROMPT_COMPLETION, _completion),
    "input": (DataFormat.PREFERENCE, _preference),
}
