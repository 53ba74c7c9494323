"""One question for many threads: each gets an answer that was asked for after it came."""

from __future__ import annotations

import threading
from collections.abc import Callable


class SharedCheck:
    """Asks `ask` on behalf of every thread that calls at the same time, one round trip for all.

    An answer that was already under way when a thread came may be older than the thread's question, so it
    is not given to it. `ask` returns, or raises what every thread of its round is told.
    """

    def __init__(self, ask: Callable[[], None]) -> None:
        self._ask = ask
        self._turn = threading.Condition()
        self._asking = False
        self._begun = 0
        self._ended = 0
        self._answer: Exception | None = None

    def __call__(self) -> None:
        """Return once an `ask` that began after this call has returned; raises what it raised."""
        with self._turn:
            wanted = self._begun + 1
            self._turn.wait_for(lambda: self._ended >= wanted or not self._asking)
            if self._ended >= wanted:
                self._tell()
                return
            self._begun += 1
            self._asking = True
        answer: Exception | None = None
        answered = False
        try:
            self._ask()
            answered = True
        except Exception as error:  # noqa: BLE001 - handed on to every thread of this round, and raised below
            answer, answered = error, True
        finally:
            # Ctrl-C is no answer: those who wait must ask by themselves, not wait for ever.
            with self._turn:
                if answered:
                    self._answer, self._ended = answer, self._begun
                self._asking = False
                self._turn.notify_all()
        if answer is not None:
            raise answer

    def _tell(self) -> None:
        if self._answer is not None:
            raise self._answer
