"""Which rows differ between two versions of a file."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftops.datasets.difference import Compared, compare
from ftops.datasets.row_digests import TooMuch, Version, opening, read_version
from ftops.datasets.samples import samples
from ftops.model.data_difference import PartDifference, SampleKind
from ftops.model.value import replace


def version(lines: list[str], where: str = "x") -> Version:
    data = "".join(f"{line}\n" for line in lines).encode()
    return read_version(where, lambda: closing(io.BytesIO(data)))


def told(lines: list[str]) -> Version:
    """A version that is known by its digests alone."""
    return replace(version(lines), open=None)


ROWS = st.lists(st.sampled_from(["a b c d", "e f g h", "1", "2", "3", "a b c x"]), max_size=12)


@given(ROWS, ROWS, st.booleans())
def test_counts_agree_with_the_rows(before: list[str], after: list[str], opened: bool) -> None:
    old, new = (version(before), version(after)) if opened else (told(before), told(after))
    found = compare(old, new)
    rows = found.difference("p", old, new)
    assert rows.before - rows.removed + rows.added == rows.after
    assert rows.same is (before == after)
    assert rows.only_moved is (before != after and Counter(before) == Counter(after))
    paired = [one for one, _ in found.changed], [other for _, other in found.changed]
    gone, come = {*found.removed, *paired[0]}, {*found.added, *paired[1]}
    assert len(gone) == rows.removed + rows.changed
    assert len(come) == rows.added + rows.changed
    kept_before = [row for number, row in enumerate(before) if number not in gone]
    kept_after = [row for number, row in enumerate(after) if number not in come]
    assert Counter(kept_before) == Counter(kept_after)
    assert rows.moved is (kept_before != kept_after)


def counts(before: list[str], after: list[str], make: Callable[[list[str]], Version] = version) -> Compared:
    return compare(make(before), make(after))


NUMBERS = [f"row {n}" for n in range(20)]


@pytest.mark.parametrize("make", [version, told])
def test_a_row_in_the_place_of_another_is_changed(make: Callable[[list[str]], Version]) -> None:
    after = [*NUMBERS[:4], "new 4", *NUMBERS[5:10], *NUMBERS[11:], "last"]
    found = counts(NUMBERS, after, make)
    assert found == Compared(((4, 4),), (10,), (19,), moved=False)


def test_a_repeated_row_is_added_where_it_repeats() -> None:
    assert counts(NUMBERS, [*NUMBERS, NUMBERS[3]]) == Compared((), (), (20,), moved=False)
    assert counts([*NUMBERS, NUMBERS[3]], NUMBERS) == Compared((), (20,), (), moved=False)


def test_a_moved_row_that_was_changed_is_found_by_its_words() -> None:
    long = "the quick brown fox jumps over the lazy dog near the river bank"
    found = counts([long, *NUMBERS], [*NUMBERS, f"{long} today"])
    assert found.changed == ((0, 20),)
    assert counts([long, *NUMBERS], [*NUMBERS, f"{long} today"], told).changed == ()


def test_of_two_rows_in_a_gap_the_one_that_is_alike_was_changed() -> None:
    row = "please reset my password for the account that I have forgotten"
    after = [*NUMBERS[:4], "something else altogether", f"{row} now", *NUMBERS[4:]]
    before = [*NUMBERS[:4], row, *NUMBERS[4:]]
    assert counts(before, after) == Compared(((4, 5),), (), (4,), moved=False)


def test_what_differs_inside_is_shown() -> None:
    old = {"messages": [{"role": "user", "content": "q" * 300 + "old"}], "n": 1}
    new = {"messages": [{"role": "user", "content": "q" * 300 + "new"}, {"role": "assistant"}], "m": 1}
    before, after = version([json.dumps(old)]), version([json.dumps(new)])
    (sample,) = samples(compare(before, after), before, after, 3)
    assert (sample.kind, sample.before, sample.after, sample.text) == (SampleKind.CHANGED, 1, 1, None)
    assert sample.parts == (
        PartDifference("messages[0].content", "…" + "q" * 24 + "old", "…" + "q" * 24 + "new"),
        PartDifference("messages[1]", None, '{"role":"assistant"}'),
        PartDifference("n", "1", None),
        PartDifference("m", None, "1"),
    )


def test_a_row_that_is_nested_too_deeply_is_shown_by_its_beginning() -> None:
    before, after = (version([f'{{"a":{"[" * 1000}{leaf}{"]" * 1000}}}']) for leaf in ("1", "[]"))
    (sample,) = samples(compare(before, after), before, after, 3)
    assert sample.parts == ()
    assert (sample.text or "").startswith('{"a":[[[[')


def test_true_is_not_one() -> None:
    before, after = version(['{"weight": 1}']), version(['{"weight": true}'])
    (sample,) = samples(compare(before, after), before, after, 3)
    assert sample.parts == (PartDifference("weight", "1", "true"),)


def test_a_file_that_is_too_large_is_not_read_to_its_end(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("1\n" * 100)
    with pytest.raises(TooMuch):
        read_version("x", opening(tmp_path / "x"), 50)
