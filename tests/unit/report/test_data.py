"""How data and its differences are drawn."""

from __future__ import annotations

from ftops.errors import Problem
from ftops.model.data_check import CheckedFile, DataCheck, FileCheck, Statistics
from ftops.model.data_difference import DataDiff, FileDifference, RowsDifference
from ftops.model.dataset import Dataset, TokenCount
from ftops.model.lengths import Bar, Distribution, Lengths
from ftops.report.data import render_check
from ftops.report.data_diff import render_diff, render_diff_markdown
from ftops.report.data_words import what_changed
from ftops.report.words import plain
from tests.unit.report.examples import HOSTILE

SPREAD = Distribution(1, 5, 9, 20, 300, 6.5, 7, (Bar(0, 4, 10), Bar(5, 9, 1000), Bar(10, None, 0)))


def checked(path: str = "data/x.jsonl") -> DataCheck:
    dataset = Dataset(path, "0" * 64, 100, 1010, "0" * 64)
    found = Lengths(TokenCount(10, 20, ("a guess",)), SPREAD, None)
    return DataCheck((CheckedFile(FileCheck(path, Statistics(rows=1010), ()), ("a",), dataset, found),))


def test_a_chart_fits_its_terminal_and_its_alphabet() -> None:
    text = render_check(checked(), lambda _: None, width=30, style=plain, blocks=False)
    assert "    0-4  # 10\n    5-9  ############### 1,000\n    10+  0\n" in text
    assert text.isascii()
    assert "about 10 to 20 tokens" in text
    assert max(len(line) for line in text.splitlines()[3:]) <= 30


def test_a_strangers_path_draws_only_itself() -> None:
    rows = RowsDifference(HOSTILE, 1, 2, added=1)
    one = FileDifference(HOSTILE, HOSTILE, HOSTILE, "training", "a", "b", rows)
    other = FileDifference(HOSTILE, "", HOSTILE, "training", "a", "b", problem=Problem(HOSTILE, hint=HOSTILE))
    found = DataDiff((one, other))
    drawn = render_check(checked(HOSTILE), lambda _: None, width=80, style=plain)
    for text in (drawn, render_diff(found, width=80), render_diff_markdown(found)):
        assert not any(sign in text for sign in "\x1b\x07\u202e\u200b\x9b")
    assert "<img" not in render_diff_markdown(found)
    assert "@octocat" not in render_diff_markdown(found)


def test_a_difference_in_words() -> None:
    assert what_changed(RowsDifference("p", 60, 62, 2, 0, 3)) == "3 rows changed, 2 added (was 60)"
    assert what_changed(RowsDifference("p", 2, 1, 0, 1)) == "1 row removed (was 2)"
    moved = RowsDifference("p", 2, 3, 1, moved=True)
    assert what_changed(moved) == "1 row added, and the order changed (was 2)"
    assert what_changed(RowsDifference("p", 2, 2)) == "the rows are the same"
