"""Training files, really checked: the rules that the provider applies after an upload."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

ROLES = frozenset({"system", "user", "assistant", "tool", "function", "developer"})
FEWEST_EXAMPLES = 10


@dataclass(frozen=True, slots=True)
class Checked:
    """What a data file holds. `form` is chat, prompt-completion or preference."""

    examples: int
    form: str | None
    problem: str | None


def check(path: Path) -> Checked:
    """Read a JSONL file line by line and name the first problem, with its line."""
    examples, form = 0, None
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            found, problem = _check_line(line)
            if problem is not None:
                return Checked(examples, form, f"Invalid file format. Line {number}: {problem}")
            if form not in (None, found):
                return Checked(examples, form, f"Invalid file format. Line {number} is {found}, not {form}.")
            form = found
            examples += 1
    if examples == 0:
        return Checked(0, None, "Training file has no examples.")
    return Checked(examples, form, None)


def _check_line(line: bytes) -> tuple[str | None, str | None]:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None, "not valid JSON"
    if not isinstance(row, dict):
        return None, "not a JSON object"
    for key, (form, rule) in _FORMS.items():
        if key in row:
            return form, rule(row)
    return None, "has neither messages, nor prompt, nor input"


def _chat(row: dict[str, Any]) -> str | None:
    problem = _messages(row["messages"])
    if problem is None and not any(message["role"] == "assistant" for message in row["messages"]):
        return "has no assistant message"
    return problem


def _messages(messages: Any) -> str | None:
    if not isinstance(messages, list) or not messages:
        return "messages is not a list with an entry"
    for message in messages:
        if not isinstance(message, dict) or message.get("role") not in ROLES:
            role = message.get("role") if isinstance(message, dict) else message
            return f"unknown role {role!r}"
        if "content" not in message and "tool_calls" not in message:
            return "a message has no content"
    return None


def _completion(row: dict[str, Any]) -> str | None:
    if not isinstance(row["prompt"], str) or not isinstance(row.get("completion"), str):
        return "prompt and completion must be strings"
    return None


def _preference(row: dict[str, Any]) -> str | None:
    missing = [
        key for key in ("preferred_output", "non_preferred_output") if not isinstance(row.get(key), list)
    ]
    return f"has no {missing[0]}" if missing else None


_FORMS: dict[str, tuple[str, Callable[[dict[str, Any]], str | None]]] = {
    "messages": ("chat", _chat),
    "prompt": ("prompt-completion", _completion),
    "input": ("preference", _preference),
}
