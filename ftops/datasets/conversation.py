"""What a schema cannot say of a row: the order of its messages, weights, calls and their answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from ftops.datasets.breach import Breach, shown
from ftops.datasets.forms import is_json_schema
from ftops.datasets.tables import Ruleset
from ftops.model.capabilities import DataFormat

Message = Mapping[str, Any]

ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})


def conversation_breaches(row: Mapping[str, Any], form: DataFormat, rules: Ruleset) -> Iterator[Breach]:
    """Yield what is wrong with a row of this form beyond its schema. Anything may be in it."""
    if form is DataFormat.PROMPT_COMPLETION:
        if row.get("prompt") == "":
            yield Breach("blank-prompt")
        return
    holder = row["input"] if form is DataFormat.PREFERENCE else row
    messages = _readable(holder.get("messages") if isinstance(holder, Mapping) else None)
    if messages is None:
        return
    yield from _END[form](messages)
    yield from _each(messages)
    yield from _images(messages, rules)
    if any("tool_calls" in message for message in messages) or "tools" in holder:
        yield from _tools(messages, holder.get("tools"))
    if form is DataFormat.PREFERENCE and row.get("preferred_output") == row.get("non_preferred_output"):
        yield Breach("same-outputs")


def _readable(messages: Any) -> Sequence[Message] | None:
    """The messages, if each has a known role; where one has not, its order says nothing."""
    if not isinstance(messages, list) or not messages:
        return None
    for message in messages:
        if not isinstance(message, dict) or message.get("role") not in ROLES:
            return None
    return messages


def _chat_end(messages: Sequence[Message]) -> Iterator[Breach]:
    last = messages[-1]
    if last["role"] == "assistant":
        weights = [message.get("weight") for message in messages if message["role"] == "assistant"]
        if all(weight == 0 for weight in weights):
            yield Breach("nothing-to-learn")
        elif weights[-1] == 0:
            yield Breach("last-weight")
    elif any(message["role"] == "assistant" for message in messages):
        yield Breach("last-role", shown={"value": _owner(last)})
    else:
        yield Breach("no-assistant")


def _reinforcement_end(messages: Sequence[Message]) -> Iterator[Breach]:
    if messages[-1]["role"] not in ("user", "developer"):
        yield Breach("last-is-not-a-question", shown={"value": _owner(messages[-1])})


def _preference_end(messages: Sequence[Message]) -> Iterator[Breach]:
    if messages[-1]["role"] == "assistant":
        yield Breach("input-ends-with-assistant")


_END = {
    DataFormat.CHAT: _chat_end,
    DataFormat.REINFORCEMENT: _reinforcement_end,
    DataFormat.PREFERENCE: _preference_end,
}


def _owner(message: Message) -> str:
    return f"the {message['role']}"


def _each(messages: Sequence[Message]) -> Iterator[Breach]:
    before = ""
    for number, message in enumerate(messages, 1):
        role = message["role"]
        if role == "assistant" and before == "assistant":
            yield Breach("consecutive-assistants", f"message {number}")
        before = role
        if message.get("content") == "" and not (message.get("tool_calls") or message.get("function_call")):
            yield Breach("empty-content", f"message {number} of {_owner(message)}")


def _images(messages: Sequence[Message], rules: Ruleset) -> Iterator[Breach]:
    count = count_images(messages)
    if not count:
        return
    most = rules.limit("most_images")
    if most is not None and count > most:
        yield Breach("too-many-images", shown={"value": count, "limit": most})
    if rules.facts is not None and not rules.facts.images:
        yield Breach("images-not-taken", shown={"limit": rules.model})


def count_images(messages: object) -> int:
    """Count the images in messages, whatever else they hold."""
    if not isinstance(messages, list):
        return 0
    contents = (message.get("content") for message in messages if isinstance(message, dict))
    parts = (part for content in contents if isinstance(content, list) for part in content)
    return sum(isinstance(part, dict) and part.get("type") == "image_url" for part in parts)


def _tools(messages: Sequence[Message], tools: Any) -> Iterator[Breach]:
    declared = _declared(tools)
    open_calls: dict[str, int] = {}
    for number, message in enumerate(messages, 1):
        answered = message.get("tool_call_id")
        if message["role"] == "tool" and isinstance(answered, str):
            if open_calls.pop(answered, None) is None:
                yield Breach("answer-without-call", f"message {number}", {"value": shown(answered)})
            continue
        for call_id, asked in open_calls.items():
            yield Breach("call-without-answer", f"message {asked}", {"value": shown(call_id)})
        open_calls = {}
        for index, call in enumerate(_calls(message), 1):
            place = f"message {number}, call {index}"
            if isinstance(call.get("id"), str):
                open_calls[call["id"]] = number
            yield from _call(call.get("function"), place, declared)
    yield from _parameters(tools)


def _calls(message: Message) -> list[Mapping[str, Any]]:
    calls = message.get("tool_calls")
    return [call for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []


def _call(function: Any, place: str, declared: frozenset[str] | None) -> Iterator[Breach]:
    if not isinstance(function, dict):
        return
    name, arguments = function.get("name"), function.get("arguments")
    if declared is not None and isinstance(name, str) and name not in declared:
        yield Breach("undeclared-tool", place, {"value": shown(name)})
    if not isinstance(arguments, str):
        return
    try:
        decoded = orjson.loads(arguments)
    except orjson.JSONDecodeError:
        yield Breach("arguments-json", place)
        return
    if not isinstance(decoded, dict):
        kind = _KINDS.get(type(decoded), "something else")
        yield Breach("arguments-encoded-twice", place, {"value": kind})


_KINDS = {str: "a string", list: "a list", int: "a number", float: "a number", bool: "true or false"}


def _functions(tools: Any) -> list[Mapping[str, Any]]:
    if not isinstance(tools, list):
        return []
    found = (tool.get("function") for tool in tools if isinstance(tool, dict))
    return [function for function in found if isinstance(function, dict)]


def _declared(tools: Any) -> frozenset[str] | None:
    """Names of the row's functions; None where none are declared, which some providers take."""
    names = (function.get("name") for function in _functions(tools))
    return frozenset(name for name in names if isinstance(name, str)) or None


def _parameters(tools: Any) -> Iterator[Breach]:
    for index, function in enumerate(_functions(tools), 1):
        parameters = function.get("parameters")
        if isinstance(parameters, dict) and not is_json_schema(parameters):
            yield Breach("parameters", f"tool {index}", {})
