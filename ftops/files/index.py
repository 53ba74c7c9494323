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
import stat
import tempfile
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct

from ftops.model.data_check import FileCheck
from ftops.model.dataset import Dataset
from ftops.model.finetune import FineTune

PLACE = ".ftops/cache/index"
"""Project-relative. Nothing is lost with it."""

FORMAT_VERSION = 1
TICK_NS = 50_000_000
"""Nanoseconds in which a file may change twice and keep its stamp: kernels count in steps of up to 10 ms."""

COARSE_TICK_NS = 2_000_000_000
"""The same on file systems that keep whole seconds, or every other one."""

_SECOND_NS = 1_000_000_000

FileStamp = tuple[int, int, int, int]
"""Inode, size, and when content and inode changed (nanoseconds): another one means another content."""

_CHECKSUM_BYTES = 4


def file_stamp(path: str) -> FileStamp | None:
    """Identify a file's present content without reading it; None where there is no file."""
    try:
        found = os.stat(path)  # noqa: PTH116 - a Path for each of 10,000 files costs more than the stat
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


class KnownManifest(Struct, frozen=True, gc=False):
    """A manifest in which nothing was wrong. `files` pairs data paths as written with where they lead."""

    stamp: FileStamp
    fine_tunes: tuple[FineTune, ...]
    files: tuple[tuple[str, str], ...]


class KnownData(Struct, frozen=True, gc=False):
    """A data file that was read to its end. `uses` says how it is used: by that, and by it, it was judged."""

    stamp: FileStamp
    uses: str
    dataset: Dataset
    check: FileCheck


class KnownFingerprint(Struct, frozen=True, gc=False):
    """A fingerprint, and what beside its manifest it was made from."""

    basis: str
    fingerprint: str


class _Kept(Struct):
    key: str
    manifests: dict[str, KnownManifest] = {}
    data: dict[str, KnownData] = {}
    fingerprints: dict[str, KnownFingerprint] = {}


_K = TypeVar("_K", KnownManifest, KnownData)


class FileIndex:
    """The index of one project. `believed` are the paths, of manifests and data, that were not read."""

    def __init__(self, root: Path | None, key: str = "") -> None:
        """Open the index under a project's root; without a root nothing is known and nothing kept."""
        self._root = root
        self._began = time.monotonic()
        self._old = _read(root, key) if root is not None else _Kept(key)
        self._new = _Kept(key)
        self._learnt = False
        self.believed: set[str] = set()

    def manifest(self, path: str, stamp: FileStamp | None) -> KnownManifest | None:
        """Return what is known of a manifest with this stamp."""
        known = self._old.manifests.get(path)
        return known if known is not None and known.stamp == stamp else None

    def data(self, path: str, stamp: FileStamp | None, uses: str) -> KnownData | None:
        """Return what is known of a data file with this stamp, used like this."""
        known = self._old.data.get(path)
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
        known = self._old.fingerprints.get(name) if manifest in self.believed else None
        if known is None or known.basis != basis:
            self._learnt = True
            known = KnownFingerprint(basis, make())
        self._new.fingerprints[name] = known
        return known.fingerprint

    def save(self) -> None:
        """Write down what this run knows, if it is not what the last one knew. Raises nothing."""
        old, new = self._old, self._new
        forgotten = old.manifests.keys() != new.manifests.keys() or old.data.keys() != new.data.keys()
        if self._root is not None and (self._learnt or forgotten):
            with suppress(OSError):
                self._write(self._root)
        # What is known is in the values by now, and may be large.
        self._old = _Kept(old.key)

    def forget(self) -> None:
        """Remove the index: it said something that is not so."""
        if self._root is not None:
            with suppress(OSError):
                (self._root / PLACE).unlink()

    def _remember(self, path: str, known: KnownManifest | KnownData) -> None:
        if isinstance(known, KnownManifest):
            self._new.manifests[path] = known
        else:
            self._new.data[path] = known

    def _write(self, root: Path) -> None:
        folder = (root / PLACE).parent
        if folder.is_symlink() or folder.parent.is_symlink():
            return  # A branch can bring a link that leads out of the project: nothing is made there.
        folder.mkdir(parents=True, exist_ok=True)
        # Exclusively: this follows no link either.
        with suppress(FileExistsError), (folder / ".gitignore").open("x", encoding="utf-8") as ignored:
            ignored.write("*\n")
        for left in folder.glob(".index.*"):
            left.unlink(
                missing_ok=True
            )  # Of a run that was killed; one that is writing now only loses its index.
        descriptor, name = tempfile.mkstemp(prefix=".index.", dir=folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                # By the file system's own clock, which need not be this machine's.
                now = os.fstat(descriptor).st_mtime_ns
                began = now - int((time.monotonic() - self._began) * _SECOND_NS)
                _drop_young(self._new.manifests, began)
                _drop_young(self._new.data, began)
                content = msgspec.msgpack.encode(self._new)
                file.write(zlib.crc32(content).to_bytes(_CHECKSUM_BYTES, "big") + content)
            os.replace(name, root / PLACE)  # noqa: PTH105 - both names are at hand
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise


def _drop_young(entries: dict[str, _K], began: int) -> None:
    for path in [path for path, known in entries.items() if is_young(known.stamp, began)]:
        del entries[path]


def is_young(stamp: FileStamp, began: int) -> bool:
    """Return whether a file could change after a reading that began then (ns), and keep its stamp."""
    newest = max(stamp[2:])
    coarse = not any(instant % _SECOND_NS for instant in stamp[2:])
    return newest >= began - (COARSE_TICK_NS if coarse else TICK_NS)


def _read(root: Path, key: str) -> _Kept:
    """Return what is kept under this key; nothing for an index of another, a damaged one, or none."""
    try:
        descriptor = os.open(root / PLACE, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return _Kept(key)
            checksum, content = file.read(_CHECKSUM_BYTES), file.read()
        if zlib.crc32(content).to_bytes(_CHECKSUM_BYTES, "big") != checksum:
            return _Kept(key)
        kept = msgspec.msgpack.decode(content, type=_Kept)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _Kept(key)
    return kept if kept.key == key else _Kept(key)


def index_key(*parts: bytes) -> str:
    """Return the key of an index whose content is decided by these parts."""
    digest = hashlib.sha256(f"{FORMAT_VERSION}".encode())
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


NO_INDEX = FileIndex(None)
"""Knows nothing, and keeps nothing for another run."""
