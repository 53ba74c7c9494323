"""A row of data as the conversation that it is; what a stranger has written cannot steer a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ftops.model.json_value import JSON
from ftops.report.layout import NARROWEST, wrapped
from ftops.report.words import Styler, cut, plain, printable, size

LONGEST_TEXT = 20_000
"""Characters of one text that are shown."""

_LONGEST_ADDRESS = 60
_STEP = "  "


def render_row(
    row: tuple[int, int, int], value: JSON, problem: str | None, *, width: int, style: Styler = plain
) -> str:
    """Draw one row, given its number, its line and its size in bytes."""
    number, line, length = row
    width = max(width, NARROWEST)
    lines = [style(f"row {number} (line {line}, {size(length)})", "bold")]
    if problem is not None:
        lines += wrapped(problem, width, _STEP)
        lines += _text(value, width, _STEP * 2)
    elif isinstance(value, dict):
        lines += _row(value, width, style)
    else:
        lines += _text(value, width, _STEP)
    return "\n".join(lines) + "\n"


def _row(row: Mapping[str, Any], width: int, style: Styler) -> Iterator[str]:
    for key, value in row.items():
        asked = value.get("messages") if key == "input" and isinstance(value, dict) else None
        if key == "messages" and isinstance(value, list):
            yield from _messages(value, width, style, _STEP)
        elif isinstance(asked, list):
            yield _STEP + style("input", "dim")
            yield from _messages(asked, width, style, _STEP * 2)
        elif key in ("preferred_output", "non_preferred_output") and isinstance(value, list):
            yield _STEP + style(key.replace("_", " "), "dim")
            yield from _messages(value, width, style, _STEP * 2)
        else:
            yield _STEP + style(printable(key), "dim")
            yield from _text(value, width, _STEP * 2)


def _messages(messages: list[Any], width: int, style: Styler, indent: str) -> Iterator[str]:
    for message in messages:
        if not isinstance(message, dict):
            yield from _text(message, width, indent)
            continue
        yield indent + style(_title(message), "bold")
        inner = indent + _STEP
        if message.get("content") is not None:
            yield from _content(message["content"], width, inner)
        calls = message.get("tool_calls")
        for call in calls if isinstance(calls, list) else ():
            yield from _call(call, width, inner)
        if message.get("function_call") is not None:
            yield from _call({"function": message["function_call"]}, width, inner)


def _title(message: Mapping[str, Any]) -> str:
    role = printable(message.get("role", "(no role)"))
    told = [f"{key} {message[key]}" for key in ("name", "tool_call_id", "weight") if key in message]
    return f"{role} ({printable(', '.join(told))})" if told else role


def _content(content: Any, width: int, indent: str) -> Iterator[str]:
    for part in content if isinstance(content, list) else [content]:
        if isinstance(part, dict) and isinstance(part.get("text"), str):
            yield from _text(part["text"], width, indent)
        elif isinstance(part, dict) and "image_url" in part:
            address = part["image_url"]
            url = address.get("url") if isinstance(address, dict) else address
            yield f"{indent}[image {cut(printable(url), _LONGEST_ADDRESS)}]"
        else:
            yield from _text(part, width, indent)


def _call(call: Any, width: int, indent: str) -> Iterator[str]:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict):
        yield from _text(call, width, indent)
        return
    arguments = function.get("arguments")
    written = arguments if isinstance(arguments, str) else _json(arguments)
    name = f" [{call['id']}]" if "id" in call else ""
    yield from wrapped(f"calls {function.get('name')}({written}){name}", width, indent, hang=2)


def _json(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return "(nested too deeply to be shown)"


def _text(value: Any, width: int, indent: str) -> Iterator[str]:
    """Yield text in its own lines, and anything else as JSON."""
    text = value if isinstance(value, str) else _json(value)
    rest = len(text) - LONGEST_TEXT
    for line in text[:LONGEST_TEXT].split("\n"):
        yield from wrapped(line.rstrip(), width, indent) if line.strip() else ("",)
    if rest > 0:
        yield f"{indent}... and {rest:,} more characters"
