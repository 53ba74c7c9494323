"""The clocks that a lock is kept by, as one value that a test can replace."""

from __future__ import annotations

import time
from collections.abc import Callable

from msgspec import Struct


def boot_time() -> float:
    """Return seconds that also count while the machine sleeps, where the system has such a clock."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class Clocks(Struct, frozen=True):
    """The clocks of this machine, a way to sleep, and seconds between two checks of a busy lock."""

    wall: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    boot: Callable[[], float] = boot_time
    sleep: Callable[[float], None] = time.sleep
    pause: float = 1.0

    def now(self) -> tuple[float, float, float]:
        """Read all three; the wall clock is the first."""
        return self.wall(), self.monotonic(), self.boot()
