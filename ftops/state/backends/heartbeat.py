"""A thread that keeps a lease alive while its owner works."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Heartbeat:
    """Calls `beat` every `seconds` until it returns False or the heartbeat is stopped.

    `beat` runs on a thread of its own and must raise nothing.
    """

    def __init__(self, beat: Callable[[], bool], seconds: float) -> None:
        self._beat = beat
        self._seconds = seconds
        self._stopped = threading.Event()
        # A daemon: a process that ends without releasing must not be kept alive by its own lease.
        self._thread = threading.Thread(target=self._run, name="ftops-lease", daemon=True)

    def start(self) -> None:
        """Begin; the first beat comes after one pause."""
        self._thread.start()

    def stop(self) -> None:
        """End, and wait until no beat is under way: whoever releases must be the last to write."""
        self._stopped.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(self._seconds):
            if not self._beat():
                return
