"""A state in a local file: replaced atomically, locked by `flock`.

The kernel frees the lock when its process dies, so there is no lease to expire and none to steal.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ftops.errors import LockHeld, StateConflict, StateError
from ftops.state.backend import Holder, Lease, Stored
from ftops.state.backends.flock import FlockLease, announce, living_holder, take, take_waiting
from ftops.state.features import Earlier

POLL_SECONDS = 0.1
"""How often a busy lock is tried again: short beside any apply, long beside a system call."""

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NO_HARD_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV})


class LocalBackend:
    """A file, with `.backup`, `.lock`, `.lock.info` and `.writing` beside it.

    Symlinks are followed first: two ways to one state share one lock, and a write keeps the link.
    """

    def __init__(
        self,
        path: Path,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._given = path
        self._path = Path(os.path.realpath(path))
        self._lock_path = self._beside(".lock")
        self._info_path = self._beside(".lock.info")
        self._monotonic = monotonic
        self._sleep = sleep

    @property
    def location(self) -> str:
        """The path, as it was given."""
        return str(self._given)

    @property
    def recovery(self) -> str:
        """Name the backup; only a person can tell whether it is the better one."""
        return f"look at {self._given}.backup, the state before the last write; if it is right, copy it over"

    def read(self) -> Stored | None:
        """Read the file."""
        with self._errors("read"):
            try:
                data = self._path.read_bytes()
            except FileNotFoundError:
                return None
        return Stored(data, _version(data))

    def write(self, data: bytes, expected: str | None) -> str:
        """Write a new file beside the old one, then rename over it; a crash leaves one of the two, whole."""
        with self._errors("write"):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            writing = take_waiting(self._beside(".writing"))
            try:
                current = self.read()
                if (current.version if current else None) != expected:
                    raise StateConflict(
                        f"the state {self._given} was changed by another run since it was read",
                        hint="run ftops again",
                    )
                self._replace(data, current)
            finally:
                os.close(writing)
        return _version(data)

    def lock(self, holder: Holder, timeout: float) -> Lease:
        """Take the `flock`, trying again until `timeout` is over."""
        deadline = self._monotonic() + timeout
        with self._errors("lock"):
            self._lock_path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = take(self._lock_path)
            while descriptor is None and (left := deadline - self._monotonic()) > 0:
                self._sleep(min(POLL_SECONDS, left))
                descriptor = take(self._lock_path)
            if descriptor is not None:
                try:
                    info = announce(self._info_path, holder)
                except BaseException:
                    os.close(descriptor)
                    raise
                return FlockLease(descriptor, info, self._lock_path, self._info_path)
        other = self.holder()
        who = f"{other}, since {_clock(other.since)}" if other else "another run"
        raise LockHeld(
            f"the state {self._given} is locked by {who}",
            hint="wait for that run to end; if it hangs, end its process, which frees the lock",
        )

    def holder(self) -> Holder | None:
        """Tell who holds the lock; None when nobody does, whatever a dead run has left behind."""
        with self._errors("look at the lock of"):
            return living_holder(self._info_path)

    def unwritable(self) -> str | None:
        """Look at the directory, or where it would be made: a write replaces the file, whatever its mode."""
        folder = self._path.parent
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        if not folder.is_dir():
            return f"{folder} is not a directory"
        if not os.access(folder, os.W_OK | os.X_OK):
            return f"{folder} may not be written to"
        return None if shutil.disk_usage(folder).free else f"the disk of {folder} is full"

    def history(self) -> Sequence[Earlier]:
        """Give the state and its backup."""
        with self._errors("look for earlier versions of"):
            paths = [path for path in (self._path, self._beside(".backup")) if path.is_file()]
            return [Earlier(str(path), path.stat().st_mtime, path.read_bytes()) for path in paths]

    def explain_lock(self) -> str:
        """Say why nothing has to be broken."""
        return "the kernel frees this lock when the process that holds it ends, however it ends"

    def _beside(self, ending: str) -> Path:
        return self._path.with_name(self._path.name + ending)

    def _replace(self, data: bytes, current: Stored | None) -> None:
        """Write, back up, rename, in this order: the new bytes are on the disk before any name moves.

        The temporary file always has the same name, so killed writers leave no litter to pile up.
        """
        temporary = self._beside(".tmp")
        try:
            _write_durably(temporary, data)
            if current is not None:
                temporary.chmod(self._path.stat().st_mode & 0o7777)
                self._back_up(current.data)
            temporary.replace(self._path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync_directory(self._path.parent)

    def _back_up(self, data: bytes) -> None:
        link = self._beside(".backup.tmp")
        link.unlink(missing_ok=True)
        try:
            try:
                os.link(self._path, link)
            except OSError as error:
                if error.errno not in _NO_HARD_LINKS:
                    raise
                _write_durably(link, data)
            link.replace(self._beside(".backup"))
        finally:
            # Renaming one name of a file over another name of it does nothing, and leaves both.
            link.unlink(missing_ok=True)

    @contextmanager
    def _errors(self, doing: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            full = error.errno in _FULL
            raise StateError(
                f"cannot {doing} the state {self._given}: {error.strerror or error}",
                hint="free some space; the state is as it was"
                if full
                else "check the path and its permissions",
            ) from error


def _write_durably(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(path: Path) -> None:
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _version(data: bytes) -> str:
    """Name a version by its content: the serial inside never repeats, so neither does this."""
    return hashlib.sha256(data).hexdigest()


def _clock(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))
