"""What a run gets from whoever starts it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct, field

from ftops.applier.context import Clock
from ftops.datasets.fetching import Fetcher
from ftops.errors import Interrupted
from ftops.model.event import Event, EventKind
from ftops.transport.secret import Vault

if TYPE_CHECKING:
    from ftops.transport.observer import Observer


Hearer = Callable[[str, str], "Observer"]
"""(project, provider) -> who hears of each exchange with that provider, beside the log."""


def unheard(_: Event) -> None:
    """Listen to nothing."""


class SystemClock:
    """The clocks of this machine."""

    def now(self) -> float:
        """Return Unix seconds."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        time.sleep(seconds)


class Surroundings(Struct, frozen=True):
    """Variables, a stop request, and a listener for events.

    `vault` learns every credential that is resolved, and keeps it out of the state. `lock_timeout` is the
    seconds to wait for a lock that somebody holds. With `cache`, files that are unchanged since an earlier
    run are not read again. `clock` is what the time is told by; that of a rehearsal may be ahead.
    """

    environ: Mapping[str, str]
    stop: threading.Event = field(default_factory=threading.Event)
    emit: Callable[[Event], None] = unheard
    vault: Vault = field(default_factory=Vault)
    lock_timeout: float = 0.0
    cache: bool = True
    clock: Clock = field(default_factory=SystemClock)
    hearer: Hearer | None = None

    @property
    def fetcher(self) -> Fetcher:
        """Who brings data stored elsewhere."""
        return Fetcher(self.environ, self.vault, self.emit)

    def tell_of_wait(self, text: str) -> None:
        """Say why the lock is being waited for."""
        self.emit(Event(EventKind.LOCK_AWAITED, self.clock.now(), text))

    def wait(self, seconds: float) -> None:
        """Let time pass while the lock is waited for. Raises Interrupted once the run is to stop."""
        if self.stop.wait(seconds):
            raise Interrupted("stopped while waiting for the lock; nothing was done", hint="run ftops again")
