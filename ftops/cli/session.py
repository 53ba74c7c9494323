"""A session for a command: signals ask it to stop, events go to stderr."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click

from ftops.api import session as api
from ftops.api.session import Session
from ftops.model.event import Event

__all__ = ["Session", "open_session"]


@contextmanager
def open_session(root: Path, *, changes: bool = False) -> Iterator[Session]:
    """Load the project and open its providers and state; close everything at the end.

    With `changes`, the command may change something, so it is refused while the kill switch is on.
    """
    stop = threading.Event()
    with api.open_session(root, api.Surroundings(os.environ, stop, _show_event)) as session, _signals(stop):
        if changes:
            session.refuse_frozen()
        yield session


@contextmanager
def _signals(stop: threading.Event) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM finish what is in flight; a second one ends the process at once."""

    def ask(number: int, _: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        name = signal.Signals(number).name
        click.echo(f"{name}: finishing what is in flight; no job is cancelled", err=True)

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _show_event(event: Event) -> None:
    from ftops.report.terminal import render_event

    click.echo(render_event(event), err=True)
