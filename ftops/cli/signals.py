"""Ctrl-C and SIGTERM while a command works, and the questions that it asks.

A handler only sets a flag: whatever it printed could end up in the middle of a line, and what it locked
could already be locked by the code that it interrupts. A thread of its own, woken through a pipe, does the
rest.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

import click

from ftops.cli.drawn import PROGRESS

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class _Asked:
    """What the handlers of one command know: whether somebody has asked it to stop."""

    def __init__(self) -> None:
        self.once = False

    def handle(self, _number: int, _frame: FrameType | None) -> None:
        """Set the flag. The second signal ends the command: somebody has waited long enough."""
        if self.once:
            raise KeyboardInterrupt
        self.once = True


@contextmanager
def stopping(stop: threading.Event, *, silent: bool = False) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM set `stop`, and say so once; a second one ends the command at once."""
    asked = _Asked()
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    watcher = threading.Thread(target=_watch, args=(reading, stop, silent), name="ftops-signals", daemon=True)
    watcher.start()
    woken = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    before = {number: signal.signal(number, asked.handle) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(woken)
        os.close(writing)
        watcher.join()
        os.close(reading)


def _watch(reading: int, stop: threading.Event, silent: bool) -> None:
    """Ask to stop as soon as a signal has come; end when nobody can send one any more."""
    while came := os.read(reading, 64):
        numbers = [number for number in came if number in SIGNALS]
        if numbers and not stop.is_set():
            stop.set()
            if silent:
                continue
            name = signal.Signals(numbers[0]).name
            with suppress(OSError, ValueError):
                PROGRESS.above(f"{name}: finishing what is in flight; no job is cancelled")


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
