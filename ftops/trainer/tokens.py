"""Rows as tokens: what a model reads, and which of it is learnt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from .codes import Refused
from .rows import Chat, Message, Pair, Preference, Row

IGNORED = -100
"""The label of a token that is read and not learnt."""


@dataclass(frozen=True)
class Encoded:
    """Examples for a trainer; `tokens` of one pass over them, and how many were cut or left out."""

    examples: list[dict[str, Any]]
    tokens: int
    cut: int = 0
    left_out: int = 0


def encode(rows: Sequence[Row], tokenizer: Any, longest: int) -> Encoded:
    """Write rows as token ids and labels: assistant messages and completions are learnt, all else is read."""
    examples: list[dict[str, Any]] = []
    cut = left_out = 0
    for row in rows:
        for example in _encoded(row, tokenizer):
            cut += len(example["input_ids"]) > longest
            short = {name: values[:longest] for name, values in example.items()}
            if all(label == IGNORED for label in short["labels"]):
                left_out += 1
            else:
                examples.append(short)
    if not examples:
        words = f"max_length {longest} cuts off what is to be learnt in every example"
        raise Refused("data_refused", words, "raise max_length")
    return Encoded(examples, sum(len(each["input_ids"]) for each in examples), cut, left_out)


def preferences(rows: Sequence[Row], tokenizer: Any) -> Encoded:
    """Write pairs of answers as the texts that the chat template makes of them."""
    examples: list[dict[str, Any]] = []
    tokens = 0
    for row in rows:
        if not isinstance(row, Preference):
            raise TypeError(f"dpo does not train {type(row).__name__}")
        prompt = _without_first(render(tokenizer, row.messages, row.tools, answer=True), tokenizer)
        texts = {"prompt": prompt}
        for name, answer in (("chosen", row.chosen), ("rejected", row.rejected)):
            whole = _without_first(render(tokenizer, [*row.messages, *answer], row.tools), tokenizer)
            texts[name] = whole[shared(prompt, whole) :].rstrip()
            tokens += len(tokenizer(whole)["input_ids"])
        examples.append(texts)
    return Encoded(examples, tokens)


def render(
    tokenizer: Any, messages: Sequence[Message], tools: Sequence[Any] | None, *, answer: bool = False
) -> str:
    """Write a conversation by the model's chat template, up to where an answer begins if one is wanted."""
    if tokenizer.chat_template is None:
        words = "the model has no chat template, so that conversations cannot be written for it"
        raise Refused(
            "data_refused", words, "train an instruct model, or write rows of prompt and completion"
        )
    text: str = tokenizer.apply_chat_template(
        list(messages), tools=tools, tokenize=False, add_generation_prompt=answer
    )
    return text


def _encoded(row: Row, tokenizer: Any) -> Iterator[dict[str, Any]]:
    if isinstance(row, Chat):
        yield from _conversation(row, tokenizer)
    elif isinstance(row, Pair):
        yield _pair(row, tokenizer)
    else:
        raise TypeError(f"supervised does not train {type(row).__name__}")


def _conversation(row: Chat, tokenizer: Any) -> Iterator[dict[str, Any]]:
    """Write one example, or one for each answer where the template writes earlier turns otherwise later on.

    Templates of models that think aloud drop the thoughts of earlier turns: then every answer is learnt after
    what the model will really be shown before it.
    """
    answers = []
    for place in row.trained:
        before = render(tokenizer, row.messages[:place], row.tools, answer=True)
        after = render(tokenizer, row.messages[: place + 1], row.tools)
        answers.append((shared(before, after), after))
    whole = render(tokenizer, row.messages, row.tools)
    if all(whole.startswith(after) for _, after in answers):
        yield _spans(tokenizer, whole, [(start, len(after)) for start, after in answers])
    else:
        for start, after in answers:
            yield _spans(tokenizer, after, [(start, len(after))])


def _spans(
    tokenizer: Any, text: str, learnt: Sequence[tuple[int, int]], *, special: bool = False
) -> dict[str, Any]:
    told = tokenizer(text, add_special_tokens=special, return_offsets_mapping=True)
    ids = list(told["input_ids"])
    labels = [
        token if any(start <= first < end for start, end in learnt) and last > first else IGNORED
        for token, (first, last) in zip(ids, told["offset_mapping"], strict=True)
    ]
    return {"input_ids": ids, "labels": labels}


def _pair(row: Pair, tokenizer: Any) -> dict[str, Any]:
    text = row.prompt + row.completion
    example = _spans(tokenizer, text, [(len(row.prompt), len(text))], special=True)
    end = tokenizer.eos_token_id
    if end is not None:
        if example["input_ids"][-1] == end:
            example["labels"][-1] = end
        else:
            example = {name: [*values, end] for name, values in example.items()}
    return example


def shared(one: str, other: str) -> int:
    """Return how many characters two texts begin with alike."""
    return next(
        (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )


def _without_first(text: str, tokenizer: Any) -> str:
    """Take off the token at the beginning that the tokenizer puts before every text by itself."""
    first = tokenizer.bos_token
    adds = first is not None and tokenizer("")["input_ids"][:1] == [tokenizer.bos_token_id]
    return text.removeprefix(first) if adds else text
