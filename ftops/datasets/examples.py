"""A row of training data -> what a model reads of it: texts, structures, images, and what surrounds them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from msgspec import Struct, field

AROUND_A_MESSAGE = 3
AROUND_AN_EXAMPLE = 3
"""Tokens that OpenAI's chat form puts around texts, by the cookbook (num_tokens_from_messages)."""
AROUND_A_NAME = 1

_SAID = ("role", "name", "content")
_CALLED = ("tool_calls", "function_call")
_OFFERED = ("tools", "functions")


class NotCountable(Exception):
    """The tokens of a file cannot be known; the message says why."""


class Share(Struct):
    """A part of an example. `written` are structures as JSON: a provider writes them out its own way."""

    texts: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    around: int = 0
    images: int = 0
    small_images: int = 0
    """Images whose detail the row says is low."""


class Example(Struct):
    """One row. `answers` are the two outputs of a preference pair; any other row is all `prompt`."""

    prompt: Share
    answers: tuple[Share, Share] | None = None


def example_of(row: Any) -> Example:
    """Take an example apart. Raises NotCountable for a form that is not known."""
    if not isinstance(row, dict):
        raise NotCountable("it has rows that are not objects")
    asked = row if isinstance(row.get("messages"), list) else row.get("input")
    if isinstance(asked, dict) and isinstance(asked.get("messages"), list):
        share = _conversation(asked["messages"], asked)
        preferred, other = outputs(row)
        if isinstance(preferred, list) and isinstance(other, list):
            return Example(share, (_messages(preferred), _messages(other)))
        if asked is row:
            return Example(share)
    prompt, completion = row.get("prompt"), row.get("completion")
    if isinstance(prompt, str) and isinstance(completion, str):
        return Example(Share([prompt, completion]))
    raise NotCountable("only chat, prompt-completion and preference data can be counted")


def outputs(row: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return the two outputs of a preference row, as lists of messages where they are what they should be."""
    if "preferred_output" in row:
        return row["preferred_output"], row.get("non_preferred_output")
    pair = (row.get("chosen"), row.get("rejected"))
    preferred, other = ([one] if isinstance(one, dict) else one for one in pair)
    return preferred, other


def _conversation(messages: Iterable[Any], holder: Mapping[str, Any]) -> Share:
    share = _messages(messages)
    share.around += AROUND_AN_EXAMPLE
    for key in _OFFERED:
        if holder.get(key):
            share.written.append(_written(holder[key]))
    return share


def _messages(messages: Iterable[Any]) -> Share:
    share = Share()
    texts = share.texts
    for message in messages:
        if not isinstance(message, dict):
            raise NotCountable("it has messages that are not objects")
        share.around += AROUND_A_MESSAGE
        for key in _SAID:
            value = message.get(key)
            if value.__class__ is str:
                texts.append(value)
            elif value:
                _content(value, share)
        if "name" in message:
            share.around += AROUND_A_NAME
        for key in _CALLED:
            if message.get(key):
                share.written.append(_written(message[key]))
    return share


def _content(content: Any, share: Share) -> None:
    """Add content that is no plain text."""
    if not isinstance(content, list):
        share.written.append(_written(content))
        return
    for part in content:
        kind = part.get("type") if isinstance(part, dict) else None
        text = part.get("text", part.get("refusal")) if isinstance(part, dict) else None
        if isinstance(text, str):
            share.texts.append(text)
        elif kind == "image_url":
            share.images += 1
            image = part.get("image_url")
            share.small_images += isinstance(image, dict) and image.get("detail") == "low"
        else:
            raise NotCountable("it has parts that are neither text nor images")


def _written(value: Any) -> str:
    return orjson.dumps(value).decode()
