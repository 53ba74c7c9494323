"""A held lock in an object store: renewed by a thread, and ours for one lease after a renewal began."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from msgspec import Struct

from ftops.errors import LeaseLost, StateError
from ftops.model.value import replace
from ftops.state.backend import Holder
from ftops.state.backends.heartbeat import Heartbeat
from ftops.state.backends.object_access import Found, Unmet
from ftops.state.clocks import Clocks
from ftops.state.holder import holder_members, holder_of

SHORTEST_LEASE = 1.0
LONGEST_LEASE = 3600.0
"""Seconds. Nobody may hold a longer one: a lock that cannot be understood is taken to be of this length."""


class Objects(Protocol):
    """What a lock needs of a store; see ObjectAccess."""

    def get(self, key: str, doing: str = ...) -> Found | None:
        """Fetch an object. Raises StateError."""

    def put(self, key: str, data: bytes, over: str | None, doing: str = ...) -> str:
        """Write over one version. Raises Unmet, StateUncertain and StateError."""

    def overwrite(self, key: str, data: bytes, doing: str) -> None:
        """Write over any version. Raises StateError."""

    def modified(self, key: str, doing: str) -> float:
        """Return when an object was last written. Raises StateError."""


class Words(Struct, frozen=True):
    """What a lock object says. `token` names one taking of the lock: a holder's id may be used twice.

    `beat` makes every body another one, for in S3 equal bodies have equal etags.
    """

    holder: Holder | None
    token: str | None
    lease: float
    beat: int = 0
    free: bool = False

    def written(self) -> bytes:
        """Return the fields as JSON."""
        members: dict[str, Any] = holder_members(self.holder) if self.holder else {}
        members.update(token=self.token, lease=self.lease, beat=self.beat, free=self.free)
        return json.dumps(members).encode()

    def renewed(self) -> Words:
        """Return the lock's content for the next renewal."""
        return replace(self, beat=self.beat + 1)

    def freed(self) -> Words:
        """Return the content of a free lock; its last holder stays readable."""
        return replace(self, beat=self.beat + 1, free=True)


def understood(data: bytes) -> Words:
    """Read a lock object. What cannot be understood is held by somebody unknown, for the longest lease."""
    try:
        told = json.loads(data)
        free, token, lease, beat = told["free"], told["token"], float(told["lease"]), int(told["beat"])
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return Words(None, None, LONGEST_LEASE)
    if not math.isfinite(lease) or not isinstance(free, bool):
        return Words(None, None, LONGEST_LEASE)
    return Words(holder_of(told), str(token), bounded(lease), beat, free)


def bounded(lease: float) -> float:
    """Keep a lease within what may be held."""
    return min(max(lease, SHORTEST_LEASE), LONGEST_LEASE)


class Taken(Struct, frozen=True):
    """A lock as it was taken: our entry, its version, and what the clocks said before the write."""

    words: Words
    version: str
    begun: tuple[float, float, float]
    taken_from: Holder | None = None
    clock_ahead: float | None = None


class ObjectLease:
    """A lock that is ours until one lease after its last renewal began, on the clock that is furthest on.

    A lease that was once seen to be over stays lost, even if nobody has taken it.
    """

    def __init__(self, objects: Objects, key: str, location: str, taken: Taken, clocks: Clocks) -> None:
        self.taken_from = taken.taken_from
        self.clock_ahead = taken.clock_ahead
        self._objects = objects
        self._key = key
        self._location = location
        self._words = taken.words
        self._version = taken.version
        self._begun = taken.begun
        self._clocks = clocks
        self._over: str | None = None
        self._mutex = threading.Lock()
        self._heartbeat = Heartbeat(self.beat, taken.words.lease / 4)

    def start(self) -> ObjectLease:
        """Begin to renew."""
        self._heartbeat.start()
        return self

    @property
    def expires_at(self) -> float | None:
        """One lease after the last renewal began, by this machine's clock."""
        return self._begun[0] + self._words.lease

    def check(self) -> None:
        """Compare every clock with the last renewal; sends nothing."""
        over = self._look()
        if over is not None:
            raise LeaseLost(f"the lock of {self._location} {over}", hint="run ftops again")

    def release(self) -> None:
        """Mark the lock as free in the store, if it is still ours; else do nothing."""
        self._heartbeat.stop()
        if self._end("was released") is None:
            # Where this fails, the lock comes free by itself a lease later.
            with suppress(StateError):
                self._write(Words.freed)

    def beat(self) -> bool:
        """Renew once, on the heartbeat's thread; False once there is nothing left to renew."""
        if self._look() is not None:
            return False
        try:
            begun = self._write(Words.renewed)
        except StateError:
            # Tried again at the next beat; if none succeeds in time, the clocks end the lease.
            return True
        if begun is None:
            self._end("was taken away")
            return False
        with self._mutex:
            if self._is_late():
                return False
            self._begun = begun
        return True

    def _write(self, make: Callable[[Words], Words]) -> tuple[float, float, float] | None:
        """Write over our own version, and return when that began; None when the lock is no longer ours.

        A write whose reply was lost makes the next condition fail: then what is there is read back, and
        if it is ours the same is tried over it. Only a write whose reply came counts as a renewal.
        """
        for _ in range(3):
            begun = self._clocks.now()
            words = make(self._words)
            # Kept before the outcome is known, so that no two writes of ours are alike.
            self._words = replace(words, free=False)
            try:
                self._version = self._objects.put(
                    self._key, words.written(), self._version, "renew the lock of"
                )
            except Unmet:
                there = self._objects.get(self._key, "renew the lock of")
                if there is None or not self._is_ours(there, words):
                    return None
                self._version = there.version
            else:
                return begun
        raise StateError(f"cannot renew the lock of {self._location}: every write conflicts with another one")

    def _is_ours(self, there: Found, words: Words) -> bool:
        told = understood(there.data)
        return told.token == words.token and told.free is False

    def _look(self) -> str | None:
        with self._mutex:
            self._is_late()
            return self._over

    def _is_late(self) -> bool:
        """Note once and for all when a clock is past the lease. The mutex is held."""
        lease = self._words.lease
        late = any(now - begun >= lease for now, begun in zip(self._clocks.now(), self._begun, strict=True))
        if late and self._over is None:
            self._over = "was not renewed in time, so others may have taken it"
        return self._over is not None

    def _end(self, how: str) -> str | None:
        """End the lease; return what had ended it before."""
        with self._mutex:
            self._is_late()
            before, self._over = self._over, self._over or how
            return before
