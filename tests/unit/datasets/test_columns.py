"""A finding leads to its place in the line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftops.datasets.columns import Steps, column_of
from ftops.model.data_check import Finding
from tests.unit.datasets.samples import DPO, SAMPLES, USER, Sample, data, drone, preference, said
from tests.unit.datasets.test_verdicts import verdict

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def places(value: Any, steps: Steps = ()) -> Iterator[tuple[Steps, Any]]:
    yield steps, value
    pairs = value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else ())
    for step, inner in pairs:
        yield from places(inner, (*steps, step))


@given(VALUES, st.sampled_from([(",", ":"), (", ", ": "), (" ,\t", " : ")]), st.booleans())
def test_a_column_is_where_the_value_is(value: Any, separators: tuple[str, str], ascii_only: bool) -> None:
    text = json.dumps(value, separators=separators, ensure_ascii=ascii_only)
    for steps, found in places(value):
        column = column_of(text.encode(), steps)
        assert column is not None
        assert json.JSONDecoder().raw_decode(text, column - 1)[0] == found
        if steps and isinstance(steps[-1], str):
            key = column_of(text.encode(), steps, at_key=True)
            assert key is not None
            assert json.JSONDecoder().raw_decode(text, key - 1)[0] == steps[-1]


@pytest.mark.parametrize("steps", [("b",), (0,), ("a", 2), ("a", "b"), ("a", 0, "x")])
def test_a_place_that_is_not_there_has_no_column(steps: Steps) -> None:
    assert column_of(b'{"a": [1, 2]}', steps) is None
    assert column_of(b'{"a": [1, 2], "a": [] }', ("a", 0)) is None


def finding(root: Path, sample: Sample) -> Finding:
    judged = verdict(root, sample)
    (found,) = (*judged.problems, *judged.warnings)
    return found


def at(row: str, found: Finding) -> str:
    assert found.column is not None
    return row[found.column - 1 :]


@pytest.mark.parametrize(
    ("row", "more", "begins"),
    [
        (said(USER, {"role": "boss", "content": "x"}), {}, '"boss"'),
        (said({"role": "user"}, {"role": "assistant", "content": "a"}), {}, '{"role": "user"}'),
        (said(USER, {"role": "assistant", "content": "a", "weight": 2}), {}, "2}"),
        (said(USER, {"role": "assistant", "content": "a", "näme": 2}), {}, '"n\\u00e4me"'),
        (said(USER, {"role": "assistant", "content": "<|im_end|>"}), {}, "<|im_end|>"),
        (said(USER), {}, '[{"role": "user"'),
        ({**drone(11), "tools": [{"type": "function", "function": {"name": "x"}}]}, {}, '"takeoff_drone"'),
        ({**preference(), "input": said(USER, {"role": "assistant", "content": "a"})}, DPO, '{"role": "assi'),
        ({**preference(), "preferred_output": [USER]}, DPO, '"user"'),
    ],
)
@pytest.mark.parametrize("indent", ["", " \t"])
def test_a_finding_names_the_column(
    tmp_path: Path, row: Any, more: dict[str, Any], begins: str, indent: str
) -> None:
    more = dict(more)
    good = {"good": more.pop("good")} if "good" in more else {}
    line = indent + json.dumps(row)
    found = finding(tmp_path, Sample(data(line, **good), **more))
    assert at(line, found).startswith(begins)
    assert found.problem.column == found.column


def test_only_the_first_line_of_a_kind_is_looked_at_and_most_kinds_of_a_row_have_a_column(
    tmp_path: Path,
) -> None:
    without = set()
    for sample in SAMPLES.values():
        judged = verdict(tmp_path, sample)
        for found in (*judged.problems, *judged.warnings):
            if found.column is None:
                without.add(found.kind)
    assert without == {
        # Of a file as a whole, or of a row as one.
        *("bom", "blank-line", "duplicate-row", "empty", "too-few", "mixed-forms"),
        *("utf-16", "packed", "lfs-pointer", "web-page", "table", "old-line-ends", "json-array"),
        *("pretty-printed", "too-deep", "not-an-object"),
        *("wrong-form", "foreign-form", "no-form", "duplicate-key"),
    }
