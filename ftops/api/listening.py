"""Who hears the events of an open project: whoever called its method, for the time of the call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ftops.model.event import Event


class Ear:
    """Passes events on to whoever listens just now.

    A listener that fails must not end an apply half way: what it raised waits until the apply is over.
    """

    def __init__(self) -> None:
        self._listener: Callable[[Event], None] | None = None
        self._raised: list[Exception] = []

    def __call__(self, event: Event) -> None:
        """Pass an event on; what is raised over it is kept."""
        if self._listener is None:
            return
        try:
            self._listener(event)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised below
            self._raised.append(error)

    @contextmanager
    def told(self, listener: Callable[[Event], None] | None) -> Iterator[None]:
        """Pass events on to this listener within the block, and raise at its end what the listener raised."""
        self._listener, self._raised = listener, []
        try:
            yield
        finally:
            self._listener = None
        if self._raised:
            raise self._raised[0]
