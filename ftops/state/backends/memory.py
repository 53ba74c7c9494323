"""A state in memory, with a lease that expires: for tests, and as the plainest reading of the port."""

from __future__ import annotations

import threading
from collections.abc import Callable
from math import ceil

from ftops.errors import LeaseLost, LockHeld, StateConflict
from ftops.state.backend import Holder, Lease, Stored

POLL_SECONDS = 0.1


class MemoryBackend:
    """Bytes, a version that counts up, and one lease of `lease_seconds` on the given clock.

    Without a `sleep` a busy lease is refused at once, whatever timeout is given.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        lease_seconds: float | None = None,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        self._clock = clock
        self._lease_seconds = lease_seconds
        self._sleep = sleep
        self._stored: Stored | None = None
        self._writes = 0
        self._lease: MemoryLease | None = None
        self._mutex = threading.Lock()

    @property
    def location(self) -> str:
        """Memory has no place."""
        return "memory"

    @property
    def recovery(self) -> str:
        """Memory keeps nothing older."""
        return "there is no earlier one in memory"

    def read(self) -> Stored | None:
        """Return what was last written."""
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
        """Take the lease once it is free or expired; tries as often as fits into `timeout`."""
        lease = self._take(holder)
        if self._sleep is not None:
            for _ in range(ceil(timeout / POLL_SECONDS)):
                if lease is not None:
                    break
                self._sleep(POLL_SECONDS)
                lease = self._take(holder)
        if lease is None:
            raise LockHeld(f"the state is locked by {self.holder() or 'another run'}")
        return lease

    def holder(self) -> Holder | None:
        """Return who holds the lease."""
        lease = self._lease
        return lease.owner if lease is not None and lease.held else None

    def steal(self) -> None:
        """Take the lease away from whoever holds it, as a store does after a partition."""
        if self._lease is not None:
            self._lease.release()

    def _take(self, holder: Holder) -> MemoryLease | None:
        with self._mutex:
            if self._lease is not None and self._lease.held:
                return None
            seconds = self._lease_seconds
            self._lease = MemoryLease(
                holder, self._clock, None if seconds is None else self._clock() + seconds
            )
            return self._lease


class MemoryLease:
    """A lease that is held until it is released or its time is over; an ended one never comes back."""

    def __init__(self, owner: Holder, clock: Callable[[], float], expires_at: float | None) -> None:
        self.owner = owner
        self._clock = clock
        self._expires_at = expires_at
        self._released = False

    @property
    def held(self) -> bool:
        """Return whether the lease is still in force."""
        if self._expires_at is not None and self._clock() >= self._expires_at:
            self._released = True
        return not self._released

    @property
    def expires_at(self) -> float | None:
        """When others may take it."""
        return self._expires_at

    def check(self) -> None:
        """Refuse to go on once the lease is over."""
        if not self.held:
            raise LeaseLost("the lock has expired or was taken away", hint="run ftops again")

    def release(self) -> None:
        """End the lease."""
        self._released = True
