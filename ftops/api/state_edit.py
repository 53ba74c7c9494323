"""The one way to change a state by hand: lock, read, ask, back up, write.

Whoever edits says what would be done, and the state that it makes; the order is always the same, and nobody
writes without having proven that the lock is still theirs.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from ftops.api.state_access import keep_backup
from ftops.api.surroundings import Surroundings
from ftops.model.event import Event, EventKind
from ftops.model.state import State
from ftops.state.backend import Lease
from ftops.state.manager import StateManager

Consent = Callable[[str], None]
"""Is told what will be done, under the lock, and raises if it is not to be: then nothing is changed."""


def agreed(_: str) -> None:
    """Consent: whoever calls has decided."""


class Editable(Protocol):
    """Where a state is edited: a project's state alone, or that of a session."""

    @property
    def root(self) -> Path:
        """The project's directory."""

    @property
    def surroundings(self) -> Surroundings:
        """Who hears of what happens."""

    @property
    def manager(self) -> StateManager:
        """Who reads and writes the state."""

    def locked(self, operation: str) -> AbstractContextManager[Lease]:
        """Hold the lock of the state."""


class Proposal(Struct, frozen=True):
    """What would be done, in words, and the state that it makes of `over`, the one that was read.

    `over` is None where there was none that could be read.
    """

    words: str
    state: State
    over: State | None


class StateEdit(Struct, frozen=True):
    """What an edit has done, in words. `location` and `serial` are those of the state now.

    `backup` holds the state from before; None where there was none, and for what needs no way back.
    """

    words: str
    location: str
    serial: int
    backup: Path | None = None


def edit(
    where: Editable,
    operation: str,
    propose: Callable[[bytes | None], Proposal | None],
    consent: Consent = agreed,
    *,
    backup: bool = True,
) -> StateEdit | None:
    """Lock, let `propose` read and decide, ask, keep a backup, and write; None where it proposes nothing.

    `propose` is given the stored bytes, None where there are none. Raises what it and `consent` raise,
    LockHeld, LeaseLost and StateError; then nothing is changed.
    """
    with where.locked(operation) as lock:
        data = where.manager.stored()
        proposal = propose(data)
        if proposal is None:
            return None
        consent(proposal.words)
        serial = proposal.over.serial if proposal.over else None
        kept = backed_up(where, data, serial, operation) if backup and data is not None else None
        return written(where, lock, proposal, kept)


def backed_up(where: Editable, data: bytes, serial: int | None, operation: str) -> Path:
    """Keep the state from before, and say where. `serial` is None for one that cannot be read."""
    number = "unreadable" if serial is None else f"serial-{serial}"
    name = f"{number}-before-{operation.removeprefix('state ')}"
    path = keep_backup(where.root, data, name, where.surroundings)
    where.surroundings.emit(Event(EventKind.BACKED_UP, time.time(), f"the state from before is in {path}"))
    return path


def written(where: Editable, lock: Lease, proposal: Proposal, kept: Path | None = None) -> StateEdit:
    """Write what was agreed to, if the lock is still ours."""
    lock.check()
    state = where.manager.replace(proposal.state, proposal.over)
    return StateEdit(proposal.words, where.manager.location, state.serial, kept)
