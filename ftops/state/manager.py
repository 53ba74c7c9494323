"""StateManager: reads and writes a project's state, and refuses what is not safe."""

from __future__ import annotations

from collections.abc import Callable

from ftops.errors import StateConflict, StateError, StateUncertain
from ftops.model.state import State
from ftops.model.value import replace
from ftops.state.backend import Holder, Lease, StateBackend, Stored
from ftops.state.form import StateForm
from ftops.state.statefile import moved_away


class StateManager:
    """Reads and writes one project's state. Never overwrites what another run wrote since it was read."""

    def __init__(
        self,
        backend: StateBackend,
        project: str,
        *,
        new_lineage: Callable[[], str],
        form: StateForm | None = None,
    ) -> None:
        self._backend = backend
        self._form = form or StateForm()
        self._project = project
        self._new_lineage = new_lineage
        self._version: str | None = None
        self._last: State | None = None
        self._last_version: str | None = None
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
        """Read the state, or make an empty one with a lineage of its own where there is none.

        Raises StateError when it has gone back, or disappeared, since this manager last saw it: what was
        recorded meanwhile may be a paid job.
        """
        stored = self._backend.read()
        if stored is None:
            state = self._empty()
        elif self._last is not None and stored.version == self._last_version:
            self._version = stored.version
            return self._last
        else:
            state = self._checked(self.decoded(stored.data))
        self._version = self._last_version = stored.version if stored else None
        self._last = state
        return state

    def write(self, state: State) -> State:
        """Write, and return the state with its new serial.

        Raises StateConflict when it is not made from what this manager last read or wrote, and when the
        store holds something else by now. A write whose outcome is unknown is read back and recognised.
        """
        self._refuse_foreign(state)
        new = replace(state, serial=state.serial + 1)
        self._put(self._form.encode(new))
        self._last, self._last_version = new, self._version
        return new

    def retire(self, place: str) -> None:
        """Put a notice in place of the state that was read last: it lives at `place` now."""
        if self._last is None or self._version is None:
            raise StateError(f"there is no state at {self.location} that could have moved")
        self._put(moved_away(self._last, place))

    def stored(self) -> bytes | None:
        """Return the bytes as they are, readable or not; for inspection, and before `replace`."""
        found = self._backend.read()
        self._version = found.version if found else None
        if found is None and self._last_version is not None:
            # What was read before is gone; a person who replaces it begins anew.
            self._last = self._last_version = None
        return found.data if found else None

    def decoded(self, data: bytes, what: str | None = None) -> State:
        """Read a state from bytes of this store, or from `what` else. Raises StateError."""
        hint = self._backend.recovery if what is None else "nothing was changed"
        return self._form.decode(data, what or self.location, hint)

    def text(self, data: bytes) -> bytes:
        """Return stored bytes unpacked and decrypted, whatever they say. Raises StateError."""
        return self._form.text(data, self.location)

    def replace(self, state: State, over: State | None) -> State:
        """Write a state of another origin over what was read last (`over`; None: nothing readable).

        For surgery by a person only. The serial still increases, whichever of the two is ahead.
        """
        ahead = replace(state, serial=max(state.serial, over.serial if over else 0))
        self._last, self._last_version = ahead, None
        return self.write(ahead)

    def lock(self, holder: Holder, timeout: float) -> Lease:
        """Take the lock of the state. Raises LockHeld."""
        return self._backend.lock(holder, timeout)

    def holder(self) -> Holder | None:
        """Return who holds the lock."""
        return self._backend.holder()

    def _empty(self) -> State:
        if self._version is not None:
            raise StateError(
                f"{self.location} was there a moment ago and is gone", hint=self._backend.recovery
            )
        # Nothing has been true of it yet, so whatever comes is news.
        return self._last or State(project=self._project, lineage=self._new_lineage(), observed={})

    def _checked(self, state: State) -> State:
        if state.project != self._project:
            raise StateError(
                f"{self.location} belongs to project {state.project}, this is {self._project}",
                hint="set metadata.name or spec.state in ftops.yaml back, or give this project its own state",
            )
        seen = self._last if self._version is not None else None
        if seen is not None and (state.lineage != seen.lineage or state.serial < seen.serial):
            raise StateError(
                f"{self.location} went back from serial {seen.serial} to {state.serial} or is another state",
                hint="if somebody put it there on purpose, run ftops again",
            )
        return state

    def _refuse_foreign(self, state: State) -> None:
        last = self._last
        if last is None or (state.lineage, state.serial) != (last.lineage, last.serial):
            raise StateConflict(
                "this state was not made from the one that was read last", hint="run ftops again"
            )
        if state.project != self._project:
            raise StateError(f"a state of project {state.project} cannot be written as {self._project}")

    def _put(self, data: bytes) -> None:
        try:
            self._version = self._backend.write(data, self._version)
        except StateUncertain as doubt:
            self._version = self._recognised(data, doubt).version
        self.writes += 1

    def _recognised(self, data: bytes, doubt: StateUncertain) -> Stored:
        try:
            stored = self._backend.read()
        except StateError:
            raise doubt from None
        if stored is None or stored.data != data:
            raise doubt
        return stored
