"""What was found in files, kept for as long as they are unchanged, as git's index is.

An entry is believed only for the very stamp that its file had before it was read: inode, size, and when
content and inode changed. A file that was as young as the reading itself is not remembered: it could change
again within one tick of the clock. Everything else that decides what is found is in the index's key: the
version of ftops, the project file, the schemas, the dialects.

A wrong hit must never cost money: whoever pays reads again (`believed` names what was not read). An index
that cannot be read or written is ignored silently.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from msgspec import MsgspecError

from ftops.files.cache_folder import FOLDER, make_folder, read_plain, replacing
from ftops.files.index_form import (
    FORMAT_VERSION,
    Kept,
    Known,
    KnownData,
    KnownFingerprint,
    KnownManifest,
    decode,
    encode,
)
from ftops.files.places import FileStamp, Start, leads_there, plain_stamp, starts_of
from ftops.model.finetune import FineTune
from ftops.model.policy import PolicyRule, Waiver
from ftops.model.remote import is_copy

PLACE = f"{FOLDER}/index"
"""Project-relative. Nothing is lost with it."""

TICK_NS = 50_000_000
"""Nanoseconds in which a file may change twice and keep its stamp: kernels count in steps of up to 10 ms."""

COARSE_TICK_NS = 2_000_000_000
"""The same on file systems that keep whole seconds, or every other one."""

_SECOND_NS = 1_000_000_000

_K = TypeVar("_K", KnownManifest, KnownData)


class FileIndex:
    """The index of one project. `believed` are the paths, of manifests and data, that were not read.

    `whole`: nothing of the project has changed, and everything in here was taken at once.
    """

    def __init__(self, root: Path | None, key: str = "") -> None:
        """Open the index under a project's root; without a root nothing is known and nothing kept."""
        self._root = root
        self._key = key
        self._began = time.monotonic()
        self._kept = _read(root, key) if root is not None else Kept(key)
        self._old: Known | None = None
        self._new = Known()
        self._learnt = False
        self.believed: set[str] = set()
        self.whole = False

    def take_whole(self, stamps: Mapping[str, FileStamp | None]) -> bool:
        """Take everything, if these are the stamps of all manifests and nothing has changed since.

        What is wrong between manifests, and how data is used, follows from the manifests: it was looked for
        when the index became whole. Folders are followed anew, and data must lie where it did.
        """
        kept = self._kept
        if self._root is None or kept.starts is None:
            return False
        root = str(self._root)
        self.whole = (
            stamps == kept.stamps
            and all(leads_there(root, start) for start in kept.starts)
            and all(plain_stamp(f"{root}/{path}") == known.stamp for path, known in kept.data.items())
        )
        if self.whole:
            self.believed = {*kept.stamps, *kept.data}
        return self.whole

    @property
    def fine_tunes(self) -> tuple[FineTune, ...]:
        """Every fine-tune of a project that was taken whole, by name."""
        return self._kept.fine_tunes

    @property
    def rules(self) -> tuple[PolicyRule, ...]:
        """Every rule of its own of a project that was taken whole."""
        return self._kept.rules

    @property
    def waivers(self) -> tuple[Waiver, ...]:
        """Every waiver of a project that was taken whole."""
        return self._kept.waivers

    @property
    def data_files(self) -> Mapping[str, KnownData]:
        """Every data file of a project that was taken whole, by path."""
        return self._kept.data

    @property
    def fingerprints(self) -> Mapping[str, str]:
        """Every fingerprint of a project that was taken whole, by name."""
        return self._kept.fingerprints

    def manifest(self, path: str, stamp: FileStamp | None) -> KnownManifest | None:
        """Return what is known of a manifest with this stamp."""
        known = self._known.manifests.get(path)
        return known if known is not None and known.stamp == stamp else None

    def data(self, path: str, stamp: FileStamp | None, uses: str) -> KnownData | None:
        """Return what is known of a data file with this stamp, used like this."""
        known = self._known.data.get(path)
        return known if known is not None and known.stamp == stamp and known.uses == uses else None

    def believe(self, path: str, known: KnownManifest | KnownData) -> None:
        """Note that an entry was used in place of its file."""
        self.believed.add(path)
        self._remember(path, known)

    def learn(self, path: str, known: KnownManifest | KnownData) -> None:
        """Remember what was found in a file. The stamp is from before it was read."""
        if self._root is not None:
            self._learnt = True
            self._remember(path, known)

    def fingerprint(self, name: str, manifest: str, basis: str, make: Callable[[], str]) -> str:
        """Return a fingerprint; it is made unless the manifest was not read and the basis is the same."""
        if self._root is None:
            return make()
        known = self._known.fingerprints.get(name) if manifest in self.believed else None
        if known is None or known.basis != basis:
            self._learnt = True
            known = KnownFingerprint(basis, make())
        self._new.fingerprints[name] = known
        return known.fingerprint

    def save(self) -> bool:
        """Write down what this run knows, if it is not what the last one knew; return whether it did.

        Raises nothing. Secrets are not known yet where manifests are read: see `drop_exposed`.
        """
        written = False
        if self._root is not None and not self.whole:
            forgotten = self._kept.stamps.keys() != self._new.manifests.keys()
            forgotten = forgotten or self._kept.data.keys() != self._new.data.keys()
            if self._learnt or forgotten:
                with suppress(OSError):
                    self._write(self._root)
                    written = True
        # What is known is in the values by now, and may be large.
        self._kept, self._old = Kept(self._key), None
        return written

    def forget(self) -> None:
        """Remove the index: it said something that is not so."""
        if self._root is not None:
            with suppress(OSError):
                (self._root / PLACE).unlink()

    @property
    def _known(self) -> Known:
        if self._old is None:
            try:
                self._old = self._kept.known()
            except (MsgspecError, UnicodeDecodeError, RecursionError):
                self._old = Known()
        return self._old

    def _remember(self, path: str, known: KnownManifest | KnownData) -> None:
        if isinstance(known, KnownManifest):
            self._new.manifests[path] = known
        else:
            self._new.data[path] = known

    def _write(self, root: Path) -> None:
        if make_folder(root) is None:
            return
        with replacing(root / PLACE) as file:
            # By the file system's own clock, which need not be this machine's.
            now = os.fstat(file.fileno()).st_mtime_ns
            began = now - int((time.monotonic() - self._began) * _SECOND_NS)
            dropped = _drop_young(self._new.manifests, began) + _drop_young(self._new.data, began)
            starts = None if dropped else _starts(str(root), self._new)
            file.write(encode(self._key, self._new, starts))


def drop_exposed(root: Path, holds_secret: Callable[[bytes], bool]) -> None:
    """Remove an index that holds a secret: one that stands in a manifest gets no second place on the disk."""
    kept = read_plain(root / PLACE)
    if kept is not None and holds_secret(kept):
        FileIndex(root).forget()


def _drop_young(entries: dict[str, _K], began: int) -> int:
    # A copy of data stored elsewhere is put there whole and never changed.
    young = [path for path, known in entries.items() if is_young(known.stamp, began) and not is_copy(path)]
    for path in young:
        del entries[path]
    return len(young)


def _starts(root: str, new: Known) -> frozenset[Start] | None:
    """Return where paths start, if this is all that there is to know; None where something is missing."""
    written = [(file, *pair) for file, known in new.manifests.items() for pair in known.files]
    names = {one.name for known in new.manifests.values() for one in known.fine_tunes}
    # A copy of data stored elsewhere is found by its pin, whatever links there are.
    data = {path for path in new.data if not is_copy(path)}
    if names != new.fingerprints.keys() or {path for _, _, path in written} != data:
        return None
    if any(plain_stamp(f"{root}/{path}") != known.stamp for path, known in new.data.items()):
        return None
    return starts_of(root, written)


def is_young(stamp: FileStamp, began: int) -> bool:
    """Return whether a file could change after a reading that began then (ns), and keep its stamp."""
    newest = max(stamp[2:])
    coarse = not any(instant % _SECOND_NS for instant in stamp[2:])
    return newest >= began - (COARSE_TICK_NS if coarse else TICK_NS)


def _read(root: Path, key: str) -> Kept:
    """Return what is kept under this key; nothing for an index of another, a damaged one, or none."""
    kept = read_plain(root / PLACE)
    return Kept(key) if kept is None else decode(kept, key)


def index_key(*parts: bytes) -> str:
    """Return the key of an index whose content is decided by these parts."""
    digest = hashlib.sha256(f"{FORMAT_VERSION}".encode())
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


NO_INDEX = FileIndex(None)
"""Knows nothing, and keeps nothing for another run."""
