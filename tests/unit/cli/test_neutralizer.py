"""Text that a CI runner only shows."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftops.cli.neutralizer import Neutralizer
from ftops.model.json_text import escaped, json_text

OBEYED = re.compile(r"^\s*::|##[A-Za-z]*\[")
SIGNS = st.sampled_from(list(":#[] \n\r\t\x0b\x1b\x85\u2028\ufeffvsgroupX"))
PIECES = st.lists(st.lists(SIGNS, max_size=6).map("".join), max_size=6)


@given(PIECES)
def test_no_line_is_a_command_however_it_is_cut_into_pieces(pieces: list[str]) -> None:
    calm = Neutralizer()
    written = "".join(calm(piece) for piece in pieces)
    for line in written.splitlines():
        assert not OBEYED.search(line)
    assert re.sub(r"\s", "", written) == re.sub(r"[\s\x0b\x1b\x85\u2028\ufeff]", "", "".join(pieces))


@pytest.mark.parametrize(
    "text",
    [
        "Plan: 1 to create.\n  + a::b\n",
        "a long line that only ends in ::",
        "\x1b[32mgreen\x1b[0m\ttab\n",
        "#1 [x] ## heading\n",
        "+ größer ← 東京\n",
    ],
)
def test_what_nobody_obeys_stays_as_it_is(text: str) -> None:
    assert Neutralizer()(text) == text


def test_commands_lose_their_form_and_keep_their_words() -> None:
    assert (
        Neutralizer()("::error::x\n  ::group::\n##vso[task]\n") == ": :error::x\n  : :group::\n##vso [task]\n"
    )
    assert Neutralizer()("a\r::b\u2028c\x00\x1b]0;t") == "a ::b c  ]0;t"


@given(st.text())
def test_a_document_has_nothing_to_obey_and_reads_back_the_same(words: str) -> None:
    document = {"words": f"{words}##[group]\x85\u202e"}
    text = json_text(document)
    assert Neutralizer()(text) == text
    assert json.loads(text)["words"].endswith("##[group]\x85\u202e")
    assert escaped(text) == text
