"""A project as far as it loads: what stops jobs must work while somebody's manifest is broken."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from ftops.errors import Problem
from ftops.model.dataset import Dataset
from ftops.model.finetune import FineTune
from ftops.reconciler.checking import check
from ftops.reconciler.values import Loaded


def load_partly(root: Path) -> tuple[Loaded, tuple[Problem, ...]]:
    """Read what can be read, and say what cannot. Nothing may be created from it.

    Raises InvalidInput for a project file that cannot be read.
    """
    checked = check(root)
    datasets = checked.data.datasets
    loaded = Loaded(
        root,
        checked.project,
        checked.facts,
        _readable(checked.fine_tunes, datasets) if checked.problems else checked.fine_tunes,
        datasets,
        checked.stamps,
        checked.commit,
        checked.data.verdicts,
        checked.unseen,
    )
    return loaded, (*checked.problems, *checked.unseen)


def _readable(fine_tunes: Iterable[FineTune], datasets: Mapping[str, Dataset]) -> tuple[FineTune, ...]:
    """Keep those of which it is known what they train: their data was read, and what they start from."""
    kept = {
        one.name: one
        for one in fine_tunes
        if all(file.path is None or file.path in datasets for _, file in one.data_files)
    }
    while lost := [one.name for one in kept.values() if one.upstream and one.upstream not in kept]:
        for name in lost:
            del kept[name]
    return tuple(kept.values())
