"""How much of a file has been sent, for whoever waits for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar


def _unheard(_: int) -> None:
    """Count nothing."""


_METER: ContextVar[Callable[[int], None]] = ContextVar("meter", default=_unheard)


@contextmanager
def metered(count: Callable[[int], None]) -> Iterator[None]:
    """Call `count` with the bytes of each piece of a file that is sent in this thread."""
    token = _METER.set(count)
    try:
        yield
    finally:
        _METER.reset(token)


def sent(count: int) -> None:
    """Tell whoever waits that these bytes were sent."""
    _METER.get()(count)
