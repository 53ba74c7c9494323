"""What a line must hold, by its form."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftops.datasets.validation import ROLES, line_problem
from ftops.model.capabilities import DataFormat

ALL = frozenset(DataFormat)
USER = {"role": "user", "content": "q"}
ASSISTANT = {"role": "assistant", "content": "a"}
PREFERENCE = {
    "input": {"messages": [USER]},
    "preferred_output": [ASSISTANT],
    "non_preferred_output": [ASSISTANT],
}


@pytest.mark.parametrize(
    "row",
    [
        {"messages": [USER, ASSISTANT]},
        {"messages": [{"role": "system", "content": "s"}, USER, ASSISTANT], "tools": []},
        {
            "messages": [
                USER,
                {"role": "assistant", "tool_calls": [{"id": "1"}]},
                {"role": "tool", "content": "t"},
            ]
        },
        {
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "q"}]},
                {**ASSISTANT, "weight": 0},
            ]
        },
        {"prompt": "", "completion": " a"},
        PREFERENCE,
    ],
)
def test_examples_of_every_form_are_right(row: dict[str, Any]) -> None:
    assert line_problem(row, ALL) is None


@pytest.mark.parametrize("role", sorted(ROLES))
def test_every_role_is_known(role: str) -> None:
    assert line_problem({"messages": [{"role": role, "content": "x"}, ASSISTANT]}, ALL) is None


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (None, "is not a JSON object"),
        ([], "is not a JSON object"),
        ({}, "has no field 'messages' (chat) or 'prompt' (prompt-completion) or 'input' (preference)"),
        ({"messages": []}, "'messages' must be a list with at least one message"),
        ({"messages": {"role": "user"}}, "'messages' must be a list"),
        ({"messages": [USER]}, "has no assistant message to learn from"),
        ({"messages": ["x"]}, "message 1 of 'messages' is not a JSON object"),
        ({"messages": [USER, {"content": "x"}]}, "message 2 of 'messages' has no role; known: assistant,"),
        ({"messages": [{"role": ["user"]}]}, "has no role"),
        ({"messages": [{"role": "Assistant", "content": "x"}]}, "has the role 'Assistant'"),
        ({"messages": [{"role": "user"}, ASSISTANT]}, "message 1 of 'messages' has no content"),
        ({"messages": [{"role": "assistant", "tool_calls": []}]}, "has no content"),
        ({"messages": [{"role": "user", "content": 5}]}, "content that is neither text nor a list of parts"),
        ({"prompt": "x"}, "has no field 'completion'"),
        ({"prompt": 1, "completion": "x"}, "'prompt' must be a string"),
        ({"input": "x"}, "'input' must be an object with 'messages'"),
        ({**PREFERENCE, "preferred_output": []}, "'preferred_output' must be a list"),
        ({"input": {"messages": [USER]}}, "'preferred_output' must be a list"),
        (
            {**PREFERENCE, "non_preferred_output": [{"role": "x"}]},
            "of 'non_preferred_output' has the role 'x'",
        ),
    ],
)
def test_what_is_wrong_is_said(row: Any, words: str) -> None:
    problem = line_problem(row, ALL)
    assert problem is not None
    assert words in problem


def test_data_of_another_form_is_named() -> None:
    problem = line_problem({"prompt": "p", "completion": "c"}, frozenset({DataFormat.CHAT}))
    assert problem == (
        "has no field 'messages' (chat): it is prompt-completion data, which this method does not take"
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["messages", "role", "content", "prompt", "completion", "input", "preferred_output"]
            ),
            inner,
        )
    ),
    max_leaves=12,
)


@given(JSON, st.frozensets(st.sampled_from(DataFormat)))
def test_no_row_raises(row: Any, formats: frozenset[DataFormat]) -> None:
    line_problem(row, formats)
