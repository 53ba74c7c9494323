"""A lock that the kernel keeps and frees: `flock` on one file, the holder's words in a second one.

The second file is locked too, for as long: whoever only wants to know looks there, and so never stands
in the way of somebody who wants the lock.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from pathlib import Path

from msgspec import Struct

from ftops.errors import LeaseLost
from ftops.state.backend import Holder
from ftops.state.holder import holder_members, holder_of

MOST_WORDS = 65536
"""Bytes of an announcement that are read; something else may have written there."""


class Announcement(Struct, frozen=True):
    """Words about a holder, there until the descriptor is closed; and whose words they replaced."""

    descriptor: int
    dead: Holder | None = None


class FlockLease:
    """A held `flock`. Replacing or deleting the lock file takes it away, and `check` notices.

    `taken_from` is a holder that ended without releasing: a run that was killed, mostly.
    """

    def __init__(self, descriptor: int, info: Announcement, path: Path, info_path: Path) -> None:
        self._descriptor: int | None = descriptor
        self._info = info.descriptor
        self.taken_from = info.dead
        self._path = path
        self._info_path = info_path

    @property
    def expires_at(self) -> float | None:
        """Never: only the end of the process frees it."""
        return None

    def check(self) -> None:
        """Compare the locked file with the one that others would lock now."""
        if self._descriptor is None:
            raise LeaseLost(f"the lock {self._path} was released", hint="run ftops again")
        if not _is_file_at(self._descriptor, self._path):
            raise LeaseLost(f"the lock {self._path} was taken away while it was held", hint="run ftops again")

    def release(self) -> None:
        """Let go; the kernel frees the lock with the descriptor."""
        if self._descriptor is None:
            return
        if _is_file_at(self._info, self._info_path):
            # A name left behind is harmless: nobody holds a lock on it.
            with contextlib.suppress(OSError):
                self._info_path.unlink()
        os.close(self._info)
        os.close(self._descriptor)
        self._descriptor = None


def take(path: Path) -> int | None:
    """Lock a file, made if need be; None when it is taken, or was replaced meanwhile. Raises OSError."""
    return _taken(path, fcntl.LOCK_EX | fcntl.LOCK_NB)


def take_waiting(path: Path) -> int:
    """Lock a file that nobody holds for longer than a moment. Raises OSError."""
    while True:
        descriptor = _taken(path, fcntl.LOCK_EX)
        if descriptor is not None:
            return descriptor


def announce(path: Path, holder: Holder) -> Announcement:
    """Say who holds the lock, until the descriptor given back is closed. Raises OSError."""
    descriptor = take_waiting(path)
    try:
        # Whoever releases removes its words: those that are still there are of a run that died.
        dead = holder_of(os.pread(descriptor, MOST_WORDS, 0))
        words = json.dumps(holder_members(holder)).encode()
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, words, 0)
    except BaseException:
        os.close(descriptor)
        raise
    return Announcement(descriptor, dead)


def living_holder(path: Path) -> Holder | None:
    """Read who announced itself and still lives; writes nothing. Raises OSError."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return holder_of(os.pread(descriptor, MOST_WORDS, 0))
    finally:
        os.close(descriptor)
    return None


def _taken(path: Path, how: int) -> int | None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, how)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    # Between open and flock the file may have been replaced: then this lock locks nothing.
    if _is_file_at(descriptor, path):
        return descriptor
    os.close(descriptor)
    return None


def _is_file_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False
