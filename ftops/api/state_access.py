"""A project's state without its manifests and providers: for inspection and surgery."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from ftops.api.session import Session, hold_lock
from ftops.api.stored_state import StoredState, open_stored_state
from ftops.api.surroundings import Surroundings
from ftops.errors import FtopsError, StateError, StateMoved
from ftops.files.confinement import confine
from ftops.files.private import write_private
from ftops.manifests.project import load_project
from ftops.model.state import State
from ftops.model.value import replace
from ftops.providers.registry import dialects
from ftops.state.backend import Lease, StateBackend
from ftops.state.features import Earlier, KeepsHistory
from ftops.state.manager import StateManager

BACKUPS = ".ftops/backups"
"""Where surgery puts the state from before: in the project, whatever store the state is in."""


class StateVersion(Struct, frozen=True):
    """One state that can be brought back. `name` is what a person types: `now` for the one that is stored.

    `serial` and `fine_tunes` (a count) are None where it cannot be read; `moved_to` is the place that the
    notice of a move names. `written_at` is Unix seconds. What is `restorable` the store keeps; the rest are
    files.
    """

    name: str
    serial: int | None = None
    fine_tunes: int | None = None
    moved_to: str | None = None
    written_at: float | None = None
    restorable: bool = False


class StateAccess(Struct, frozen=True):
    """One project's state and its store."""

    root: Path
    project: str
    stored: StoredState
    surroundings: Surroundings

    @property
    def manager(self) -> StateManager:
        """Who reads and writes the state."""
        return self.stored.manager

    @property
    def backend(self) -> StateBackend:
        """Where the state is stored."""
        return self.stored.backend

    def existing(self) -> State:
        """Read the state. Raises StateError where there is none."""
        state = self.manager.read()
        if not self.manager.exists:
            raise StateError(
                f"there is no state at {self.backend.location}",
                hint="`ftops state rebuild` creates one from the provider's jobs",
            )
        return state

    def pull(self, version: str | None = None, *, raw: bool = False) -> bytes:
        """Fetch the stored state, or an earlier one, whether it can be read or not.

        As text, unless `raw`: then neither unpacked nor decrypted. Raises StateError where there is none.
        """
        data = self.manager.stored() if version is None else self.earlier(version)
        if data is None:
            raise StateError(f"there is no state at {self.backend.location}")
        return data if raw else self.manager.text(data)

    def earlier(self, name: str) -> bytes:
        """Fetch an earlier version from the store. Raises StateError where there is none."""
        if not isinstance(self.backend, KeepsHistory):
            raise StateError(
                f"{self.backend.location} keeps no earlier versions that ftops can fetch",
                hint=self.backend.recovery,
            )
        return self.backend.earlier(name)

    def history(self) -> list[StateVersion]:
        """List the versions that are still there, the stored one first, then the newest.

        Those of the store and the backups that surgery left.
        """
        now = self.manager.stored()
        kept = self.backend.history() if isinstance(self.backend, KeepsHistory) else ()
        rows = [(one, self.earlier(one.name), True) for one in kept]
        rows += [(one, data, False) for one, data in _backups(self.root / BACKUPS)]
        rows.sort(key=lambda row: -row[0].written_at)
        found = [
            replace(self._version(one.name, data), written_at=one.written_at, restorable=restorable)
            for one, data, restorable in rows
        ]
        return found if now is None else [self._version("now", now), *found]

    @contextmanager
    def locked(self, operation: str) -> Iterator[Lease]:
        """Hold the lock of the state."""
        with hold_lock(self.manager, operation, self.surroundings.clock.now(), self.surroundings) as lease:
            yield lease

    def _version(self, name: str, data: bytes) -> StateVersion:
        try:
            state = self.manager.decoded(data)
        except StateMoved as moved:
            return StateVersion(name, moved_to=moved.moved_to)
        except StateError:
            return StateVersion(name)
        return StateVersion(name, state.serial, len(state.fine_tunes))


def open_state(root: Path, surroundings: Surroundings, url: str | None = None) -> StateAccess:
    """Open the state that `ftops.yaml` names, or the one at `url`; manifests and keys need not be right."""
    root = root.resolve()
    project, _ = load_project(root, dialects())
    opened = open_stored_state(project, root, surroundings, url=url)
    return StateAccess(root, project.name, opened, surroundings)


def state_of(session: Session) -> StateAccess:
    """Return the state that a session has open."""
    return StateAccess(session.root, session.loaded.project.name, session.state, session.surroundings)


def keep_backup(root: Path, data: bytes, name: str, surroundings: Surroundings) -> Path:
    """Keep the state from before under a name of its own; the same bytes are kept once.

    Raises FtopsError and Refused: without a backup no surgery is done.
    """
    ending = "json.gz" if data.startswith(b"\x1f\x8b") else "json"
    directory = root / BACKUPS
    confine(root, directory, f"the folder {BACKUPS}", surroundings.environ)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        path, count = directory / f"{name}.{ending}", 1
        while path.exists() and path.read_bytes() != data:
            count += 1
            path = directory / f"{name}-{count}.{ending}"
        surroundings.vault.refuse(data, f"the file {path.name}")
        write_private(path, data)
    except OSError as error:
        message = f"cannot keep a backup in {directory}: {error.strerror or error}"
        raise FtopsError(message, hint="nothing was changed") from error
    return path


def _backups(directory: Path) -> Iterator[tuple[Earlier, bytes]]:
    for path in (*directory.glob("*.json"), *directory.glob("*.json.gz")):
        if not path.is_file():
            continue
        found = path.stat()
        yield Earlier(str(path), found.st_mtime, found.st_size), path.read_bytes()
