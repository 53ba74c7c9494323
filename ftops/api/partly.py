"""A project as far as it loads: stopping jobs must work while somebody's manifest is broken."""

from __future__ import annotations

from pathlib import Path

from ftops.errors import Problem
from ftops.reconciler.checking import check
from ftops.reconciler.values import Loaded
from ftops.records.dependencies import rooted


def load_partly(root: Path) -> tuple[Loaded, tuple[Problem, ...]]:
    """Read the manifests that can be read, and say which cannot. Nothing may be created from the result.

    A fine-tune is left out with the one whose model it starts from. What is wrong with data holds its own
    fine-tunes, as in any other load. Raises InvalidInput for a project file that cannot be read.
    """
    checked = check(root)
    loaded = Loaded(
        root,
        checked.project,
        checked.facts,
        tuple(rooted({one.name: one for one in checked.fine_tunes}).values()),
        checked.data.datasets,
        checked.stamps,
        checked.commit,
        checked.data.verdicts,
        checked.unseen,
        checked.data_problems,
        partly=True,
    )
    return loaded, (*checked.misdeclared, *checked.unseen)
