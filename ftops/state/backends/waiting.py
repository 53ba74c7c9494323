"""Try for a busy lock again and again, for as long as one is willing to wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from msgspec import Struct

_T = TypeVar("_T")


class Patience(Struct, frozen=True):
    """How a store waits: a clock that never goes back, a way to sleep, and seconds between two tries."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    pause: float = 0.1

    def until(self, take: Callable[[], _T | None], timeout: float) -> _T | None:
        """Try at least once, and give the first success; None once `timeout` seconds are over."""
        deadline = self.monotonic() + timeout
        while (taken := take()) is None and (left := deadline - self.monotonic()) > 0:
            self.sleep(min(self.pause, left))
        return taken
