"""Check the messages of a training row the way a provider does: the first thing wrong ends it."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import orjson

ROLES = ("system", "developer", "user", "assistant", "tool", "function")
MOST_IMAGES = 10
"""In one example (OpenAI's guide to vision fine-tuning)."""

_FUNCTION_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_IMAGE_URL = re.compile(r"(https?://|data:image/(jpe?g|png|webp);base64,)")

Message = dict[str, Any]


class BadDataset(Exception):
    """A file cannot be trained on; the message names the line."""


def check_messages(holder: Mapping[str, Any], key: str) -> list[Message]:
    """Return the messages under a key, each of them right, or raise `BadDataset`."""
    messages = holder.get(key)
    if not isinstance(messages, list) or not messages:
        raise BadDataset(f"'{key}' must be a list of at least one message")
    for index, message in enumerate(messages):
        _check_message(message, f"{key}[{index}]")
    images = sum(map(_images, messages))
    if images > MOST_IMAGES:
        raise BadDataset(f"'{key}' has {images} images, but may have at most {MOST_IMAGES}")
    return messages


def check_tools(holder: Mapping[str, Any]) -> None:
    """Check what is next to the messages: tools, functions, parallel_tool_calls."""
    for index, tool in enumerate(_list(holder, "tools")):
        if not isinstance(tool, dict) or tool.get("type") != "function":
            raise BadDataset(f"'tools[{index}]' must be an object of type 'function'")
        _check_function(tool.get("function"), f"tools[{index}].function")
    for index, function in enumerate(_list(holder, "functions")):
        _check_function(function, f"functions[{index}]")
    if not isinstance(holder.get("parallel_tool_calls", False), bool):
        raise BadDataset("'parallel_tool_calls' must be true or false")


def _list(holder: Mapping[str, Any], key: str) -> list[Any]:
    found = holder.get(key, [])
    if not isinstance(found, list):
        raise BadDataset(f"'{key}' must be a list")
    return found


def _check_function(function: object, where: str) -> None:
    if not isinstance(function, dict):
        raise BadDataset(f"'{where}' must be an object")
    name = function.get("name")
    if not isinstance(name, str) or not _FUNCTION_NAME.fullmatch(name):
        raise BadDataset(f"'{where}.name' is {_shown(name)}, expected up to 64 of a-z, A-Z, 0-9, _ and -")
    for key, kind in (("description", str), ("parameters", dict)):
        if key in function and not isinstance(function[key], kind):
            raise BadDataset(f"'{where}.{key}' is of a wrong type")
    if not isinstance(function.get("strict"), bool | None):
        raise BadDataset(f"'{where}.strict' must be true or false")


def _check_message(message: object, where: str) -> None:
    if not isinstance(message, dict):
        raise BadDataset(f"'{where}' must be an object")
    role = message.get("role")
    if not isinstance(role, str) or role not in ROLES:
        raise BadDataset(f"'{where}.role' is {_shown(role)}, expected one of {', '.join(ROLES)}")
    _BY_ROLE.get(role, _check_text_message)(message, where)


def _check_text_message(message: Message, where: str) -> None:
    _check_content(message.get("content"), ("text",), where)


def _check_user(message: Message, where: str) -> None:
    _check_content(message.get("content"), ("text", "image_url"), where)


def _check_tool_answer(message: Message, where: str) -> None:
    if not isinstance(message.get("tool_call_id"), str):
        raise BadDataset(f"'{where}.tool_call_id' must be a string")
    _check_content(message.get("content"), ("text",), where)


def _check_function_answer(message: Message, where: str) -> None:
    if not isinstance(message.get("name"), str):
        raise BadDataset(f"'{where}.name' must be a string")
    if "content" not in message or not isinstance(message["content"], str | None):
        raise BadDataset(f"'{where}.content' must be a string")


def _check_assistant(message: Message, where: str) -> None:
    calls = _list(message, "tool_calls")
    for index, call in enumerate(calls):
        _check_call(call, f"{where}.tool_calls[{index}]")
    if "function_call" in message:
        _check_called(message["function_call"], f"{where}.function_call")
    if not isinstance(message.get("refusal"), str | None):
        raise BadDataset(f"'{where}.refusal' must be a string")
    weight = message.get("weight", 1)
    if isinstance(weight, bool) or weight not in (0, 1):
        raise BadDataset(f"'{where}.weight' is {_shown(weight)}, expected 0 or 1")
    content = message.get("content")
    if content is None and (calls or "function_call" in message or message.get("refusal") is not None):
        return
    _check_content(content, ("text", "refusal"), where)


def _check_call(call: object, where: str) -> None:
    if not isinstance(call, dict):
        raise BadDataset(f"'{where}' must be an object")
    if not isinstance(call.get("id"), str):
        raise BadDataset(f"'{where}.id' must be a string")
    if call.get("type") != "function":
        raise BadDataset(f"'{where}.type' must be 'function'")
    _check_called(call.get("function"), f"{where}.function")


def _check_called(function: object, where: str) -> None:
    if not isinstance(function, dict):
        raise BadDataset(f"'{where}' must be an object")
    for key in ("name", "arguments"):
        if not isinstance(function.get(key), str):
            raise BadDataset(f"'{where}.{key}' must be a string")


def _check_content(content: object, kinds: tuple[str, ...], where: str) -> None:
    if isinstance(content, str):
        return
    if not isinstance(content, list):
        raise BadDataset(f"'{where}.content' must be a string")
    if not content:
        raise BadDataset(f"'{where}.content' must not be an empty list")
    for index, part in enumerate(content):
        _check_part(part, kinds, f"{where}.content[{index}]")


def _check_part(part: object, kinds: tuple[str, ...], where: str) -> None:
    if not isinstance(part, dict):
        raise BadDataset(f"'{where}' must be an object")
    kind = part.get("type")
    if kind not in kinds:
        raise BadDataset(f"'{where}.type' is {_shown(kind)}, expected one of {', '.join(kinds)}")
    if kind == "text" and not isinstance(part.get("text"), str):
        raise BadDataset(f"'{where}.text' must be a string")
    if kind == "image_url":
        _check_image(part.get("image_url"), f"{where}.image_url")


def _check_image(image: object, where: str) -> None:
    if not isinstance(image, dict) or not isinstance(image.get("url"), str):
        raise BadDataset(f"'{where}' must be an object with a url")
    if not _IMAGE_URL.match(image["url"]):
        raise BadDataset(f"'{where}.url' must be an http URL or a data URL of JPEG, PNG or WEBP")
    if image.get("detail", "auto") not in ("auto", "low", "high"):
        raise BadDataset(f"'{where}.detail' must be auto, low or high")


def _images(message: Message) -> int:
    content = message.get("content")
    parts = content if isinstance(content, list) else []
    return sum(part.get("type") == "image_url" for part in parts)


def _shown(value: object) -> str:
    return orjson.dumps(value).decode()[:40]


_BY_ROLE: dict[str, Callable[[Message, str], None]] = {
    "user": _check_user,
    "assistant": _check_assistant,
    "tool": _check_tool_answer,
    "function": _check_function_answer,
}
