"""Tokens of a file: exact, a range that says why it is one, or the reason why they are not counted."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from ftops.datasets import yardstick
from ftops.datasets.examples import NotCountable
from ftops.datasets.tokens import Counted, count_tokens
from ftops.datasets.yardstick import counter, encoding_of, estimated, row_tokens
from ftops.model.dataset import Dataset, TokenCount
from tests.unit.datasets.samples import answered, drone, picture, preference, question

HELLO = {"role": "user", "content": "hello"}


def counted(root: Path, rows: list[Any], *models: str) -> Counted:
    content = "".join(json.dumps(row) + "\n" for row in rows).encode()
    (root / "d").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    known = {"d": Dataset("d", "0" * 64, len(content), len(rows), digest)}
    return count_tokens(root, known, {"d": models or ("gpt-4o",)})


def tokens(root: Path, rows: list[Any], *models: str) -> TokenCount:
    found = counted(root, rows, *models)
    assert found.uncounted == {}
    count = found.datasets["d"].tokens
    assert count is not None
    assert count.low <= count.high
    return count


def exact(root: Path, rows: list[Any], *models: str) -> int:
    count = tokens(root, rows, *models)
    assert count.exact
    assert count.low == count.high
    return count.low


def chat(*messages: object, **more: object) -> dict[str, object]:
    return {"messages": list(messages), **more}


def test_chat_counts_its_texts_and_what_stands_around_them(tmp_path: Path) -> None:
    assert exact(tmp_path, [chat(HELLO)]) == 3 + 3 + 1 + 1
    assert exact(tmp_path, [chat(HELLO), chat(HELLO, HELLO)]) == 8 + 13
    assert exact(tmp_path, [chat({**HELLO, "name": "hello"})]) == 8 + 1 + 1
    assert exact(tmp_path, [chat({**HELLO, "content": [{"type": "text", "text": "hello"}]})]) == 8


def test_prompt_and_completion_are_counted(tmp_path: Path) -> None:
    assert exact(tmp_path, [{"prompt": "hello", "completion": "hello"}], "babbage-002") == 2


def test_reinforcement_counts_what_is_asked_and_not_what_the_grader_reads(tmp_path: Path) -> None:
    alone = exact(tmp_path, [question()], "o4-mini")
    assert exact(tmp_path, [{**question(), "reference_answer": "hello " * 100}], "o4-mini") == alone


def test_a_preference_pair_has_its_prompt_once_or_twice(tmp_path: Path) -> None:
    row = preference()
    prompt = exact(tmp_path, [row["input"]])
    preferred = exact(tmp_path, [chat(*row["preferred_output"])]) - 3
    other = exact(tmp_path, [chat(*row["non_preferred_output"])]) - 3
    once = prompt + preferred + other
    assert tokens(tmp_path, [row, row]) == TokenCount(2 * once, 2 * (once + prompt), (yardstick.PAIRS,))


def test_tools_and_calls_widen_the_range_around_their_json(tmp_path: Path) -> None:
    for row in (drone(), answered()):
        count = tokens(tmp_path, [row])
        assert count.because == (yardstick.TOOLS,)
        assert count.low < row_tokens(row, "gpt-4o") < count.high


def test_images_count_by_size_where_the_model_says_so_and_not_at_all_elsewhere(tmp_path: Path) -> None:
    text = row_tokens(chat({**HELLO, "content": "What is on 0?"}, *picture()["messages"][1:]), "gpt-4o")
    count = tokens(tmp_path, [picture()])
    assert (count.low, count.high) == (text + 85, text + 1445)
    assert count.because == (yardstick.IMAGES,)
    small = tokens(tmp_path, [picture(detail="low")])
    assert (small.low, small.high) == (text + 85, text + 85)
    found = counted(tmp_path, [picture()], "llama-3")
    assert found.datasets["d"].tokens is None
    assert "it is not known how many tokens they are" in found.uncounted["d"]


def test_a_row_is_cut_where_the_model_cuts_it(tmp_path: Path) -> None:
    long, short = chat({**HELLO, "content": "hello " * 10_000}), chat(HELLO)
    assert exact(tmp_path, [long, short], "gpt-4-0613") == 8_192 + 8
    assert exact(tmp_path, [long, short], "gpt-4o") > 10_000
    # The prompt fills the whole context, twice.
    pair = {"input": long, "preferred_output": [HELLO], "non_preferred_output": [HELLO]}
    count = tokens(tmp_path, [pair], "gpt-4-0613")
    assert (count.low, count.high) == (8_192 + 5, 2 * 8_192)


def test_models_that_read_it_differently_have_each_its_own_count(tmp_path: Path) -> None:
    rows = [{"prompt": "नमस्ते दुनिया", "completion": ""}]
    new, old = exact(tmp_path, rows, "gpt-4o"), exact(tmp_path, rows, "gpt-4")
    assert new < old
    found = counted(tmp_path, rows, "gpt-4o", "gpt-4", "gpt-4.1")
    assert found.by_model["d"] == {
        "gpt-4o": TokenCount(new, new),
        "gpt-4.1": TokenCount(new, new),
        "gpt-4": TokenCount(old, old),
    }
    both = found.datasets["d"].tokens
    assert both is not None
    assert (both.low, both.high, both.exact) == (new, old, False)


@pytest.mark.parametrize(
    "text",
    [
        "The order was shipped on Monday, and should arrive within three days.",
        "def total(rows):\n    return sum(row.price * row.count for row in rows)\n",
        '{"number": 48213, "items": [1, 22, 333], "paid": true}',
        "Grüße aus Zürich! ¿Dónde está mi pedido? Ça marche très bien.",
        "Спасибо, заказ получен. Мы отправим его завтра.",  # noqa: RUF001
        "ご注文の商品はまだ届いていません。",
        "您的订单已发货，预计三天内到达。",  # noqa: RUF001
        "मेरा ऑर्डर अभी तक नहीं आया है।",
        "شكرا جزيلا، لقد وصل الطلب",
        "👍🏽 🎉 🙏",
    ],
)
@pytest.mark.parametrize("encoding", ["o200k_base", "cl100k_base"])
def test_an_estimate_of_ordinary_text_holds_for_real_tokenizers(text: str, encoding: str) -> None:
    low, high = estimated(text)
    assert low <= counter(encoding)(text) <= high


def test_without_its_tokenizer_a_file_is_estimated_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [chat({**HELLO, "content": "Where is my order? It should have arrived on Monday."}, HELLO)]
    real = exact(tmp_path, rows)
    other = tokens(tmp_path, rows, "llama-3")
    assert other.low < real < other.high
    assert other.because == ("estimated from the characters: no tokenizer is known for llama-3",)
    monkeypatch.setitem(sys.modules, "rs_bpe", None)
    counter.cache_clear()
    missing = tokens(tmp_path, rows)
    assert (missing.low, missing.high) == (other.low, other.high)
    assert "pip install 'ftops[tokens]'" in missing.because[0]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"input": {}, "preferred_output": []}, "only chat, prompt-completion and preference"),
        (chat({"role": "user", "content": [{"type": "audio"}]}), "neither text nor images"),
        (chat("hello"), "not objects"),
        ([], "not objects"),
    ],
)
def test_what_cannot_be_counted_says_why(tmp_path: Path, row: object, why: str) -> None:
    assert why in counted(tmp_path, [row]).uncounted["d"]


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
