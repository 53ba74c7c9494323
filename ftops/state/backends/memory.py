"""A state in memory, with a lease that expires: for tests, and as the plainest reading of the port."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ftops.errors import LeaseLost, LockHeld, StateConflict
from ftops.state.backend import Holder, Lease, Stored


class MemoryBackend:
    """Bytes, a version that counts up, and one lease of `lease_seconds` on the given clock."""

    def __init__(self, clock: Callable[[], float], *, lease_seconds: float | None = None) -> None:
        self._clock = clock
        self._lease_seconds = lease_seconds
        self._stored: Stored | None = None
        self._writes = 0
        self._lease: MemoryLease | None = None
        self._mutex = threading.Lock()

    @property
    def location(self) -> str:
        """Memory has no place."""
        return "memory"

    def read(self) -> Stored | None:
        """Give what was last written."""
        return self._stored

    def write(self, data: bytes, expected: str | None) -> str:
        """Replace the bytes if nobody else did."""
        with self._mutex:
            if (self._stored.version if self._stored else None) != expected:
                raise StateConflict("the state was changed by another run since it was read")
            self._writes += 1
            self._stored = Stored(data, str(self._writes))
            return self._stored.version

    def lock(self, holder: Holder, timeout: float) -> Lease:
        """Take the lease if it is free or expired; a busy one is refused at once, whatever `timeout` says."""
        with self._mutex:
            if self._lease is not None and self._lease.held:
                raise LockHeld(f"the state is locked by {self._lease.owner}")
            now = self._clock()
            expires = now + self._lease_seconds if self._lease_seconds is not None else None
            self._lease = MemoryLease(holder, self._clock, expires)
            return self._lease

    def holder(self) -> Holder | None:
        """Tell who holds the lease."""
        return self._lease.owner if self._lease is not None and self._lease.held else None


class MemoryLease:
    """A lease that is held until it is released or its time is over."""

    def __init__(self, owner: Holder, clock: Callable[[], float], expires_at: float | None) -> None:
        self.owner = owner
        self._clock = clock
        self._expires_at = expires_at
        self._released = False

    @property
    def held(self) -> bool:
        """Tell whether the lease is still in force."""
        return not self._released and (self._expires_at is None or self._clock() < self._expires_at)

    @property
    def expires_at(self) -> float | None:
        """When others may take it."""
        return self._expires_at

    def check(self) -> None:
        """Refuse to go on once the lease is over."""
        if not self.held:
            raise LeaseLost("the lock has expired while it was held", hint="run ftops again")

    def release(self) -> None:
        """End the lease."""
        self._released = True
