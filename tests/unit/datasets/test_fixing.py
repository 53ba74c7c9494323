"""A corrected copy: what has one right answer, and nothing else."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftops.datasets.fixing import Fixing, Unfixable
from ftops.datasets.tables import correction, document

USER = {"role": "user", "content": "q"}
GOOD = json.dumps({"messages": [USER, {"role": "assistant", "content": "a"}]})
OTHER = json.dumps({"messages": [USER, {"role": "assistant", "content": "b"}]})
CALL: dict[str, Any] = {"id": "c", "type": "function", "function": {"name": "f", "arguments": {"x": 1}}}


def fixed(data: bytes, *, path: str = "x.jsonl", duplicates: bool = False) -> tuple[bytes, dict[str, int]]:
    fixing = Fixing(path, duplicates=duplicates)
    return b"".join(fixing.lines(io.BytesIO(data))), dict(fixing.counts)


def calling(arguments: object) -> str:
    call = {**CALL, "function": {"name": "f", "arguments": arguments}}
    return json.dumps({"messages": [USER, {"role": "assistant", "tool_calls": [call]}]})


@pytest.mark.parametrize(
    ("before", "after", "kinds"),
    [
        (f"\ufeff{GOOD}\n".encode(), f"{GOOD}\n", {"bom": 1}),
        (f"{GOOD}\r\n{OTHER}\r\n".encode(), f"{GOOD}\n{OTHER}\n", {"crlf": 2}),
        (f"\n{GOOD}\n \n{OTHER}\n\n".encode(), f"{GOOD}\n{OTHER}\n", {"blank-line": 3}),
        (GOOD.encode(), f"{GOOD}\n", {"final-newline": 1}),
        (f"{GOOD}\n{OTHER}\n".encode("utf-16"), f"{GOOD}\n{OTHER}\n", {"utf-16": 1}),
        (f"\ufeff{GOOD}\n{OTHER}\n".encode("utf-32-be"), f"{GOOD}\n{OTHER}\n", {"utf-16": 1}),
        (f"[{GOOD},\n {OTHER}]".encode(), f"{GOOD}\n{OTHER}\n", {"json-array": 1}),
        (f"[{GOOD},\n {OTHER}]".encode("utf-16"), f"{GOOD}\n{OTHER}\n", {"utf-16": 1, "json-array": 1}),
        (f"{GOOD}\r{OTHER}\r".encode(), f"{GOOD}\n{OTHER}\n", {"old-line-ends": 1}),
        (f"{GOOD},\n{OTHER}\n".encode(), f"{GOOD}\n{OTHER}\n", {"trailing-comma": 1}),
        (f"{GOOD}{OTHER}\n{GOOD}, {OTHER}\n".encode(), f"{GOOD}\n{OTHER}\n" * 2, {"several-objects": 2}),
        (f"{json.loads(GOOD)!r}\n".encode(), f"{GOOD}\n", {"python-literal": 1}),
        (f"{GOOD}\n".replace('"user"', '"User"').encode(), f"{GOOD}\n", {"role": 1}),
        (f"{calling({'x': 1})}\n".encode(), calling('{"x": 1}') + "\n", {"arguments-type": 1}),
        (f"{calling(json.dumps('{}'))}\n".encode(), calling("{}") + "\n", {"arguments-encoded-twice": 1}),
    ],
)
def test_what_has_one_right_answer_is_corrected(before: bytes, after: str, kinds: dict[str, int]) -> None:
    assert fixed(before) == (after.encode(), kinds)
    assert fixed(after.encode()) == (after.encode(), {})
    assert all(correction(kind) for kind in kinds)


@pytest.mark.parametrize(("weight", "written"), [(True, 1), (False, 0), ("1", 1)])
def test_a_weight_is_a_number(weight: object, written: int) -> None:
    row = {"messages": [{"role": "assistant", "content": "a", "weight": weight}]}
    found, kinds = fixed(f"{json.dumps(row)}\n".encode())
    assert json.loads(found)["messages"][0]["weight"] is written
    assert kinds == {"weight": 1}


def test_pretty_printed_objects_are_written_on_one_line_each_and_keep_their_numbers() -> None:
    row = '{\n  "messages": [],\n  "n": 1.10,\n  "big": 123456789012345678901234567890\n}'
    found, kinds = fixed(f"{row}\n{row}\n".encode())
    assert found == (b'{ "messages": [], "n": 1.10, "big": 123456789012345678901234567890 }\n') * 2
    assert kinds == {"pretty-printed": 1}


@pytest.mark.parametrize(
    "line",
    [
        b'{"messages": [{"role": "boss", "content": "a"}]}',
        b'{"messages": [{"role": "User", "content": "a", "content": "b"}]}',
        b'{"messages": [{"role": "user", "weight": 0.5}]}',
        calling("[1]").encode(),
        calling("not json").encode(),
        b"{'messages': (1, 2)}",
        b"{1: 'a number as a key'}",
        b"{'nan': 1e999}",
        b'{"messages": \xe9}',
        b'{"messages": [}',
        b'{"a": 1}{"b":',
        b'"text"',
    ],
)
def test_what_takes_judgement_stays_as_it_is(line: bytes) -> None:
    assert fixed(line + b"\n") == (line + b"\n", {})


def test_repeated_rows_go_only_on_request() -> None:
    data = f"{GOOD}\n{OTHER}\n{GOOD}\n".encode()
    assert fixed(data) == (data, {})
    assert fixed(data, duplicates=True) == (f"{GOOD}\n{OTHER}\n".encode(), {"duplicate-row": 1})


def test_spaces_in_a_text_are_looked_at_once() -> None:
    row = GOOD.replace('"q"', f'"{" " * 3_000_000}"')
    found, _ = fixed(f"[\n{row}  \n]".encode())
    assert found.decode() == f"{row}\n"


def test_a_row_is_written_as_its_line_is() -> None:
    tight = '{"messages":[{"role":"User","content":"é"}]}'
    assert fixed(f"{tight}\n".encode())[0].decode() == tight.replace("User", "user") + "\n"
    escaped = '{"messages": [{"role": "User", "content": "\\u00e9"}]}'
    assert fixed(f"{escaped}\n".encode())[0].decode() == escaped.replace("User", "user") + "\n"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\x1f\x8b123", "is packed with gzip, not JSONL"),
        (b"version https://git-lfs.github.com/spec/v1\n", "is a git-lfs pointer, not the data"),
        (b"a,b\n1,2\n", "is a table (CSV), not JSONL"),
        (b'[{"a": 1},\n{"b"]', "line 2 is not valid JSON"),
        (b'\xff\xfe{\x00"', "begins like UTF-16, but is not valid UTF-16"),
        (b"{\x00}\x00", "is not UTF-8 but UTF-16"),
        (b'[\n"\xe9"]', "is not UTF-8"),
    ],
)
def test_what_is_something_else_as_a_whole_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(Unfixable, match=re.escape(said)):
        fixed(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.text(max_size=8), JSON, max_size=3), min_size=1, max_size=5))
def test_sound_rows_are_never_touched(rows: list[dict[str, Any]]) -> None:
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    assert fixed(data) == (data, {})


def test_each_kind_that_is_corrected_says_how() -> None:
    rules = document("rules.v1.json")["rules"]
    assert {kind for kind, rule in rules.items() if rule.get("fix_if_asked")} == {"duplicate-row"}
    assert correction("no-role") is None
