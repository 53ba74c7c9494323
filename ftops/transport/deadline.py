"""A deadline that holds for whatever is read and written in this thread."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_UNTIL: ContextVar[float] = ContextVar("until", default=float("inf"))


@contextmanager
def ending_by(until: float) -> Iterator[None]:
    """Let no read or write of a connection go on beyond `until` (monotonic seconds), in this thread.

    Inside another deadline the earlier one holds. A generator must not yield inside: its caller would be
    under the deadline too.
    """
    token = _UNTIL.set(min(until, _UNTIL.get()))
    try:
        yield
    finally:
        _UNTIL.reset(token)


def time_left() -> float:
    """Return the seconds until the deadline that holds here; infinite where there is none."""
    return _UNTIL.get() - time.monotonic()


def wait_at_most(usual: float | None) -> float | None:
    """Return how long one read or write may wait. Raises TimeoutError once the deadline has passed."""
    left = time_left()
    if left <= 0:
        raise TimeoutError("the deadline has passed")
    return usual if left == float("inf") else min(left, left if usual is None else usual)
