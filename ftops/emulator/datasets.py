"""Check training files the way a provider does: line by line, never holding a whole file."""

from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

import orjson

from ftops.emulator.training import Dataset

LONGEST_LINE_BYTES = 16 * 1024 * 1024
ROLES = ("system", "developer", "user", "assistant", "tool", "function")
TOKENS_PER_MESSAGE = 3
"""<|im_start|>, <|im_sep|> and <|im_end|>; with role and content they add up to the billed tokens."""


class Format(StrEnum):
    """What each line of a training file must hold."""

    CHAT = "chat"
    COMPLETION = "prompt-completion"
    PREFERENCE = "preference"
    REINFORCEMENT = "reinforcement"


class BadDataset(Exception):
    """A file cannot be trained on; the message names the line."""


def inspect(path: Path, expected: Format, fewest: int) -> Dataset:
    """Check every line and count examples and tokens, or raise `BadDataset` for the first bad one."""
    check = CHECKS[expected]
    examples = tokens = 0
    for number, line in _lines(path):
        try:
            tokens += check(_parse(line))
        except BadDataset as problem:
            raise BadDataset(f"Invalid file format. Line {number}: {problem}") from None
        examples += 1
    if examples < fewest:
        raise BadDataset(f"Training file has {examples} example(s), but must have at least {fewest} examples")
    return Dataset(examples, tokens)


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    with path.open("rb") as file:
        number = 0
        while line := file.readline(LONGEST_LINE_BYTES + 1):
            number += 1
            if len(line) > LONGEST_LINE_BYTES:
                raise BadDataset(
                    f"Invalid file format. Line {number} is longer than {LONGEST_LINE_BYTES} bytes"
                )
            if line.strip():
                yield number, line


def _parse(line: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(line)
    except orjson.JSONDecodeError as problem:
        raise BadDataset(f"not valid JSON ({problem.msg}: column {problem.colno})") from None
    if not isinstance(document, dict):
        raise BadDataset("expected a JSON object")
    return document


def _completion(example: dict[str, Any]) -> int:
    if "messages" in example:
        raise BadDataset(
            "the file is in the chat format, but the model requires the prompt-completion format"
        )
    for key in ("prompt", "completion"):
        if key not in example:
            raise BadDataset(f"missing '{key}' key")
        if not isinstance(example[key], str):
            raise BadDataset(f"'{key}' must be a string")
    if not example["completion"]:
        raise BadDataset("'completion' is empty")
    return _tokens(example["prompt"]) + _tokens(example["completion"])


def _chat(example: dict[str, Any]) -> int:
    if "messages" not in example and "completion" in example:
        raise BadDataset(
            "the file is in the prompt-completion format, but the model is a chat model and requires "
            "chat-formatted data"
        )
    messages = _messages(example, "messages")
    if not any(message["role"] == "assistant" for message in messages):
        raise BadDataset("there is no message from the assistant")
    return sum(map(_message_tokens, messages))


def _reinforcement(example: dict[str, Any]) -> int:
    return sum(map(_message_tokens, _messages(example, "messages")))


def _preference(example: dict[str, Any]) -> int:
    conversation = example.get("input")
    if not isinstance(conversation, dict):
        raise BadDataset("missing 'input' object")
    messages = _messages(conversation, "messages")
    for key in ("preferred_output", "non_preferred_output"):
        output = _messages(example, key)
        if any(message["role"] != "assistant" for message in output):
            raise BadDataset(f"'{key}' may hold only messages from the assistant")
        messages = messages + output
    return sum(map(_message_tokens, messages))


def _messages(holder: dict[str, Any], key: str) -> list[dict[str, Any]]:
    messages = holder.get(key)
    if not isinstance(messages, list) or not messages:
        raise BadDataset(f"'{key}' must be a list of at least one message")
    for index, message in enumerate(messages):
        _check_message(message, f"{key}[{index}]")
    return messages


def _check_message(message: object, where: str) -> None:
    if not isinstance(message, dict):
        raise BadDataset(f"'{where}' must be an object")
    role = message.get("role")
    if role not in ROLES:
        raise BadDataset(f"'{where}.role' is {_shown(role)}, expected one of {', '.join(ROLES)}")
    content = message.get("content")
    calls = message.get("tool_calls") or message.get("function_call")
    if content is None and role == "assistant" and calls:
        return
    if not isinstance(content, str) and not _is_parts(content):
        raise BadDataset(f"'{where}.content' must be a string")


def _is_parts(content: object) -> bool:
    """Say whether the content is a list of typed parts, as vision fine-tuning has it."""
    return (
        isinstance(content, list)
        and bool(content)
        and all(isinstance(part, dict) and isinstance(part.get("type"), str) for part in content)
    )


def _message_tokens(message: dict[str, Any]) -> int:
    content = message.get("content")
    text = content if isinstance(content, str) else orjson.dumps(content).decode()
    return TOKENS_PER_MESSAGE + _tokens(message["role"]) + _tokens(text)


def _tokens(text: str) -> int:
    return (len(text.encode()) + 3) // 4


def _shown(value: object) -> str:
    return orjson.dumps(value).decode()[:40]


CHECKS: dict[Format, Callable[[dict[str, Any]], int]] = {
    Format.CHAT: _chat,
    Format.COMPLETION: _completion,
    Format.PREFERENCE: _preference,
    Format.REINFORCEMENT: _reinforcement,
}
