"""What a schema cannot say of a row: the order of its messages, weights, calls and their answers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import orjson
from msgspec import Struct

from ftops.datasets.breach import Breach, shown
from ftops.datasets.forms import is_json_schema
from ftops.datasets.tables import Ruleset
from ftops.model.capabilities import DataFormat

Message = Mapping[str, Any]

ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})


class Outline(Struct):
    """The messages of a row, looked through once.

    `known`: each has a known role; where one has not, their order says nothing. `plain`: none is empty, has
    images, calls, a weight, or stands behind another of the assistant's, so that most rows are done with.
    """

    messages: Sequence[Message]
    roles: list[str]
    images: int = 0
    known: bool = True
    plain: bool = True


def outline(row: Mapping[str, Any]) -> Outline | None:
    """Look through the messages of a chat, reinforcement or preference row; None where there are none."""
    messages = row.get("messages")
    if messages is None and isinstance(asked := row.get("input"), dict):
        messages = asked.get("messages")
    if not isinstance(messages, list) or not messages:
        return None
    found, before = Outline(messages, []), ""
    for message in messages:
        role = message.get("role") if isinstance(message, dict) else None
        if not isinstance(role, str) or role not in ROLES:
            found.known = False
            before = ""
            continue
        found.roles.append(role)
        content = message.get("content")
        if content.__class__ is not str or not content or len(message) > _PLAIN_KEYS:
            found.plain = False
            found.images += _images_in(content)
        if role == before == "assistant":
            found.plain = False
        before = role
    return found


_PLAIN_KEYS = 2
"""Role and content; more keys may be calls or a weight."""


def _images_in(content: object) -> int:
    parts = content if isinstance(content, list) else ()
    return sum(isinstance(part, dict) and part.get("type") == "image_url" for part in parts)


def conversation_breaches(
    row: Mapping[str, Any], found: Outline, rules: Ruleset, broken: Collection[str]
) -> Iterator[Breach]:
    """Yield what is wrong with the messages of a row beyond its schema. Anything may be in it.

    `broken` are the kinds that the schema has found: of broken calls it is not asked what they match.
    """
    if not found.plain:
        yield from _each(found.messages)
        yield from _images(found, rules)
    tools = (row.get("input") or row).get("tools") if "messages" not in row else row.get("tools")
    if (tools or not found.plain) and _CALLS.isdisjoint(broken):
        yield from _tools(found.messages, tools)


_CALLS = frozenset(
    {"tools", "tool", "function-name", "tool-calls", "tool-call", "tool-answer", "arguments-type"}
)


def end_breaches(found: Outline, form: DataFormat) -> Iterator[Breach]:
    """Yield what is wrong with how a conversation ends, by its form."""
    last = found.roles[-1]
    owner = {"value": f"the {last}"}
    if form is DataFormat.REINFORCEMENT:
        if last not in ("user", "developer"):
            yield Breach("last-is-not-a-question", shown=owner)
    elif form is DataFormat.PREFERENCE:
        if last == "assistant":
            yield Breach("input-ends-with-assistant")
    elif last == "assistant":
        if not found.plain:
            yield from _weights(found.messages)
    else:
        yield Breach("last-role", shown=owner) if "assistant" in found.roles else Breach("no-assistant")


def _weights(messages: Sequence[Message]) -> Iterator[Breach]:
    weights = [message.get("weight") for message in messages if message["role"] == "assistant"]
    if all(weight == 0 for weight in weights):
        yield Breach("nothing-to-learn")
    elif weights[-1] == 0:
        yield Breach("last-weight")


def _each(messages: Sequence[Message]) -> Iterator[Breach]:
    before = ""
    for number, message in enumerate(messages, 1):
        role = message["role"]
        if role == before == "assistant":
            yield Breach("consecutive-assistants", f"message {number}")
        before = role
        if message.get("content") == "" and not (message.get("tool_calls") or message.get("function_call")):
            yield Breach("empty-content", f"message {number}")


def _images(found: Outline, rules: Ruleset) -> Iterator[Breach]:
    if not found.images:
        return
    most = rules.limit("most_images")
    if most is not None and found.images > most:
        yield Breach("too-many-images", shown={"value": found.images, "limit": most})
    if rules.facts is not None and not rules.facts.images:
        yield Breach("images-not-taken", shown={"limit": rules.model})


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
