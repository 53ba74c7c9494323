"""A few of the rows that a branch changes, for its reviewer: rows that are in the pull request anyway.

Shown are those of files that git has at the base and at HEAD, and only where the project lets rows be shown.
A failure to know leaves them out.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from ftops.datasets.difference import compare
from ftops.datasets.earlier import version_in_git
from ftops.datasets.row_digests import TooMuch
from ftops.datasets.samples import samples
from ftops.errors import FtopsError
from ftops.files.versions import version_at
from ftops.model.change import Change, FieldDifference
from ftops.model.data_difference import RowSample
from ftops.model.value import replace
from ftops.reconciler.data_differences import MOST_BYTES, MOST_FILES, MOST_SECONDS, key_of
from ftops.reconciler.values import Loaded

MOST_ROWS = 5
"""Of one file."""


class DataSamples:
    """Reads each file once. `began` is the commit that the branch began at, and `before` what it declares."""

    def __init__(self, loaded: Loaded, before: Loaded, began: str) -> None:
        self._loaded, self._before, self._began = loaded, before, began
        self._known: dict[str, tuple[RowSample, ...]] = {}
        self._spent = 0.0
        self._allowed = loaded.project.data.samples and before.project.data.samples

    def added(self, changes: Iterable[Change]) -> tuple[Change, ...]:
        """Return the changes with samples of the data that the branch changes."""
        return tuple(self._sampled(one) if self._allowed and one.brought else one for one in changes)

    def _sampled(self, change: Change) -> Change:
        if not change.differences or not (change.action.creates or change.then):
            return change
        found = tuple(self._with_rows(one, change) for one in change.differences)
        return replace(change, differences=found)

    def _with_rows(self, difference: FieldDifference, change: Change) -> FieldDifference:
        key = key_of(difference, change, self._loaded)
        rows = self._of(key[0]) if key is not None else ()
        return replace(difference, samples=rows) if rows else difference

    def _of(self, path: str) -> tuple[RowSample, ...]:
        if path not in self._known:
            began = time.monotonic()
            room = len(self._known) < MOST_FILES and self._spent < MOST_SECONDS
            self._known[path] = self._read(path) if room else ()
            self._spent += time.monotonic() - began
        return self._known[path]

    def _read(self, path: str) -> tuple[RowSample, ...]:
        """Compare what git has; it must be what was read, and is not where git has a pointer only."""
        now, then, head = self._loaded.datasets, self._before.datasets.get(path), self._loaded.commit
        if then is None or head is None or max(then.bytes, now[path].bytes) > MOST_BYTES:
            return ()
        root = self._loaded.root
        old, new = version_at(root, self._began, path), version_at(root, head.id, path)
        if old is None or new is None or old.blob == new.blob:
            return ()
        try:
            before, after = version_in_git(root, old, MOST_BYTES), version_in_git(root, new, MOST_BYTES)
            if (before.sha256, after.sha256) != (then.sha256, now[path].sha256):
                return ()
            return samples(compare(before, after), before, after, MOST_ROWS)[:MOST_ROWS]
        except (OSError, TooMuch, FtopsError):
            return ()
