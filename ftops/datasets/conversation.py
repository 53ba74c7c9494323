"""What a schema cannot say about a row: the order of its messages, weights, calls and their answers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import orjson
from msgspec import Struct

from ftops.datasets.breach import Breach, shown
from ftops.datasets.columns import Steps
from ftops.datasets.forms import is_json_schema
from ftops.datasets.tables import Ruleset
from ftops.model.capabilities import DataFormat

Message = Mapping[str, Any]

ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})


class Outline(Struct):
    """The messages of a row, looked through once. `holder` leads to what has them.

    `known`: each has a known role; where one has not, their order says nothing. `plain`: none is empty, has
    images, calls, a weight, or follows another of the assistant's, so most rows need no further check.
    """

    messages: Sequence[Message]
    roles: list[str]
    images: int = 0
    known: bool = True
    plain: bool = True
    holder: Steps = ()

    def at(self, index: int) -> Steps:
        """Return the way to a message; -1 is the last."""
        return (*self.holder, "messages", index if index >= 0 else len(self.messages) + index)


def outline(row: Mapping[str, Any]) -> Outline | None:
    """Look through the messages of a chat, reinforcement or preference row; None where there are none."""
    messages, holder = row.get("messages"), ()  # type: Any, Steps
    if messages is None and isinstance(asked := row.get("input"), dict):
        messages, holder = asked.get("messages"), ("input",)
    if not isinstance(messages, list) or not messages:
        return None
    found, before = Outline(messages, [], holder=holder), ""
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
        yield from _each(found)
        yield from _images(found, rules)
    tools = (row.get("input") or row).get("tools") if "messages" not in row else row.get("tools")
    if (tools or not found.plain) and _CALLS.isdisjoint(broken):
        yield from _tools(found, tools)


_CALLS = frozenset(
    {"tools", "tool", "function-name", "tool-calls", "tool-call", "tool-answer", "arguments-type"}
)


def end_breaches(found: Outline, form: DataFormat) -> Iterator[Breach]:
    """Yield what is wrong with how a conversation ends, by its form."""
    last = found.roles[-1]
    owner = {"value": f"the {last}"}
    if form is DataFormat.REINFORCEMENT:
        if last not in ("user", "developer"):
            yield Breach("last-is-not-a-question", shown=owner, steps=found.at(-1))
    elif form is DataFormat.PREFERENCE:
        if last == "assistant":
            yield Breach("input-ends-with-assistant", steps=found.at(-1))
    elif last == "assistant":
        if not found.plain:
            yield from _weights(found)
    elif "assistant" in found.roles:
        yield Breach("last-role", shown=owner, steps=found.at(-1))
    else:
        yield Breach("no-assistant", steps=(*found.holder, "messages"))


def _weights(found: Outline) -> Iterator[Breach]:
    weights = [message.get("weight") for message in found.messages if message["role"] == "assistant"]
    if all(weight == 0 for weight in weights):
        yield Breach("nothing-to-learn", steps=(*found.holder, "messages"))
    elif weights[-1] == 0:
        yield Breach("last-weight", steps=(*found.at(-1), "weight"))


def _each(found: Outline) -> Iterator[Breach]:
    before = ""
    for number, message in enumerate(found.messages, 1):
        role, steps = message["role"], found.at(number - 1)
        if role == before == "assistant":
            yield Breach("consecutive-assistants", f"message {number}", steps=steps)
        before = role
        if message.get("content") == "" and not (message.get("tool_calls") or message.get("function_call")):
            yield Breach("empty-content", f"message {number}", steps=(*steps, "content"))


def _images(found: Outline, rules: Ruleset) -> Iterator[Breach]:
    if not found.images:
        return
    most, steps = rules.limit("most_images"), (*found.holder, "messages")
    if most is not None and found.images > most:
        yield Breach("too-many-images", shown={"value": found.images, "limit": most}, steps=steps)
    if rules.facts is not None and not rules.facts.images:
        yield Breach("images-not-taken", shown={"limit": rules.model}, steps=steps)


def _tools(found: Outline, tools: Any) -> Iterator[Breach]:
    declared = _declared(tools)
    open_calls: dict[str, int] = {}
    for number, message in enumerate(found.messages, 1):
        steps, answered = found.at(number - 1), message.get("tool_call_id")
        if message["role"] == "tool" and isinstance(answered, str):
            if open_calls.pop(answered, None) is None:
                value, asked_by = {"value": shown(answered)}, (*steps, "tool_call_id")
                yield Breach("answer-without-call", f"message {number}", value, steps=asked_by)
            continue
        for call_id, asked in open_calls.items():
            value, asked_by = {"value": shown(call_id)}, found.at(asked - 1)
            yield Breach("call-without-answer", f"message {asked}", value, steps=asked_by)
        open_calls = {}
        for index, call in enumerate(_calls(message)):
            if isinstance(call.get("id"), str):
                open_calls[call["id"]] = number
            yield from _call(call.get("function"), (*steps, "tool_calls", index, "function"), declared)
    yield from _parameters(tools, found.holder)


def _calls(message: Message) -> list[Mapping[str, Any]]:
    calls = message.get("tool_calls")
    return [call for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []


def _call(function: Any, steps: Steps, declared: frozenset[str] | None) -> Iterator[Breach]:
    if not isinstance(function, dict):
        return
    *_, message, _, call, _ = steps
    place = f"message {int(message) + 1}, call {int(call) + 1}"
    name, arguments = function.get("name"), function.get("arguments")
    if declared is not None and isinstance(name, str) and name not in declared:
        yield Breach("undeclared-tool", place, {"value": shown(name)}, steps=(*steps, "name"))
    if not isinstance(arguments, str):
        return
    try:
        decoded = orjson.loads(arguments)
    except orjson.JSONDecodeError:
        yield Breach("arguments-json", place, steps=(*steps, "arguments"))
        return
    if not isinstance(decoded, dict):
        kind = _KINDS.get(type(decoded), "something else")
        yield Breach("arguments-encoded-twice", place, {"value": kind}, steps=(*steps, "arguments"))


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


def _parameters(tools: Any, holder: Steps) -> Iterator[Breach]:
    for index, function in enumerate(_functions(tools), 1):
        parameters = function.get("parameters")
        if isinstance(parameters, dict) and not is_json_schema(parameters):
            steps = (*holder, "tools", index - 1, "function", "parameters")
            yield Breach("parameters", f"tool {index}", steps=steps)
