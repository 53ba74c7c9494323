"""Ctrl-C and SIGTERM while a command works, and the questions that it asks.

A handler only sets a flag: whatever it printed could end up in the middle of a line, and what it locked
could already be locked by the code that it interrupts. A thread of its own, woken through a pipe, does the
rest.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

import click

from ftops.cli.drawn import PROGRESS

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def _show(text: str) -> None:
    PROGRESS.above(text)


def _nothing(_: str) -> None:
    """Say nothing."""


class Asked:
    """What the handlers of one command know: by which signal somebody has asked it to stop, if any."""

    def __init__(self) -> None:
        self.by: int | None = None

    def handle(self, number: int, _frame: FrameType | None) -> None:
        """Set the flag. The second signal ends the command: somebody has waited long enough."""
        if self.by is not None:
            raise KeyboardInterrupt
        self.by = number

    @property
    def politely(self) -> bool:
        """Whether a supervisor has ended the command, rather than a person at its terminal."""
        return self.by == signal.SIGTERM


@contextmanager
def stopping(
    stop: threading.Event, *, silent: bool = False, say: Callable[[str], None] = _show
) -> Iterator[Asked]:
    """Let Ctrl-C and SIGTERM set `stop`, and `say` so once; a second one ends the command at once."""
    asked = Asked()
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    heard = (reading, stop, _nothing if silent else say)
    watcher = threading.Thread(target=_watch, args=heard, name="ftops-signals", daemon=True)
    watcher.start()
    woken = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    before = {number: signal.signal(number, asked.handle) for number in SIGNALS}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(woken)
        os.close(writing)
        watcher.join()
        os.close(reading)


def _watch(reading: int, stop: threading.Event, say: Callable[[str], None]) -> None:
    """Ask to stop as soon as a signal has come; end when nobody can send one any more."""
    while came := os.read(reading, 64):
        numbers = [number for number in came if number in SIGNALS]
        if numbers and not stop.is_set():
            stop.set()
            name = signal.Signals(numbers[0]).name
            with suppress(OSError, ValueError):
                say(f"{name}: finishing what is in flight; no job is cancelled")


def confirm(question: str) -> bool:
    """Ask on stderr; the default is No. Ctrl-C and SIGTERM at the question end the command (130)."""
    woken = signal.set_wakeup_fd(-1)
    before = {number: signal.signal(number, signal.default_int_handler) for number in SIGNALS}
    try:
        return click.confirm(question, default=False, err=True)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(woken)
