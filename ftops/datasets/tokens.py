"""How many tokens a data file trains on: counted as the model reads it, or estimated, and then it says so."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import orjson
from msgspec import Struct, field

from ftops.datasets.examples import NotCountable, example_of
from ftops.datasets.yardstick import Tally, Yardstick, yardstick
from ftops.files.kept_counts import KeptCounts
from ftops.model.dataset import Dataset, TokenCount
from ftops.model.value import replace

_DIFFER = "the models that train on it count it differently"


class Counted(Struct, frozen=True):
    """Datasets with their tokens, and for each path that could not be counted a sentence that says why.

    `by_model` has the count of each model: path -> base model -> tokens. That of a dataset covers them all.
    """

    datasets: Mapping[str, Dataset]
    uncounted: Mapping[str, str]
    by_model: Mapping[str, Mapping[str, TokenCount]] = field(default_factory=dict)


def count_tokens(
    root: Path,
    datasets: Mapping[str, Dataset],
    wanted: Mapping[str, Collection[str]],
    *,
    remembering: bool = False,
    before: dict[str, TokenCount] | None = None,
) -> Counted:
    """Count the files of `wanted` (project-relative path -> models that train on it); raises nothing.

    `remembering`: rows that were counted by an earlier run are not counted again; their file is not opened.
    Nor are those that this run has counted `before`, in CI and without remembering too; it is added to.
    """
    counted, uncounted = dict(datasets), {}
    kept = KeptCounts(root if remembering and wanted else None, before)
    by_model: dict[str, Mapping[str, TokenCount]] = {}
    for path, models in sorted(wanted.items()):
        if path not in datasets or not models:
            continue
        yardsticks = {model: yardstick(model) for model in sorted(models)}
        try:
            counts = _counts(root / path, datasets[path], set(yardsticks.values()), kept)
        except NotCountable as error:
            uncounted[path] = f"the tokens of {path} are not counted: {error}"
            continue
        by_model[path] = {model: counts[yard] for model, yard in yardsticks.items()}
        counted[path] = replace(datasets[path], tokens=_covering(by_model[path].values()))
    kept.save()
    return Counted(counted, uncounted, by_model)


def counted_before(counted: Mapping[str, TokenCount], dataset: Dataset, model: str) -> TokenCount | None:
    """Return what this run has counted of a file, as a model reads it; None where it has not."""
    return counted.get(_name(dataset, yardstick(model)))


def _name(dataset: Dataset, yard: Yardstick) -> str:
    return f"{dataset.sha256} {yard.name}"


def _counts(
    path: Path, dataset: Dataset, yards: Collection[Yardstick], kept: KeptCounts
) -> Mapping[Yardstick, TokenCount]:
    """Count what is not known yet, all of it in one reading."""
    names = {yard: _name(dataset, yard) for yard in yards}
    known = {yard: count for yard, name in names.items() if (count := kept.get(name)) is not None}
    missing = [yard for yard in yards if yard not in known]
    if missing:
        for yard, count in _count_file(path, dataset.file_sha256, missing).items():
            kept.keep(names[yard], count)
            known[yard] = count
    return known


def _covering(counts: Iterable[TokenCount]) -> TokenCount:
    """Return the range of several counts."""
    first, *others = dict.fromkeys(counts)
    if not others:
        return first
    every = (first, *others)
    reasons = dict.fromkeys(reason for one in every for reason in one.because)
    low, high = min(one.low for one in every), max(one.high for one in every)
    return TokenCount(low, high, (*reasons, _DIFFER))


def _count_file(path: Path, sha256: str, yards: Collection[Yardstick]) -> dict[Yardstick, TokenCount]:
    tallies, digest = [Tally(yard) for yard in yards], hashlib.sha256()
    try:
        with path.open("rb") as file:
            for line in file:
                digest.update(line)
                if line.isspace():
                    continue
                example = example_of(orjson.loads(line))
                for one in tallies:
                    one.add(one.yard.example(example, one.guessed))
    except (OSError, orjson.JSONDecodeError) as error:
        raise NotCountable("it can no longer be read") from error
    if digest.hexdigest() != sha256:
        raise NotCountable("it has changed since it was checked")
    return {one.yard: one.count for one in tallies}
