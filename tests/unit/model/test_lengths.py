"""How the lengths of examples are summed up."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from ftops.model.lengths import MOST_BARS, distribution


@given(st.lists(st.integers(0, 100_000), min_size=1))
def test_every_value_is_in_one_bar(values: list[int]) -> None:
    found = distribution(Counter(values), 1)
    assert found is not None
    assert (found.least, found.most) == (min(values), max(values))
    assert found.least <= found.median <= found.p90 <= found.p99 <= found.most
    assert sum(bar.count for bar in found.bars) == len(values)
    assert len(found.bars) <= MOST_BARS + 1
    for value in values:
        assert sum(bar.low <= value and (bar.high is None or value <= bar.high) for bar in found.bars) == 1


def test_nothing_has_no_distribution() -> None:
    assert distribution(Counter(), 0) is None
