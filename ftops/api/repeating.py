"""Repeat a run until it is settled, with pauses that grow (also serves `apply --wait`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ftops.errors import NeedsPerson

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 10.0


def pauses() -> Iterator[float]:
    """Return pauses that double up to ten seconds: quick on an emulator, polite to a provider."""
    seconds = FIRST_PAUSE_SECONDS
    while True:
        yield seconds
        seconds = min(seconds * 2, LONGEST_PAUSE_SECONDS)


def repeat_until_settled(
    run: Callable[[], bool],
    *,
    pause: Callable[[float], bool],
    monotonic: Callable[[], float],
    timeout: float | None,
) -> None:
    """Call `run` until it says that all is settled.

    `pause` waits some seconds and returns True when a person asked to stop, which ends the loop. Raises
    NeedsPerson when `timeout` seconds have passed: the jobs continue anyway.
    """
    deadline = None if timeout is None else monotonic() + timeout
    for seconds in pauses():
        if pause(seconds) or run():
            return
        if deadline is not None and monotonic() >= deadline:
            raise NeedsPerson(
                f"not everything has ended after {timeout:g} s; the jobs go on",
                hint="see `ftops status`, or wait again with `ftops apply --wait`",
            )
