"""StateManager: the one who reads and writes a project's state, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ftops.errors import StateConflict, StateError
from ftops.model.state import State
from ftops.state.backend import Holder, Lease, StateBackend, Stored
from ftops.state.statefile import decode, encode


class StateManager:
    """Reads and writes one project's state. Never overwrites what another run wrote since it was read."""

    def __init__(self, backend: StateBackend, project: str, *, new_lineage: Callable[[], str]) -> None:
        self._backend = backend
        self._project = project
        self._new_lineage = new_lineage
        self._version: str | None = None
        self._last: State | None = None
        self.writes = 0
        """How many times this manager wrote; the cost of an apply is judged by it."""

    @property
    def location(self) -> str:
        """Where the state is, for messages."""
        return self._backend.location

    @property
    def exists(self) -> bool:
        """Whether a state was stored when it was last read or written."""
        return self._version is not None

    def read(self) -> State:
        """Read the state, or make an empty one with a lineage of its own where there is none."""
        stored = self._backend.read()
        self._version = stored.version if stored else None
        self._last = self._decoded(stored)
        return self._last

    def write(self, state: State) -> State:
        """Write, and give the state with its new serial.

        Raises StateConflict when it is not made from what this manager last read or wrote, and when the
        store holds something else by now. A write whose outcome is unknown is read back and recognised.
        """
        if self._last is None or (state.lineage, state.serial) != (self._last.lineage, self._last.serial):
            raise StateConflict(
                "this state is not made from the one that was read last", hint="run ftops again"
            )
        new = replace(state, serial=state.serial + 1)
        data = encode(new)
        try:
            self._version = self._backend.write(data, self._version)
        except StateError:
            stored = self._backend.read()
            if stored is None or stored.data != data:
                raise
            self._version = stored.version
        self._last = new
        self.writes += 1
        return new

    def lock(self, holder: Holder, timeout: float) -> Lease:
        """Take the lock of the state. Raises LockHeld."""
        return self._backend.lock(holder, timeout)

    def holder(self) -> Holder | None:
        """Tell who holds the lock."""
        return self._backend.holder()

    def _decoded(self, stored: Stored | None) -> State:
        if stored is None:
            fresh = self._last if self._last is not None and self._last.serial == 0 else None
            return fresh or State(project=self._project, lineage=self._new_lineage())
        state = decode(stored.data, self.location)
        if state.project != self._project:
            raise StateError(
                f"{self.location} belongs to project {state.project}, this is {self._project}",
                hint="set metadata.name or spec.state of ftops.yaml back, or give this project its own state",
            )
        return state
