"""Rows of training data: what can be trained is read, and what cannot names its line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ftops.trainer.codes import Refused
from ftops.trainer.rows import Chat, Pair, Preference, read_rows
from tests.unit.trainer.nodes import CHAT, Node, no_torch

USER = {"role": "user", "content": "q"}
ANSWER = {"role": "assistant", "content": "a"}
PREFERENCE = {"input": {"messages": [USER]}, "preferred_output": [ANSWER], "non_preferred_output": [ANSWER]}


def rows(root: Path, *lines: Any, method: str = "supervised") -> Any:
    texts = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
    (root / "d.jsonl").write_bytes(b"\n".join(texts))
    return read_rows(root / "d.jsonl", method)


def test_the_three_forms(tmp_path: Path) -> None:
    (chat,) = rows(tmp_path, CHAT)
    assert chat == Chat([USER, ANSWER], [1], None)
    (pair,) = rows(tmp_path, {"prompt": "p", "completion": "c"})
    assert pair == Pair("p", "c")
    (preference,) = rows(tmp_path, PREFERENCE, method="dpo")
    assert preference == Preference([USER], [ANSWER], [ANSWER], None)


def test_an_answer_of_weight_0_is_read_and_not_learnt(tmp_path: Path) -> None:
    messages = [USER, {**ANSWER, "weight": 0}, USER, {**ANSWER, "weight": 1}]
    (chat,) = rows(tmp_path, {"messages": messages})
    assert chat.trained == [3]
    assert chat.messages == [USER, ANSWER, USER, ANSWER]


def test_what_openai_writes_is_what_chat_templates_read(tmp_path: Path) -> None:
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"x": 1}'}}
    messages = [
        {"role": "developer", "content": "be brief"},
        {"role": "user", "content": [{"type": "text", "text": "q"}, {"type": "text", "text": "?"}]},
        {"role": "assistant", "content": None, "tool_calls": [call], "refusal": None},
        {"role": "tool", "tool_call_id": "1", "content": "2"},
        {"role": "assistant", "refusal": "no"},
    ]
    (chat,) = rows(tmp_path, {"messages": messages, "tools": [{"type": "function"}]})
    assert chat.tools == [{"type": "function"}]
    assert [message["role"] for message in chat.messages] == [
        "system",
        "user",
        "assistant",
        "tool",
        "assistant",
    ]
    assert [message["content"] for message in chat.messages] == ["be brief", "q?", "", "2", "no"]
    assert chat.messages[2]["tool_calls"][0]["function"] == {"name": "f", "arguments": {"x": 1}}


def test_blank_lines_and_a_mark_of_byte_order_do_no_harm(tmp_path: Path) -> None:
    assert len(rows(tmp_path, b"\xef\xbb\xbf" + json.dumps(CHAT).encode(), b"", CHAT)) == 2


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (b"{", "is not JSON in UTF-8"),
        (b'"\xff"', "is not JSON in UTF-8"),
        ([], "is not a JSON object"),
        ({"text": "x"}, "has neither messages nor prompt and completion"),
        ({"prompt": "p", "completion": "c"}, "is of another form than the rows before it"),
        ({"messages": []}, "has no messages"),
        ({"messages": [1]}, "has a message that is not an object"),
        ({"messages": [USER]}, "has no assistant message to learn from"),
        ({"messages": [USER, {**ANSWER, "weight": 0}]}, "has no assistant message to learn from"),
        ({"messages": [USER, {**ANSWER, "weight": 0.5}]}, "has a weight that is neither 0 nor 1"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "the role 'robot'"),
        ({"messages": [USER, {"role": "assistant", "content": ""}]}, "says nothing"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url"}]}, ANSWER]},
            "content that is not text",
        ),
        ({"messages": [USER, {**ANSWER, "function_call": {"name": "f"}}]}, "write tool_calls"),
        ({"messages": [USER, {**ANSWER, "tool_calls": [{}]}]}, "a tool call without a function"),
        ({**CHAT, "functions": [{}]}, "write tools"),
        ({**CHAT, "tools": "f"}, "has tools that are not a list"),
    ],
)
def test_what_cannot_be_trained_names_its_line(tmp_path: Path, row: Any, words: str) -> None:
    with pytest.raises(Refused, match=r"line 2 of d\.jsonl") as refused:
        rows(tmp_path, CHAT, row)
    assert words in refused.value.message
    assert refused.value.code == "data_refused"


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (CHAT, "has no input"),
        ({**PREFERENCE, "preferred_output": []}, "has no preferred_output"),
        (
            {**PREFERENCE, "non_preferred_output": [USER]},
            "in non_preferred_output that is not the assistant's",
        ),
        ({**PREFERENCE, "input": {"messages": []}}, "has no input.messages"),
    ],
)
def test_preferences_that_cannot_be_trained_name_their_line(tmp_path: Path, row: Any, words: str) -> None:
    with pytest.raises(Refused, match=r"line 1 of d\.jsonl") as refused:
        rows(tmp_path, row, method="dpo")
    assert words in refused.value.message


def test_pairs_are_two_texts(tmp_path: Path) -> None:
    for row, words in (
        ({"prompt": 1, "completion": "c"}, "prompt"),
        ({"prompt": "", "completion": ""}, "empty"),
    ):
        with pytest.raises(Refused, match=words):
            rows(tmp_path, row)


def test_a_file_without_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"d\.jsonl has no rows"):
        rows(tmp_path, b"\n")


def test_the_data_is_refused_on_a_node_without_torch(tmp_path: Path) -> None:
    node = Node(tmp_path)
    node.document(training_file=node.data("d.jsonl", [CHAT, {"messages": [USER]}]))
    done = node.train(environ=no_torch(node))
    assert done.code == 65
    assert done.last["message"] == "line 2 of d.jsonl has no assistant message to learn from"


def test_a_node_without_torch_says_so(tmp_path: Path) -> None:
    node = Node(tmp_path)
    node.document()
    done = node.train(environ=no_torch(node))
    assert done.code == 69
    assert done.last["data"]["code"] == "library_missing"
    assert "torch" in done.last["message"]
    assert "train" in done.last["data"]["hint"]
