"""Check training files the way a provider does: line by line, never holding a whole file."""

from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

import orjson

from ftops.emulator.world.dataset_messages import BadDataset, Message, check_messages, check_tools
from ftops.emulator.world.training import Dataset

LONGEST_LINE_BYTES = 16 * 1024 * 1024
TOKENS_PER_MESSAGE = 3
"""<|im_start|>, <|im_sep|> and <|im_end|>; with role and content they add up to the billed tokens."""


class Format(StrEnum):
    """What each line of a training file must hold."""

    CHAT = "chat"
    COMPLETION = "prompt-completion"
    PREFERENCE = "preference"
    CHOSEN = "chosen"
    REINFORCEMENT = "reinforcement"


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
    if line.startswith(b"\xef\xbb\xbf"):
        raise BadDataset("not a JSON dictionary (the line starts with a byte order mark)")
    try:
        document = orjson.loads(line)
    except orjson.JSONDecodeError as problem:
        raise BadDataset(f"not valid JSON ({problem.msg}: column {problem.colno})") from None
    if not isinstance(document, dict):
        raise BadDataset("expected a JSON object")
    try:
        orjson.dumps(document)
    except TypeError:
        raise BadDataset("the object is nested too deeply") from None
    return document


def _completion(example: dict[str, Any]) -> int:
    if "messages" in example and "prompt" not in example:
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
    messages = check_messages(example, "messages")
    check_tools(example)
    if not any(message["role"] == "assistant" for message in messages):
        raise BadDataset("there is no message from the assistant")
    return sum(map(_message_tokens, messages))


def _reinforcement(example: dict[str, Any]) -> int:
    messages = check_messages(example, "messages")
    check_tools({key: value for key, value in example.items() if key != "functions"})
    if messages[-1]["role"] not in ("user", "developer"):
        raise BadDataset("the last message must be from the user or developer")
    return sum(map(_message_tokens, messages))


def _preference(example: dict[str, Any]) -> int:
    conversation = example.get("input")
    if not isinstance(conversation, dict):
        raise BadDataset("missing 'input' object")
    messages = check_messages(conversation, "messages")
    check_tools({key: value for key, value in conversation.items() if key != "functions"})
    for key in ("preferred_output", "non_preferred_output"):
        output = check_messages(example, key)
        if any(message["role"] != "assistant" for message in output):
            raise BadDataset(f"'{key}' may hold only messages from the assistant")
        messages = messages + output
    return sum(map(_message_tokens, messages))


def _chosen(example: dict[str, Any]) -> int:
    """Check a pair as Alibaba has it: `chosen` and `rejected` beside the messages, each one message."""
    for key in ("chosen", "rejected"):
        if not isinstance(example.get(key), dict):
            raise BadDataset(f"missing '{key}' object")
    pair = {"preferred_output": [example["chosen"]], "non_preferred_output": [example["rejected"]]}
    return _preference({"input": {"messages": example.get("messages")}, **pair})


def _message_tokens(message: Message) -> int:
    content = message.get("content")
    text = content if isinstance(content, str) else orjson.dumps(content).decode()
    return TOKENS_PER_MESSAGE + _tokens(message["role"]) + _tokens(text)


def _tokens(text: str) -> int:
    return (len(text.encode()) + 3) // 4


CHECKS: dict[Format, Callable[[dict[str, Any]], int]] = {
    Format.CHAT: _chat,
    Format.COMPLETION: _completion,
    Format.PREFERENCE: _preference,
    Format.CHOSEN: _chosen,
    Format.REINFORCEMENT: _reinforcement,
}
