"""How many tokens a data file trains on (the only rs_bpe import; the extra `tokens` has it).

The count is what the providers' own cookbook counts: the text of each message with three tokens around it
and three for each example. It is an estimate from above: an example that is longer than the model takes is
cut at the provider, and nothing of that is known here.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from msgspec import Struct

from ftops.model.dataset import Dataset
from ftops.model.value import replace

INSTALL = "pip install 'ftops[tokens]'"

_AROUND_A_MESSAGE = 3
_AROUND_A_NAME = 1
_AROUND_AN_EXAMPLE = 3
_ENCODINGS = (
    ("o200k_base", re.compile(r"(chatgpt-4o|gpt-4o|gpt-4\.1|gpt-4\.5|gpt-5|gpt-oss|o[134])(?![a-z0-9])")),
    ("cl100k_base", re.compile(r"(gpt-4|gpt-3\.5|gpt-35|babbage-002|davinci-002)(?![a-z0-9])")),
)

Count = Callable[[str], int]


class Counted(Struct, frozen=True):
    """Datasets with their tokens, and for each path that could not be counted the sentence that says why."""

    datasets: Mapping[str, Dataset]
    uncounted: Mapping[str, str]


class NotCountable(Exception):
    """The tokens of a file cannot be known; the message says why."""


def count_tokens(
    root: Path, datasets: Mapping[str, Dataset], wanted: Mapping[str, Collection[str]]
) -> Counted:
    """Count the files of `wanted` (project-relative path -> models that train on it); raises nothing.

    Where the models split text differently the larger count stands: a limit has to err on the safe side.
    """
    counted, uncounted = dict(datasets), {}
    for path, models in sorted(wanted.items()):
        if path not in datasets:
            continue
        try:
            counts = {encoding: _counter(encoding) for encoding in sorted(map(encoding_of, models))}
            tokens = _count_file(root / path, datasets[path].file_sha256, list(counts.values()))
        except NotCountable as error:
            uncounted[path] = f"the tokens of {path} are not counted: {error}"
        else:
            counted[path] = replace(datasets[path], tokens=tokens)
    return Counted(counted, uncounted)


def encoding_of(model: str) -> str:
    """Name the encoding of a model's family. Raises NotCountable for a family that is not known."""
    for encoding, family in _ENCODINGS:
        if family.match(model):
            return encoding
    raise NotCountable(f"no tokenizer is known for {model}")


def row_tokens(row: Mapping[str, Any], model: str) -> int:
    """Count one example as a base model splits it. Raises NotCountable."""
    texts, extra = _trained(row)
    return extra + sum(map(_counter(encoding_of(model)), texts))


@cache
def _counter(encoding: str) -> Count:
    try:
        from rs_bpe import openai
    except ImportError as error:
        raise NotCountable(f"run {INSTALL} to have them counted") from error
    count: Count = getattr(openai, encoding)().count
    return count


def _count_file(path: Path, sha256: str, counters: list[Count]) -> int:
    """Count with each counter and give the largest sum."""
    sums, digest = [0] * len(counters), hashlib.sha256()
    try:
        with path.open("rb") as file:
            for line in file:
                digest.update(line)
                if line.isspace():
                    continue
                texts, extra = _trained(orjson.loads(line))
                for number, count in enumerate(counters):
                    sums[number] += extra + sum(map(count, texts))
    except (OSError, orjson.JSONDecodeError) as error:
        raise NotCountable("it cannot be read any more") from error
    if digest.hexdigest() != sha256:
        raise NotCountable("it has changed since it was checked")
    return max(sums)


def _trained(row: Any) -> tuple[list[str], int]:
    """Return the texts of one example and how many tokens stand around them."""
    if not isinstance(row, dict):
        raise NotCountable("it has rows that are not objects")
    if isinstance(row.get("messages"), list):
        texts: list[str] = []
        extra = _AROUND_AN_EXAMPLE
        for message in row["messages"]:
            texts += _texts(message)
            extra += _AROUND_A_MESSAGE + (_AROUND_A_NAME if "name" in message else 0)
        tools = [_written(row[key]) for key in ("tools", "functions") if row.get(key)]
        return [*texts, *tools], extra
    if isinstance(row.get("prompt"), str) and isinstance(row.get("completion"), str):
        return [row["prompt"], row["completion"]], 0
    raise NotCountable("only chat and prompt-completion data can be counted")


def _texts(message: Any) -> Iterator[str]:
    if not isinstance(message, dict):
        raise NotCountable("it has messages that are not objects")
    for key in ("role", "name", "content", "tool_calls", "function_call"):
        value = message.get(key)
        if isinstance(value, str):
            yield value
        elif key == "content" and isinstance(value, list):
            yield from map(_part, value)
        elif value:
            yield _written(value)


def _part(part: Any) -> str:
    text = part.get("text") if isinstance(part, dict) else None
    if not isinstance(text, str):
        raise NotCountable("it has parts that are not text, such as images")
    return text


def _written(value: Any) -> str:
    return orjson.dumps(value).decode()
