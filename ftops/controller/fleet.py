"""Many projects in one process: a thread each, so that none waits for another's provider or pause."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from ftops.controller.controller import Controller, Listener
from ftops.controller.pacing import Pacing
from ftops.controller.reconciled import Reconciled

MOST_AT_ONCE = 8
"""Rounds at once: planning is work for the processor, and more would only take each other's time."""

SLOW_SECONDS = 60.0
"""A round that takes longer waits for a server, and gives its slot to another project."""

RESCAN_SECONDS = 30.0
"""How often projects are looked for that have come or gone."""

_POLL_SECONDS = 0.2


class Slots:
    """How many rounds go on at once; a slow one does not count."""

    def __init__(self, count: int = MOST_AT_ONCE, slow: float = SLOW_SECONDS) -> None:
        self._free = threading.Semaphore(count)
        self._slow = slow

    @contextmanager
    def taken(self, stopped: Callable[[], bool]) -> Iterator[None]:
        """Wait for a slot, unless the run is to end, and have it until the end or until it takes long."""
        while not self._free.acquire(timeout=_POLL_SECONDS):
            if stopped():
                # The round sees that too, and does nothing.
                yield
                return
        held = _Slot(self._free)
        timer = threading.Timer(self._slow, held.give_back)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            held.give_back()


class _Slot:
    """A slot that is given back once, by whoever comes first."""

    def __init__(self, free: threading.Semaphore) -> None:
        self._free = free
        self._mine = threading.Lock()

    def give_back(self) -> None:
        if self._mine.acquire(blocking=False):
            self._free.release()


class Member(Struct, frozen=True):
    """One project of a fleet: its rounds, and who is told of each, from the project's own thread.

    `run` must not raise: the project would be left alone. `resting` is that of its Controller, and `gone` is
    called once it is followed no more.
    """

    run: Callable[[], Reconciled]
    listeners: tuple[Listener, ...] = ()
    resting: Callable[[Path, float, float], None] = lambda *_: None
    gone: Callable[[], None] = lambda: None


class Fleet(Struct):
    """Follows the projects that `find` returns; `begin` makes the member of a directory.

    Each has a `pacing` of its own that begins as this one.
    """

    find: Callable[[], Iterable[Path]]
    begin: Callable[[Path], Member]
    pacing: Pacing
    stop: threading.Event
    draw: Callable[[], float]
    slots: Slots

    def go_on(self, rescan: float = RESCAN_SECONDS) -> None:
        """Run until `stop` is set. Rounds in progress are finished first."""
        following: dict[Path, tuple[threading.Thread, threading.Event]] = {}
        while not self.stop.is_set():
            found = set(self.find())
            # A thread whose project is gone ends after its round; if the project is back, it begins anew.
            following = {path: one for path, one in following.items() if one[0].is_alive()}
            for path, (_, over) in following.items():
                if path not in found:
                    over.set()
            for path in sorted(found - following.keys()):
                following[path] = self._followed(path)
            self.stop.wait(rescan)
        for _, over in following.values():
            over.set()
        for thread, _ in following.values():
            thread.join()

    def _followed(self, path: Path) -> tuple[threading.Thread, threading.Event]:
        over = threading.Event()
        member = self.begin(path)

        def run() -> Reconciled:
            with self.slots.taken(self.stop.is_set):
                return member.run()

        controller = Controller(run, self.pacing, over.wait, self.draw, member.listeners, member.resting)

        def follow() -> None:
            controller.go_on()
            member.gone()

        # Whoever prints looks up the secrets of this command, which a new thread would not know.
        target = contextvars.copy_context().run
        name = f"ftops-{path.name}"
        thread = threading.Thread(target=target, args=(follow,), name=name, daemon=True)
        thread.start()
        return thread, over
