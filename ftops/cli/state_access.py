"""A project's state without its manifests and providers: for looking at it, and for surgery."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from msgspec import Struct

from ftops.api.stored_state import open_stored_state
from ftops.cli.private_files import write_private
from ftops.cli.session import hold_lock, surroundings
from ftops.cli.signals import confirm
from ftops.errors import FtopsError, StateError
from ftops.files.confinement import confine
from ftops.manifests.project import load_project
from ftops.model.state import State
from ftops.providers.registry import dialects
from ftops.report.words import printable
from ftops.state.backend import Lease, StateBackend
from ftops.state.features import KeepsHistory
from ftops.state.manager import StateManager

BACKUPS = ".ftops/backups"
"""Where surgery puts the state from before: in the project, whatever store the state is in."""


class StateAccess(Struct, frozen=True):
    """One project's state and its store."""

    root: Path
    project: str
    backend: StateBackend
    manager: StateManager

    def existing(self) -> State:
        """Read the state. Raises StateError where there is none: nothing can be cut out of it."""
        state = self.manager.read()
        if not self.manager.exists:
            raise StateError(
                f"there is no state at {self.backend.location}",
                hint="`ftops state rebuild` makes one from the provider's jobs",
            )
        return state

    def earlier(self, name: str) -> bytes:
        """Fetch an earlier version from the store. Raises StateError where there is none."""
        if not isinstance(self.backend, KeepsHistory):
            raise StateError(
                f"{self.backend.location} keeps no earlier versions that ftops could fetch",
                hint=self.backend.recovery,
            )
        return self.backend.earlier(name)

    @contextmanager
    def locked(self, operation: str) -> Iterator[Lease]:
        """Hold the lock of the state."""
        with hold_lock(self.manager, operation, time.time()) as lease:
            yield lease


def open_state(root: Path, url: str | None = None) -> StateAccess:
    """Open the state that `ftops.yaml` names, or the one at `url`; manifests and keys need not be right."""
    root = root.resolve()
    project, _ = load_project(root, dialects())
    opened = open_stored_state(project, surroundings().place(root), url=url)
    return StateAccess(root, project.name, opened.backend, opened.manager)


def can_ask(*, yes: bool) -> None:
    """Refuse, before anything is looked at, to ask where nobody can answer."""
    if not yes and not sys.stdin.isatty():
        raise click.UsageError("without a terminal nobody can answer: pass --yes")


def ask(words: str, *, yes: bool) -> None:
    """Say what will be done and ask. Raises FtopsError for a No: nothing was changed.

    `words` may quote what others wrote into the store, such as who holds its lock.
    """
    for line in words.split("\n"):
        click.echo(printable(line))
    if not yes and not confirm("Go on?"):
        raise FtopsError("not done", hint="nothing was changed")


def keep_backup(root: Path, data: bytes, serial: int | None, operation: str) -> None:
    """Keep the state from before. Raises FtopsError and Refused: without a backup no surgery is done."""
    number = "unreadable" if serial is None else f"serial-{serial}"
    stem = f"{number}-before-{operation}"
    ending = "json.gz" if data.startswith(b"\x1f\x8b") else "json"
    directory = root / BACKUPS
    confine(root, directory, f"the folder {BACKUPS}", surroundings().environ)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        path, count = directory / f"{stem}.{ending}", 1
        while path.exists() and path.read_bytes() != data:
            count += 1
            path = directory / f"{stem}-{count}.{ending}"
        write_private(path, data)
    except OSError as error:
        message = f"cannot keep a backup in {directory}: {error.strerror or error}"
        raise FtopsError(message, hint="nothing was changed") from error
    click.echo(f"the state from before is in {path}", err=True)
