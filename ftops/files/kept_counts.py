"""Counts of tokens by what was counted, so that unchanged data is not read again for a price.

What is damaged, a link, of another version, or not to be written is ignored silently. In CI nothing is
trusted: a branch could bring a file that makes its training look cheap.
"""

from __future__ import annotations

import os
from contextlib import suppress
from itertools import islice
from pathlib import Path

import msgspec
from msgspec import Struct

from ftops.files.cache_folder import FOLDER, make_folder, read_plain, replacing, sealed, unsealed
from ftops.files.ci import in_ci
from ftops.model.dataset import TokenCount
from ftops.version import __version__

PLACE = f"{FOLDER}/tokens"
"""Project-relative. Nothing is lost with it."""

MOST_COUNTS = 10_000
"""Those that were asked for last are kept: about 2 MB."""

_MOST_BYTES = 16 * 1024 * 1024


class _Kept(Struct, frozen=True):
    """What is in the file. Another version of ftops may count otherwise."""

    version: str = __version__
    counts: dict[str, TokenCount] = {}


class KeptCounts:
    """The counts of one project, and what is `counted` already; without a root only that is known."""

    def __init__(self, root: Path | None, counted: dict[str, TokenCount] | None = None) -> None:
        self._root = root
        self._old = _read(root) if root is not None and not in_ci(os.environ) else {}
        self._used = {} if counted is None else counted
        self._learnt = False

    def get(self, name: str) -> TokenCount | None:
        """Return a count; None where it is not known."""
        known = self._used.get(name) or self._old.get(name)
        if known is not None:
            self._used[name] = known
        return known

    def keep(self, name: str, count: TokenCount) -> None:
        """Remember a count."""
        self._used[name] = count
        self._learnt = True

    def save(self) -> None:
        """Write down what is known, if anything is new. Raises nothing."""
        if self._root is None or not self._learnt:
            return
        counts = {**self._used, **{name: one for name, one in self._old.items() if name not in self._used}}
        with suppress(OSError):
            _write(self._root, _Kept(counts=dict(islice(counts.items(), MOST_COUNTS))))


def _read(root: Path) -> dict[str, TokenCount]:
    content = unsealed(read_plain(root / PLACE, _MOST_BYTES) or b"")
    if content is None:
        return {}
    try:
        kept = msgspec.msgpack.decode(content, type=_Kept)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}
    return kept.counts if kept.version == __version__ else {}


def _write(root: Path, kept: _Kept) -> None:
    if make_folder(root) is not None:
        with replacing(root / PLACE) as file:
            file.write(sealed(msgspec.msgpack.encode(kept)))
