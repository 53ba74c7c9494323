"""The state store: the memory backend, with faults and boundaries, watched for a state that goes back."""

from __future__ import annotations

from collections.abc import Callable

from ftops.errors import StateError, StateUncertain
from ftops.model.state import State
from ftops.state.backend import Holder, Lease, Stored
from ftops.state.backends.memory import MemoryBackend
from ftops.state.statefile import decode
from tests.simulator.laws import StateHistory

STORE_FAULTS = ("refused", "uncertain before", "uncertain after", "unreadable")


class Store:
    """What outlives every run. `faults` strike the next accesses, in order."""

    def __init__(self, clock: Callable[[], float], lease_seconds: float | None) -> None:
        self._clock, self._lease_seconds = clock, lease_seconds
        self.backend = MemoryBackend(clock, lease_seconds=lease_seconds)
        self.leases_expire = lease_seconds is not None
        self.faults: list[str] = []
        self.history = StateHistory()
        self.earlier: list[bytes] = []

    def lose(self) -> None:
        """Let somebody throw everything away, the lock too."""
        self.backend = MemoryBackend(self._clock, lease_seconds=self._lease_seconds)
        self.history.lost()

    def restore(self, writes: int) -> State | None:
        """Let somebody bring back the state of so many writes ago, as from a backup."""
        if not self.earlier:
            return None
        data = self.earlier[max(0, len(self.earlier) - 1 - writes)]
        stored = self.backend.read()
        self.backend.write(data, stored.version if stored else None)
        self.history.lost()
        return decode(data, "a backup")

    def fault(self, *wanted: str) -> str:
        """Take the next fault if it is one of these."""
        return self.faults.pop(0) if self.faults and self.faults[0] in wanted else "ok"


class StorePort:
    """One run's access to the store."""

    def __init__(self, store: Store, boundary: Callable[[str], None]) -> None:
        self._store = store
        self._boundary = boundary

    @property
    def location(self) -> str:
        return "memory"

    @property
    def recovery(self) -> str:
        return "there is no earlier one in memory"

    def read(self) -> Stored | None:
        self._boundary("before read")
        if self._store.fault("unreadable") == "unreadable":
            raise StateError("the store cannot be read")
        return self._store.backend.read()

    def write(self, data: bytes, expected: str | None) -> str:
        self._boundary("before write")
        kind = self._store.fault("refused", "uncertain before", "uncertain after")
        if kind == "refused":
            raise StateError("the store is full")
        if kind == "uncertain before":
            raise StateUncertain("the connection broke")
        version = self._store.backend.write(data, expected)
        self._store.history.written(data)
        self._store.earlier.append(data)
        self._boundary("after write")
        if kind == "uncertain after":
            raise StateUncertain("the connection broke")
        return version

    def lock(self, holder: Holder, timeout: float) -> Lease:
        return LeasePort(self._store.backend.lock(holder, timeout), self._boundary)

    def holder(self) -> Holder | None:
        return self._store.backend.holder()


class LeasePort:
    """A lease whose check is a boundary: what was true then need not be true after it."""

    def __init__(self, lease: Lease, boundary: Callable[[str], None]) -> None:
        self._lease = lease
        self._boundary = boundary

    @property
    def expires_at(self) -> float | None:
        return self._lease.expires_at

    def check(self) -> None:
        self._boundary("before check")
        self._lease.check()

    def release(self) -> None:
        self._lease.release()
