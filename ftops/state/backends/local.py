"""A state in a local file: replaced atomically, locked by `flock`.

The kernel frees the lock when its process dies, so there is no lease to expire and none to steal.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import unquote

from ftops.errors import StateConflict, StateError
from ftops.files.confinement import confine
from ftops.state.backend import Holder, Lease, Opening, Stored
from ftops.state.backends.flock import FlockLease, announce, living_holder, take, take_waiting
from ftops.state.backends.waiting import Patience
from ftops.state.features import Earlier
from ftops.state.holder import lock_held

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NO_HARD_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV})


_BESIDE = (".backup", ".backup.tmp", ".lock", ".lock.info", ".tmp", ".writing")
"""What is, or will be, next to a state: it is opened, so it must not be a way out of the project either."""


class LocalBackend:
    """A file, with `_BESIDE` next to it. `shown` names it in messages where its path is a secret.

    Symlinks are followed first: two ways to one state share one lock, and a write keeps the link.
    """

    def __init__(
        self,
        path: Path,
        patience: Patience = Patience(),  # noqa: B008 - frozen
        shown: str | None = None,
    ) -> None:
        self._given = shown or path
        self._shown = shown
        self._path = Path(os.path.realpath(path))
        self._lock_path = self._beside(".lock")
        self._info_path = self._beside(".lock.info")
        self._patience = patience

    @property
    def location(self) -> str:
        """The path, as it was given."""
        return str(self._given)

    @property
    def beside(self) -> Iterator[Path]:
        """The other files that are opened."""
        return (self._beside(ending) for ending in _BESIDE)

    @property
    def _backup_name(self) -> str:
        return f"{self._shown}.backup" if self._shown else str(self._beside(".backup"))

    @property
    def recovery(self) -> str:
        """Name the backup; only a person can judge whether it is the better one."""
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
        """Write a new file next to the old one, then rename it; a crash leaves one of them, complete."""
        with self._errors("write"):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            writing = take_waiting(self._beside(".writing"))
            try:
                if self._present() != expected:
                    raise StateConflict(
                        f"the state {self._given} was changed by another run since it was read",
                        hint="run ftops again",
                    )
                self._replace(data, over=expected is not None)
            finally:
                os.close(writing)
        return _version(data)

    def _present(self) -> str | None:
        """Return the version that is stored, without keeping it in memory."""
        with self._errors("read"), suppress(FileNotFoundError), self._path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
        return None

    def lock(self, holder: Holder, timeout: float) -> Lease:
        """Take the `flock`, trying again until `timeout` is over."""
        with self._errors("lock"):
            self._lock_path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = self._patience.until(lambda: take(self._lock_path), timeout)
            if descriptor is not None:
                try:
                    info = announce(self._info_path, holder)
                except BaseException:
                    os.close(descriptor)
                    raise
                return FlockLease(descriptor, info, self._lock_path, self._info_path)
        hint = "wait for that run to end; if it hangs, end its process, which frees the lock"
        raise lock_held(str(self._given), self.holder(), hint)

    def holder(self) -> Holder | None:
        """Return who holds the lock; None when nobody does, whatever a dead run left behind."""
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
        """Return the backup."""
        backup = self._beside(".backup")
        with self._errors("look for earlier versions of"):
            if not backup.is_file():
                return []
            found = backup.stat()
            return [Earlier(self._backup_name, found.st_mtime, found.st_size)]

    def earlier(self, name: str) -> bytes:
        """Read the backup."""
        backup = self._beside(".backup")
        if name != self._backup_name:
            raise StateError(f"{self._given} has no earlier version {name}", hint="see `ftops state history`")
        with self._errors("read the backup of"):
            return backup.read_bytes()

    def explain_lock(self) -> str:
        """Say why no lock has to be broken."""
        return "the kernel frees this lock when the process that holds it ends, however it ends"

    def _beside(self, ending: str) -> Path:
        return self._path.with_name(self._path.name + ending)

    def _replace(self, data: bytes, *, over: bool) -> None:
        """Write, back up, rename, in this order: the new bytes are on the disk before any name moves.

        The temporary file always has the same name, so killed writers leave no litter to pile up.
        """
        temporary = self._beside(".tmp")
        try:
            _write_durably(temporary, data)
            if over:
                temporary.chmod(self._path.stat().st_mode & 0o7777)
                self._back_up()
            temporary.replace(self._path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync_directory(self._path.parent)

    def _back_up(self) -> None:
        link = self._beside(".backup.tmp")
        link.unlink(missing_ok=True)
        try:
            try:
                os.link(self._path, link)
            except OSError as error:
                if error.errno not in _NO_HARD_LINKS:
                    raise
                _write_durably(link, self._path.read_bytes())
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


def open_store(opening: Opening) -> LocalBackend:
    """Open a path, or a `file://` URL; a relative one starts at the project's root."""
    url = opening.url
    written = unquote(url.removeprefix("file://")) if url.startswith("file://") else url
    if not written or "\0" in written:
        raise StateError("spec.state names no file", hint="the default is .ftops/state.json")
    path = opening.root / written
    backend = LocalBackend(path, Patience(sleep=opening.sleep), opening.reference)
    for opened in (path, *backend.beside):
        confine(opening.root, opened, "the file of spec.state", opening.environ)
    return backend
