"""What one line of a data file must hold, by the form of the data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ftops.model.capabilities import DataFormat

ROLES = frozenset({"system", "user", "assistant", "tool", "function", "developer"})


def line_problem(row: Any, formats: frozenset[DataFormat]) -> str | None:
    """Say what is wrong with one parsed line, None if nothing is."""
    if not isinstance(row, dict):
        return "is not a JSON object"
    for key, (form, rule) in _FORMS.items():
        if key in row and form in formats:
            return rule(row)
    wanted = " or ".join(sorted(f"{key!r} ({form})" for key, (form, _) in _FORMS.items() if form in formats))
    found = next((form for key, (form, _) in _FORMS.items() if key in row), None)
    is_other = f" and is {found} data" if found else ""
    return f"has no field {wanted}{is_other}"


def _chat(row: Mapping[str, Any]) -> str | None:
    messages = row["messages"]
    problem = _messages(messages, "messages")
    if problem is None and not any(message["role"] == "assistant" for message in messages):
        return "has no assistant message to learn from"
    return problem


def _messages(messages: Any, field: str) -> str | None:
    if not isinstance(messages, list) or not messages:
        return f"{field!r} must be a list with at least one message"
    for number, message in enumerate(messages, 1):
        problem = _message(message)
        if problem is not None:
            return f"message {number} {problem}"
    return None


def _message(message: Any) -> str | None:
    if not isinstance(message, dict):
        return "is not a JSON object"
    role = message.get("role")
    if role not in ROLES:
        return f"has the role {role!r}; known: {', '.join(sorted(ROLES))}"
    content = message.get("content")
    if content is None and not ("tool_calls" in message or "function_call" in message):
        return "has no content"
    if content is not None and not isinstance(content, str | list):
        return "has content that is neither a string nor a list of parts"
    return None


def _completion(row: Mapping[str, Any]) -> str | None:
    for field in ("prompt", "completion"):
        if not isinstance(row.get(field), str):
            return f"{field!r} must be a string"
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
