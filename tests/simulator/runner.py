"""A run of ftops that can be stopped between any two effects, for a while or for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ftops.errors import FtopsError


class Crash(BaseException):
    """The process dies here: nothing after this line happens."""


class Runner:
    """One run in a thread of its own; but only one thread of all ever goes at a time.

    `go(n)` lets it pass n boundaries between effects and waits until it stands at the next one.
    """

    def __init__(self, name: str, work: Callable[[Runner], None]) -> None:
        self.name = name
        self.dead = False
        self.ended = False
        self.waits_at = ""
        self.error: FtopsError | None = None
        self.surprise: Exception | None = None
        self._work = work
        self._left: int | None = None
        self._dies = False
        self._avoids: frozenset[str] = frozenset()
        self._mine, self._others = threading.Semaphore(0), threading.Semaphore(0)
        self._thread: threading.Thread | None = None

    def go(self, boundaries: int | None, *, dies: bool = False, avoids: frozenset[str] = frozenset()) -> None:
        """Go on for so many boundaries (None: to the end), then pause (not at an avoided one) or die."""
        self._left, self._dies, self._avoids = boundaries, dies, avoids
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()
        else:
            self._mine.release()
        self._others.acquire()

    def kill(self) -> None:
        """End it where it stands."""
        if not self.ended:
            self.dead = True
            self.go(None)

    def boundary(self, where: str) -> None:
        """Mark the instant before or after an effect; called by whichever thread works for this run."""
        if self.dead:
            raise Crash
        if self._left is None:
            return
        if self._left > 0:
            self._left -= 1
            return
        if self._dies:
            self.dead = True
            raise Crash
        if where in self._avoids:
            return
        self.waits_at = where
        self._others.release()
        self._mine.acquire()
        if self.dead:
            raise Crash

    def _run(self) -> None:
        try:
            self._work(self)
        except Crash:
            self.dead = True
        except FtopsError as error:
            self.error = error
        except Exception as error:  # noqa: BLE001  # a bug in ftops is what this is looking for
            self.surprise = error
        self.ended = True
        self._others.release()
