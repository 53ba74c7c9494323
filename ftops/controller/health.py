"""Whether the controller lives, and whether it is ready: what probes ask for. Reads no clock of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ftops.controller.reconciled import Reconciled, Result
from ftops.model.event import Event
from ftops.transport.observer import Exchange

INTERVALS = 3
"""Intervals without any sign of life after which the loop counts as stuck."""
LEAST_PATIENCE_SECONDS = 900.0
"""However short the interval: one large upload is silent for minutes, and to be killed in it helps nobody."""


class Health:
    """Takes signs of life, and judges. `clock` returns seconds that never go back. Safe from several threads.

    A round, a request to a provider, an event and each turn of the loop are signs of life. `silence` is how
    long a round may say nothing on purpose, as while it waits for a lock.
    """

    def __init__(self, interval: float, clock: Callable[[], float], silence: float = 0.0) -> None:
        self._patience = max(INTERVALS * interval, LEAST_PATIENCE_SECONDS) + silence
        self._clock = clock
        self._lock = threading.Lock()
        self._moved_at = clock()
        self._until = self._moved_at + self._patience
        self._ready = False

    def __call__(self, told: Reconciled) -> None:
        """Take in one round."""
        self.moved()
        if told.result is not Result.FAILED:
            self._ready = True

    def moved(self, pause: float = 0.0) -> None:
        """Note a turn of the loop, which is silent for `pause` seconds from now on, on purpose."""
        with self._lock:
            self._moved_at = self._clock()
            self._until = max(self._until, self._moved_at + pause + self._patience)

    def hear(self, _: Exchange | Event) -> None:
        """Note that a request came to its end, or that something happened within a round."""
        self.moved()

    @property
    def stuck(self) -> str | None:
        """Say since when nothing has moved, None where the loop moves."""
        with self._lock:
            now = self._clock()
            return None if now <= self._until else f"nothing has moved for {now - self._moved_at:.0f} s"

    @property
    def unready(self) -> str | None:
        """Say why it is not ready, None where it is."""
        return None if self._ready else "no round has been done yet"
