"""Copies of data stored elsewhere, each in a folder that is named by its pin.

A copy counts only for the very stamp that it had when its bytes were checked: a branch can bring a file, and
never the inode and the time of its change. Of any other file the digest is taken again, and where the pin is
no digest it is fetched anew. The same goes for a part of a file.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import msgspec
from msgspec import Struct

from ftops.files.cache_folder import FOLDER, make_folder, read_plain
from ftops.files.fresh import new_file
from ftops.files.places import FileStamp, plain_stamp
from ftops.model.remote import CACHED, Remote

MOST_BYTES = 20 * 2**30
"""Kept in all; copies that no manifest names go first, oldest first."""

_BELOW = CACHED.removeprefix(f"{FOLDER}/")
_CHECKED = "checked.json"
_PART = "part"
_PIECE = 2**20


class _Checked(Struct, frozen=True):
    """A copy whose bytes were compared with their pin, or a part that was left by a run of ftops."""

    name: str
    stamp: FileStamp
    sha256: str


class Part(Struct):
    """What has come of a file so far. `digest` is over all of it."""

    file: BinaryIO
    size: int
    digest: hashlib._Hash

    def add(self, data: bytes) -> None:
        """Write on."""
        self.file.write(data)
        self.digest.update(data)
        self.size += len(data)

    def restart(self) -> None:
        """Begin again: what came is of no use."""
        self.file.seek(0)
        self.file.truncate()
        self.size, self.digest = 0, hashlib.sha256()


class DataCache:
    """The copies of one project."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def holds(self, remote: Remote) -> bool:
        """Return whether the copy is there, and its bytes are those that the pin means."""
        path = self._root / remote.path
        stamp = plain_stamp(str(path))
        if stamp is None or os.path.realpath(path.parent) != str(path.parent):
            return False
        checked = self._checked(remote)
        if checked is not None and (checked.name, checked.stamp) == (path.name, stamp):
            return remote.sha256 in (None, checked.sha256)
        return remote.sha256 is not None and self._is_the_same(path, remote.sha256)

    @contextmanager
    def part(self, remote: Remote) -> Iterator[Part | None]:
        """Resume an earlier run's download; only one run at a time does. None: the copy is there now.

        Raises OSError.
        """
        folder = make_folder(self._root, f"{_BELOW}{remote.folder.removeprefix(CACHED)}")
        if folder is None:
            raise OSError(f"{CACHED} is, or holds, a link")
        with _locked(folder / _PART) as file:
            if self.holds(remote):
                yield None
                return
            part = Part(file, 0, hashlib.sha256())
            if remote.sha256 is None and not self._is_ours(remote):
                part.restart()
            while data := file.read(_PIECE):
                part.digest.update(data)
                part.size += len(data)
            try:
                yield part
            except BaseException:
                with suppress(OSError):
                    file.flush()
                    self._note(folder / _PART, part.digest.hexdigest())
                raise

    def keep(self, remote: Remote, part: Part) -> None:
        """Make a finished part the copy. Its bytes have been compared with the pin. Raises OSError."""
        part.file.flush()
        path = self._root / remote.path
        (path.parent / _PART).replace(path)
        self._note(path, part.digest.hexdigest())

    def drop_unused(self, used: Collection[str]) -> None:
        """Remove the oldest copies that nothing uses until the rest is within bounds. Raises nothing."""
        with suppress(OSError):
            if make_folder(self._root, _BELOW) is None:
                return
            folders = [(one.stat().st_mtime, one) for one in (self._root / CACHED).iterdir()]
            total = sum(_size(folder) for _, folder in folders)
            for _, folder in sorted(folders):
                if total <= MOST_BYTES:
                    return
                if f"{CACHED}/{folder.name}" not in used:
                    total -= _size(folder)
                    shutil.rmtree(folder, ignore_errors=True)

    def _is_the_same(self, path: Path, sha256: str) -> bool:
        try:
            with path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
            if found == sha256:
                self._note(path, found)
        except OSError:
            return False
        return found == sha256

    def _is_ours(self, remote: Remote) -> bool:
        """Return whether a part, whose bytes no digest will judge, is as a run of ftops left it."""
        checked, stamp = self._checked(remote), plain_stamp(str(self._root / remote.folder / _PART))
        return checked is not None and (checked.name, checked.stamp) == (_PART, stamp)

    def _note(self, path: Path, sha256: str) -> None:
        stamp = plain_stamp(str(path))
        if stamp is not None:
            # Replaced, and never written through: a branch can bring a link that leads out of the project.
            with new_file(path.parent / _CHECKED, replacing=True) as file:
                file.write(msgspec.json.encode(_Checked(path.name, stamp, sha256)))

    def _checked(self, remote: Remote) -> _Checked | None:
        try:
            written = read_plain(self._root / remote.folder / _CHECKED)
            return None if written is None else msgspec.json.decode(written, type=_Checked)
        except msgspec.MsgspecError:
            return None


@contextmanager
def _locked(path: Path) -> Iterator[BinaryIO]:
    """Open a file to append to, held by this run alone; another run may have made it the copy meanwhile."""
    while True:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(path, flags, 0o600), "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            there = plain_stamp(str(path))
            if there is not None and there[0] == os.fstat(file.fileno()).st_ino:
                yield file
                return


def _size(folder: Path) -> int:
    return sum(one.stat().st_size for one in folder.iterdir())
