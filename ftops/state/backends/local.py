"""A state in a local file: replaced atomically, locked by `flock`.

The kernel frees the lock when its process dies, so there is no lease to expire and none to steal.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from ftops.errors import LeaseLost, LockHeld, StateConflict, StateError
from ftops.state.backend import Holder, Lease, Stored

POLL_SECONDS = 0.1
"""How often a busy lock is tried again: short beside any apply, long beside a system call."""


class LocalBackend:
    """A file, with `.backup`, `.lock` and `.lock.info` beside it."""

    def __init__(
        self,
        path: Path,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._path = path
        self._backup = path.with_name(path.name + ".backup")
        self._lock_path = path.with_name(path.name + ".lock")
        self._info_path = path.with_name(path.name + ".lock.info")
        self._monotonic = monotonic
        self._sleep = sleep

    @property
    def location(self) -> str:
        """The path, as it was given."""
        return str(self._path)

    def read(self) -> Stored | None:
        """Read the file."""
        with _storage_errors(f"cannot read the state {self._path}"):
            try:
                data = self._path.read_bytes()
            except FileNotFoundError:
                return None
        return Stored(data, _version(data))

    def write(self, data: bytes, expected: str | None) -> str:
        """Write a new file beside the old one, then rename over it; a crash leaves one of the two, whole."""
        with _storage_errors(f"cannot write the state {self._path}"):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with _exclusive(self._path.with_name(self._path.name + ".writing")):
                current = self.read()
                if (current.version if current else None) != expected:
                    raise StateConflict(
                        f"the state {self._path} was changed by another run since it was read",
                        hint="run ftops again",
                    )
                if current is not None:
                    _replace_durably(self._backup, current.data)
                _replace_durably(self._path, data)
        return _version(data)

    def lock(self, holder: Holder, timeout: float) -> Lease:
        """Take the `flock`, trying again until `timeout` is over."""
        deadline = self._monotonic() + timeout
        with _storage_errors(f"cannot lock the state {self._path}"):
            self._lock_path.parent.mkdir(parents=True, exist_ok=True)
            while True:
                descriptor = _try_lock(self._lock_path)
                if descriptor is not None:
                    _write_info(self._info_path, holder)
                    return FlockLease(descriptor, self._lock_path, self._info_path)
                if self._monotonic() >= deadline:
                    break
                self._sleep(POLL_SECONDS)
        other = self.holder()
        who = f"{other}, since {_clock(other.since)}" if other else "another run"
        raise LockHeld(
            f"the state {self._path} is locked by {who}",
            hint="wait for it to end, or wait longer with --lock-timeout",
        )

    def holder(self) -> Holder | None:
        """Tell who holds the lock; None when nobody does, whatever a dead run has left behind."""
        with _storage_errors(f"cannot look at the lock of {self._path}"):
            descriptor = _try_lock(self._lock_path) if self._lock_path.exists() else None
            if descriptor is not None:
                os.close(descriptor)
                return None
            if not self._lock_path.exists():
                return None
            try:
                return Holder(**json.loads(self._info_path.read_text()))
            except (FileNotFoundError, ValueError, TypeError):
                return None


class FlockLease:
    """A held `flock`. Replacing or deleting the lock file takes it away, and `check` notices."""

    def __init__(self, descriptor: int, path: Path, info_path: Path) -> None:
        self._descriptor: int | None = descriptor
        self._path = path
        self._info_path = info_path

    @property
    def expires_at(self) -> float | None:
        """Never: only the end of the process frees it."""
        return None

    def check(self) -> None:
        """Compare the locked file with the one that others would lock now."""
        if self._descriptor is not None:
            try:
                if os.path.samestat(os.fstat(self._descriptor), self._path.stat()):
                    return
            except OSError:
                pass
        raise LeaseLost(f"the lock {self._path} was taken away while it was held", hint="run ftops again")

    def release(self) -> None:
        """Let go; the kernel frees the lock with the descriptor."""
        if self._descriptor is not None:
            self._info_path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = None


@contextmanager
def _storage_errors(doing: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        hint = "free some space; the state is as it was" if full else "check the path and its permissions"
        raise StateError(f"{doing}: {error.strerror or error}", hint=hint) from error


@contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    """Keep two writers apart for the moment between comparing and renaming."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _try_lock(path: Path) -> int | None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Between open and flock the file may have been replaced: then this lock locks nothing.
        if os.path.samestat(os.fstat(descriptor), path.stat()):
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(descriptor)
    return None


def _write_info(path: Path, holder: Holder) -> None:
    temporary = path.with_name(path.name + ".new")
    temporary.write_text(json.dumps(asdict(holder)))
    temporary.replace(path)


def _replace_durably(path: Path, data: bytes) -> None:
    """Replace a file so that after a crash it holds the old bytes or the new ones, never a part."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _version(data: bytes) -> str:
    """Name a version by its content: the serial inside never repeats, so neither does this."""
    return hashlib.sha256(data).hexdigest()


def _clock(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))
