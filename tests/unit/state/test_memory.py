from __future__ import annotations

import os

import pytest

from ftops.errors import LeaseLost, LockHeld
from ftops.state.backend import Holder
from ftops.state.backends.memory import MemoryBackend

HOLDER = Holder("id", "me", "here", os.getpid(), "apply", 0.0)


def test_an_expired_lease_is_lost_and_free_for_others() -> None:
    now = [0.0]
    backend = MemoryBackend(lambda: now[0], lease_seconds=10)
    lease = backend.lock(HOLDER, 0)
    now[0] = 10.0
    with pytest.raises(LeaseLost):
        lease.check()
    backend.lock(HOLDER, 0).check()


def test_a_stolen_lease_is_lost_and_stays_lost() -> None:
    backend = MemoryBackend(lambda: 0.0)
    lease = backend.lock(HOLDER, 0)
    backend.steal()
    successor = backend.lock(HOLDER, 0)
    with pytest.raises(LeaseLost):
        lease.check()
    lease.release()
    successor.check()


def test_a_lease_that_expires_while_another_run_waits_is_taken_over() -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    backend = MemoryBackend(lambda: now[0], lease_seconds=2, sleep=sleep)
    backend.lock(HOLDER, 0)
    with pytest.raises(LockHeld):
        backend.lock(HOLDER, 1)
    backend.lock(HOLDER, 1.5).check()
