"""What a model reads and what of it is learnt, on a tokenizer whose tokens are characters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from ftops.trainer.codes import Refused
from ftops.trainer.rows import Chat, Pair, Preference, Row
from ftops.trainer.tokens import IGNORED, encode, preferences

USER = {"role": "user", "content": "q"}


def answer(text: str) -> Mapping[str, Any]:
    return {"role": "assistant", "content": text}


class Characters:
    """A tokenizer: a token is the code of a character; `forgets` writes earlier answers otherwise."""

    eos_token_id = 3
    bos_token_id = 2

    def __init__(self, *, forgets: bool = False, begins: bool = False, template: str | None = "ours") -> None:
        self.chat_template = template
        self.bos_token = "^" if begins else None
        self._forgets = forgets

    def __call__(
        self, text: str, *, add_special_tokens: bool = True, return_offsets_mapping: bool = False
    ) -> Any:
        begins = self.bos_token is not None and add_special_tokens
        ids = [self.bos_token_id] * begins + [ord(each) for each in text]
        offsets = [(0, 0)] * begins + [(place, place + 1) for place in range(len(text))]
        return {"input_ids": ids, "offset_mapping": offsets}

    def apply_chat_template(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        tools: Any,
        tokenize: bool,
        add_generation_prompt: bool,
    ) -> str:
        texts = [f"{tools}|" if tools else "", self.bos_token or ""]
        for place, message in enumerate(messages):
            last = place == len(messages) - 1
            content, own = message["content"], message["role"] == "user"
            texts.append(
                f"{message['role'][0]}:{content if last or own or not self._forgets else content.upper()};"
            )
        return "".join(texts) + ("a:" if add_generation_prompt else "")


def learnt(row: Row, tokenizer: Characters | None = None, longest: int = 99) -> list[tuple[str, str]]:
    """Return what is read of each example, and what of it is learnt."""
    found = encode([row], tokenizer or Characters(), longest)
    return [(text(each["input_ids"]), text(each["labels"])) for each in found.examples]


def text(tokens: Sequence[int]) -> str:
    return "".join("." if token == IGNORED else "$" if token == 3 else chr(token) for token in tokens)


def test_answers_are_learnt_and_all_else_is_read() -> None:
    row = Chat([USER, answer("yes"), USER, answer("no")], [1, 3])
    assert learnt(row) == [("u:q;a:yes;u:q;a:no;", "......yes;......no;")]


def test_what_has_no_weight_is_not_learnt() -> None:
    row = Chat([USER, answer("yes"), USER, answer("no")], [3])
    assert learnt(row) == [("u:q;a:yes;u:q;a:no;", "................no;")]


def test_a_template_that_rewrites_earlier_turns_gets_an_example_for_each_answer() -> None:
    row = Chat([USER, answer("yes"), USER, answer("no")], [1, 3])
    assert learnt(row, Characters(forgets=True)) == [
        ("u:q;a:yes;", "......yes;"),
        ("u:q;a:YES;u:q;a:no;", "................no;"),
    ]


def test_tools_go_through_the_template() -> None:
    assert learnt(Chat([USER, answer("yes")], [1], ["t"]))[0][0].startswith("['t']|u:q;")


def test_a_completion_is_learnt_with_its_end() -> None:
    assert learnt(Pair("p ", "c")) == [("p c$", "..c$")]
    assert learnt(Pair("p ", "c"), Characters(begins=True)) == [("\x02p c$", "...c$")]


def test_what_is_too_long_is_cut_and_counted() -> None:
    rows = [
        Chat([USER, answer("yes")], [1]),
        Chat([{"role": "user", "content": "q" * 9}, answer("yes")], [1]),
    ]
    found = encode(rows, Characters(), 8)
    assert (found.cut, found.left_out) == (2, 1)
    assert [text(each["labels"]) for each in found.examples] == ["......ye"]
    assert found.tokens == 8
    with pytest.raises(Refused, match="max_length 4 cuts off"):
        encode(rows, Characters(), 4)


def test_a_model_without_a_chat_template_trains_no_conversations() -> None:
    with pytest.raises(Refused, match="no chat template"):
        learnt(Chat([USER, answer("yes")], [1]), Characters(template=None))
    assert learnt(Pair("p", "c"), Characters(template=None))


def test_preferences_are_a_prompt_and_two_ends() -> None:
    row = Preference([USER], [answer("yes")], [answer("no")])
    found = preferences([row], Characters())
    assert found.examples == [{"prompt": "u:q;a:", "chosen": "yes;", "rejected": "no;"}]
    assert found.tokens == len("u:q;a:yes;") + len("u:q;a:no;")


def test_a_text_does_not_begin_twice() -> None:
    row = Preference([USER], [answer("yes")], [answer("no")])
    assert preferences([row], Characters(begins=True)).examples[0]["prompt"] == "u:q;a:"


def test_a_method_trains_its_own_rows_alone() -> None:
    with pytest.raises(TypeError):
        preferences([Pair("p", "c")], Characters())
    with pytest.raises(TypeError):
        encode([Preference([USER], [answer("yes")], [answer("no")])], Characters(), 99)
