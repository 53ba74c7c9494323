"""How a run takes the lock: it says for whom it waits, and does not trust two clocks that disagree."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable

import pytest

from ftops.api.session import MOST_SKEW_SECONDS, hold_lock
from ftops.api.surroundings import Surroundings
from ftops.errors import LockHeld, StateError
from ftops.model.event import Event, EventKind
from ftops.state.backend import Holder, Lease
from ftops.state.backends.memory import MemoryBackend
from ftops.state.manager import StateManager

OTHER = Holder("id-1", "ana", "runner-7", 42, "apply", 0.0)


class SkewedLease:
    """A lease of a store whose clock is another one."""

    def __init__(self, lease: Lease, ahead: float | None) -> None:
        self._lease = lease
        self.clock_ahead = ahead

    @property
    def expires_at(self) -> float | None:
        return self._lease.expires_at

    def check(self) -> None:
        self._lease.check()

    def release(self) -> None:
        self._lease.release()


class SkewedBackend(MemoryBackend):
    def __init__(self, ahead: float | None) -> None:
        super().__init__(lambda: 0.0)
        self._ahead = ahead

    def lock(self, holder: Holder, timeout: float) -> Lease:
        return SkewedLease(super().lock(holder, timeout), self._ahead)


def manager(backend: MemoryBackend) -> StateManager:
    return StateManager(backend, "p", new_lineage=lambda: uuid.uuid4().hex)


def around(told: Callable[[Event], None] = lambda _: None, lock_timeout: float = 0.0) -> Surroundings:
    return Surroundings({}, threading.Event(), told, lock_timeout=lock_timeout)


@pytest.mark.parametrize(
    ("ahead", "words"), [(MOST_SKEW_SECONDS + 1, "61 s ahead of"), (-3600.0, "3600 s behind")]
)
def test_a_clock_that_is_off_stops_the_run_and_frees_the_lock(ahead: float, words: str) -> None:
    backend = SkewedBackend(ahead)
    with (
        pytest.raises(StateError, match=f"clock of this machine is {words} the clock of memory") as refused,
        hold_lock(manager(backend), "apply", 0.0, around()),
    ):
        pass
    assert "NTP" in (refused.value.hint or "")
    assert backend.holder() is None


@pytest.mark.parametrize("ahead", [None, 0.0, MOST_SKEW_SECONDS, -MOST_SKEW_SECONDS])
def test_a_clock_that_is_near_enough_or_unknown_stops_nothing(ahead: float | None) -> None:
    with hold_lock(manager(SkewedBackend(ahead)), "apply", 0.0, around()) as lease:
        lease.check()


def test_whoever_waits_is_told_for_whom_before_the_wait() -> None:
    told: list[Event] = []
    backend = MemoryBackend(lambda: 0.0)
    lease = backend.lock(OTHER, 0)
    with pytest.raises(LockHeld), hold_lock(manager(backend), "apply", 5.0, around(told.append, 30.0)):
        pass
    assert [(event.kind, event.time) for event in told] == [(EventKind.LOCK_AWAITED, 5.0)]
    assert "ana@runner-7" in told[0].message
    assert "waiting up to 30 s" in told[0].message
    lease.release()


def test_a_free_lock_is_taken_without_a_word() -> None:
    told: list[Event] = []
    with hold_lock(manager(MemoryBackend(lambda: 0.0)), "apply", 0.0, around(told.append, 30.0)):
        assert told == []
