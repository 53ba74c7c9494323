"""The quick way to a canonical form gives what the plain one gives: another fingerprint would train again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ftops.model.dataset import Dataset
from ftops.model.finetune import DataFile, FineTune, Upstream
from ftops.model.fingerprint import canonical_json
from ftops.model.observation import ProviderFacts
from ftops.providers.registry import dialects
from ftops.records.desired import DesiredSet

FACTS = ProviderFacts("p", "openai", dialects()["openai"].capabilities)


class Word(StrEnum):
    AUTO = "auto"
    DPO = "dpo"


class Number(int):
    pass


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(-1e-3, 1e-3),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    st.sampled_from(Word),
    st.integers().map(Number),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.text("ab", max_size=2), inner, max_size=3),
        st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=3), inner, max_size=4),
        st.dictionaries(st.text("ab", max_size=2), inner, max_size=3).map(MappingProxyType),
    ),
    max_leaves=12,
)


def folded(value: Any) -> Any:
    """As the canonical form was first written: by what a value is, never by its exact type."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {key: folded(member) for key, member in value.items() if member is not None}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [folded(item) for item in value]
    return value


@given(VALUES)
def test_the_quick_way_gives_the_same_bytes(value: Any) -> None:
    plain = json.dumps(folded(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert canonical_json(value) == plain.encode()


def fine_tune(name: str, seed: int, upstream: str | None) -> FineTune:
    model = Upstream(upstream) if upstream else "m"
    return FineTune(name, "p", model, (DataFile(f"{seed % 3}.jsonl"),), seed=seed)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=6), st.data())
def test_fingerprints_that_are_known_change_nothing(seeds: list[int], data: st.DataObject) -> None:
    names = [f"n{place}" for place in range(len(seeds))]
    declared = [
        fine_tune(name, seed, data.draw(st.sampled_from([None, *names[:place]])))
        for place, (name, seed) in enumerate(zip(names, seeds, strict=True))
    ]
    datasets = {f"{n}.jsonl": Dataset(f"{n}.jsonl", str(n) * 64, 1, 1, str(n) * 64) for n in range(3)}
    slow = DesiredSet(declared, datasets, {"p": FACTS})
    made = {name: slow.fingerprint(name) for name in names}
    known = {name: made[name] for name in data.draw(st.sets(st.sampled_from(names)))}
    quick = DesiredSet(declared, datasets, {"p": FACTS}, known=known)
    assert {name: quick.fingerprint(name) for name in names} == made
    assert {name: quick.spec(name) for name in names} == {name: slow.spec(name) for name in names}
