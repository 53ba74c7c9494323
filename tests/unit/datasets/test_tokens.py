"""Tokens of a file: counted from above, or the reason why they cannot be."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from ftops.datasets.tokens import NotCountable, count_tokens, encoding_of
from ftops.model.dataset import Dataset


def count(root: Path, rows: list[object], *models: str) -> int | str:
    content = "".join(json.dumps(row) + "\n" for row in rows).encode()
    (root / "d").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    known = {"d": Dataset("d", "0" * 64, len(content), len(rows), digest)}
    counted = count_tokens(root, known, {"d": models or ("gpt-4o",)})
    tokens = counted.datasets["d"].tokens
    return counted.uncounted["d"] if tokens is None else tokens


def chat(*messages: object, **more: object) -> dict[str, object]:
    return {"messages": messages, **more}


def test_chat_counts_its_texts_and_what_stands_around_them(tmp_path: Path) -> None:
    hello = {"role": "user", "content": "hello"}
    assert count(tmp_path, [chat(hello)]) == 3 + 3 + 1 + 1
    assert count(tmp_path, [chat(hello), chat(hello, hello)]) == 8 + 13
    assert count(tmp_path, [chat({**hello, "name": "hello"})]) == 8 + 1 + 1
    assert count(tmp_path, [chat({**hello, "content": [{"type": "text", "text": "hello"}]})]) == 8
    with_tools = count(tmp_path, [chat(hello, tools=[{"type": "function"}])])
    assert isinstance(with_tools, int)
    assert with_tools > 8


def test_prompt_and_completion_are_counted(tmp_path: Path) -> None:
    assert count(tmp_path, [{"prompt": "hello", "completion": "hello"}], "babbage-002") == 2


def test_models_that_split_text_differently_give_the_larger_count(tmp_path: Path) -> None:
    rows: list[object] = [{"prompt": "नमस्ते दुनिया", "completion": ""}]
    new, old = count(tmp_path, rows, "gpt-4o"), count(tmp_path, rows, "gpt-4")
    assert isinstance(new, int)
    assert isinstance(old, int)
    assert new < old
    assert count(tmp_path, rows, "gpt-4o", "gpt-4") == old


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"input": {}, "preferred_output": []}, "only chat and prompt-completion"),
        (chat({"role": "user", "content": [{"type": "image_url"}]}), "parts that are not text"),
        (chat("hello"), "not objects"),
        ([], "not objects"),
    ],
)
def test_what_cannot_be_counted_says_why(tmp_path: Path, row: object, why: str) -> None:
    assert why in str(count(tmp_path, [row]))


def test_a_file_that_changed_or_went_away_since_it_was_checked_is_not_counted(tmp_path: Path) -> None:
    known = {"d": Dataset("d", "0" * 64, 1, 1, "0" * 64)}
    wanted = {"d": ("gpt-4o",), "unknown": ("gpt-4o",)}
    assert "can no longer be read" in count_tokens(tmp_path, known, wanted).uncounted["d"]
    (tmp_path / "d").write_text('{"prompt": "a", "completion": "b"}\n')
    assert "has changed" in count_tokens(tmp_path, known, wanted).uncounted["d"]


@pytest.mark.parametrize(
    ("model", "encoding"),
    [
        ("gpt-4o-mini-2024-07-18", "o200k_base"),
        ("gpt-4.1-nano", "o200k_base"),
        ("o4-mini", "o200k_base"),
        ("gpt-4-0613", "cl100k_base"),
        ("gpt-3.5-turbo-0125", "cl100k_base"),
        ("davinci-002", "cl100k_base"),
    ],
)
def test_the_family_decides_the_encoding(model: str, encoding: str) -> None:
    assert encoding_of(model) == encoding


@pytest.mark.parametrize("model", ["llama-3", "o12", "gpt-40", "open-mistral-7b"])
def test_a_family_that_nobody_knows_has_none(model: str) -> None:
    with pytest.raises(NotCountable, match="no tokenizer is known"):
        encoding_of(model)
