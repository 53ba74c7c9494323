"""Rows of training data, read and checked before anything heavy is loaded: what is wrong names its line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .codes import Refused

Message = Mapping[str, Any]

_ROLES = frozenset(("system", "developer", "user", "assistant", "tool"))


@dataclass(frozen=True)
class Chat:
    """A conversation; `trained` are the places of the messages that are learnt."""

    messages: Sequence[Message]
    trained: Sequence[int]
    tools: Sequence[Any] | None = None


@dataclass(frozen=True)
class Pair:
    """A text and how it goes on."""

    prompt: str
    completion: str


@dataclass(frozen=True)
class Preference:
    """A conversation and two answers to it."""

    messages: Sequence[Message]
    chosen: Sequence[Message]
    rejected: Sequence[Message]
    tools: Sequence[Any] | None = None


Row = Chat | Pair | Preference


class _Wrong(Exception):
    """What is wrong with one row."""


def read_rows(path: Path, method: str) -> list[Row]:
    """Read every row of a file. Raises Refused with the line number of the first that cannot be trained."""
    rows: list[Row] = []
    hint = "`ftops validate` finds every row that is wrong"
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                if line.strip():
                    rows.append(_row(_value(line), method))
                    _one_kind(rows)
            except _Wrong as wrong:
                raise Refused("data_refused", f"line {number} of {path.name} {wrong}", hint) from wrong
    if not rows:
        raise Refused("data_refused", f"{path.name} has no rows", "write one JSON object a line")
    return rows


def _value(line: bytes) -> Any:
    try:
        return json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise _Wrong("is not JSON in UTF-8") from error


def _one_kind(rows: Sequence[Row]) -> None:
    if type(rows[-1]) is not type(rows[0]):
        raise _Wrong("is of another form than the rows before it")


def _row(row: Any, method: str) -> Row:
    if not isinstance(row, dict):
        raise _Wrong("is not a JSON object")
    if method == "dpo":
        return _preference(row)
    if "messages" in row:
        return _chat(row)
    if "prompt" in row and "completion" in row:
        return _pair(row)
    raise _Wrong("has neither messages nor prompt and completion")


def _pair(row: Mapping[str, Any]) -> Pair:
    for name in ("prompt", "completion"):
        if not isinstance(row[name], str):
            raise _Wrong(f"has a {name} that is not a string")
    if not row["completion"]:
        raise _Wrong("has an empty completion")
    return Pair(row["prompt"], row["completion"])


def _chat(row: Mapping[str, Any]) -> Chat:
    if row.get("functions"):
        raise _Wrong("has functions, which no chat template knows: write tools")
    messages = list(_messages(row["messages"], "messages"))
    written = row["messages"]
    trained = [
        place for place, one in enumerate(messages) if one["role"] == "assistant" and _weight(written[place])
    ]
    if not trained:
        raise _Wrong("has no assistant message to learn from")
    return Chat(messages, trained, _tools(row))


def _weight(message: Message) -> bool:
    weight = message.get("weight", 1)
    if isinstance(weight, bool) or weight not in (0, 1):
        raise _Wrong("has a weight that is neither 0 nor 1")
    return bool(weight)


def _preference(row: Mapping[str, Any]) -> Preference:
    given = row.get("input")
    if not isinstance(given, dict):
        raise _Wrong("has no input; dpo needs input, preferred_output and non_preferred_output")
    answers = {}
    for name in ("preferred_output", "non_preferred_output"):
        answers[name] = list(_messages(row.get(name), name))
        if any(one["role"] != "assistant" for one in answers[name]):
            raise _Wrong(f"has a message in {name} that is not the assistant's")
    messages = list(_messages(given.get("messages"), "input.messages"))
    return Preference(messages, answers["preferred_output"], answers["non_preferred_output"], _tools(given))


def _tools(row: Mapping[str, Any]) -> Sequence[Any] | None:
    tools = row.get("tools")
    if tools is not None and not isinstance(tools, list):
        raise _Wrong("has tools that are not a list")
    return tools or None


def _messages(messages: Any, where: str) -> Iterator[Message]:
    if not isinstance(messages, list) or not messages:
        raise _Wrong(f"has no {where}")
    for message in messages:
        yield _message(message)


def _message(message: Any) -> Message:
    if not isinstance(message, dict):
        raise _Wrong("has a message that is not an object")
    role = message.get("role")
    if role not in _ROLES:
        raise _Wrong(f"has a message of the role {role!r}, which is none of {', '.join(sorted(_ROLES))}")
    if message.get("function_call"):
        raise _Wrong("has a function_call, which no chat template knows: write tool_calls")
    told = {
        key: value for key, value in message.items() if key not in ("weight", "refusal") and value is not None
    }
    # A developer message is what chat templates of open models call a system message.
    told["role"] = "system" if role == "developer" else role
    told["content"] = _content(message)
    if "tool_calls" in told:
        told["tool_calls"] = [_call(call) for call in told["tool_calls"]]
    elif not told["content"] and role == "assistant":
        raise _Wrong("has an assistant message that says nothing")
    return told


def _content(message: Message) -> str:
    content = message.get("content") or message.get("refusal") or ""
    if isinstance(content, str):
        return content
    if isinstance(content, list) and all(
        isinstance(part, dict) and isinstance(part.get("text"), str) for part in content
    ):
        return "".join(part["text"] for part in content)
    raise _Wrong("has a message with content that is not text")


def _call(call: Any) -> Any:
    """OpenAI writes the arguments of a call as JSON in a string; chat templates want what is in it."""
    if not isinstance(call, dict) or not isinstance(call.get("function"), dict):
        raise _Wrong("has a tool call without a function")
    arguments = call["function"].get("arguments")
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments or "{}")
        except ValueError as error:
            raise _Wrong("has a tool call whose arguments are not JSON") from error
    return {**call, "function": {**call["function"], "arguments": arguments}}
