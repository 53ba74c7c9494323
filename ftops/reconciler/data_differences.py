"""What has changed in the data of a plan's changes, in rows: for people, decides nothing.

Only files of what trains again are opened, and a failure to know leaves the digests alone.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator

from ftops.datasets.difference import compare
from ftops.datasets.earlier import keep_trained, trained_rows
from ftops.datasets.row_digests import TooMuch, opening, read_version
from ftops.errors import FtopsError
from ftops.model.change import Change, DataUse, FieldDifference
from ftops.model.data_difference import RowsDifference
from ftops.model.event import ChangeResult, Outcome
from ftops.model.plan import Plan
from ftops.model.state import State
from ftops.model.value import replace
from ftops.reconciler.values import Loaded

MOST_FILES = 20
"""Files that one plan compares: each asks git, which takes 10 ms or more."""

MOST_BYTES = 256 * 1024 * 1024
"""Of a file, on either side: `ftops data diff` compares larger ones."""

MOST_SECONDS = 10.0
"""After which a plan compares no more files: it can do without, and git may be slow in a large repository."""

_DIGEST = re.compile(r"(training|validation)_file(?:\.(\d+))?\.sha256")

MOST_KEPT = 20
"""Files whose rows one apply keeps: each is read once more."""

Key = tuple[str, str, str]
"""A path, and the digests of its rows before and after."""


class DataDifferences:
    """Compares files, each pair of versions once in a run."""

    def __init__(self) -> None:
        self._known: dict[Key, RowsDifference | None] = {}
        self._spent = 0.0

    def explain(self, plan: Plan, loaded: Loaded, state: State) -> Plan:
        """Return the plan with what has changed in the data of what it trains. Raises nothing for data."""
        changes = tuple(self._explained(change, loaded, state) for change in plan.changes)
        return replace(plan, changes=changes) if changes != plan.changes else plan

    def _explained(self, change: Change, loaded: Loaded, state: State) -> Change:
        if not change.differences or not (change.action.creates or change.then):
            return change
        found = tuple(self._with_rows(one, change, loaded, state) for one in change.differences)
        return replace(change, differences=found)

    def _with_rows(
        self, difference: FieldDifference, change: Change, loaded: Loaded, state: State
    ) -> FieldDifference:
        key = key_of(difference, change, loaded)
        if key is None:
            return difference
        if key not in self._known:
            began = time.monotonic()
            room = len(self._known) < MOST_FILES and self._spent < MOST_SECONDS
            self._known[key] = _compared(key, loaded, state) if room else None
            self._spent += time.monotonic() - began
        rows = self._known[key]
        return difference if rows is None else replace(difference, rows=rows)


def keep_what_trains(loaded: Loaded, results: Iterable[ChangeResult]) -> None:
    """Keep the rows' digests of what was just created, so that a later run can say what has changed.

    Raises nothing: the jobs are there, and paid for. Nothing is kept by a run that is to use no cache.
    """
    if not loaded.remembering:
        return
    created = [one.change for one in results if one.outcome is Outcome.DONE and one.change.action.creates]
    paths = dict.fromkeys(use.path for change in created for use in change.data if use.path is not None)
    for path in list(paths)[:MOST_KEPT]:
        if path in loaded.datasets:
            keep_trained(loaded.root, loaded.datasets[path])


def key_of(difference: FieldDifference, change: Change, loaded: Loaded) -> Key | None:
    """Return what is to be compared for a field; None where it is not the digest of a file."""
    found = _DIGEST.fullmatch(difference.path)
    if found is None or not isinstance(difference.before, str) or not isinstance(difference.after, str):
        return None
    uses = change.then.data if change.then else change.data
    path = next(_paths(uses, found[1], int(found[2] or 0)), None)
    dataset = loaded.datasets.get(path or "")
    if path is None or dataset is None or dataset.sha256 != difference.after:
        return None
    return path, difference.before, difference.after


def _paths(uses: Iterable[DataUse], role: str, number: int) -> Iterator[str]:
    same = [use.path for use in uses if use.role == role]
    if number < len(same) and (path := same[number]) is not None:
        yield path


def _compared(key: Key, loaded: Loaded, state: State) -> RowsDifference | None:
    path, before, after = key
    if loaded.datasets[path].bytes > MOST_BYTES:
        return None
    applied = state.applied.commit.id if state.applied else None
    try:
        trained = trained_rows(loaded.root, path, before, applied, MOST_BYTES)
        if trained is None:
            return None
        now = read_version(path, opening(loaded.root / path), MOST_BYTES)
        return compare(trained, now).difference(path, trained, now) if now.sha256 == after else None
    except (OSError, TooMuch, FtopsError):
        return None
