"""A session for a command: signals ask it to stop, events go to stderr."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from ftops.api import session as api
from ftops.api import state_access
from ftops.api.session import Session
from ftops.api.state_access import StateAccess
from ftops.api.surroundings import Surroundings
from ftops.cli import options
from ftops.cli.drawn import PROGRESS
from ftops.cli.secrecy import current_vault
from ftops.cli.signals import stopping
from ftops.model.event import Event

__all__ = ["Session", "lock_timeout_option", "open_session", "open_state", "surroundings"]


LOCK_TIMEOUT = "ftops.lock_timeout"


def lock_timeout_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --lock-timeout; whoever takes the lock in this command waits that long."""
    return click.option(
        "--lock-timeout",
        metavar="DURATION",
        envvar="FTOPS_LOCK_TIMEOUT",
        show_envvar=True,
        expose_value=False,
        callback=_keep_lock_timeout,
        help="How long to wait for a lock that another run holds (30s, 5m).",
    )(command)


def _keep_lock_timeout(context: click.Context, _: click.Parameter, text: str | None) -> None:
    context.meta[LOCK_TIMEOUT] = options.seconds(text) or 0.0


def surroundings(
    stop: threading.Event | None = None, emit: Callable[[Event], None] | None = None
) -> Surroundings:
    """Return what a command works in: environment, secrets, stderr, and how long to wait for the lock."""
    context = click.get_current_context(silent=True)
    chosen = context.meta if context else {}
    return Surroundings(
        os.environ,
        stop or threading.Event(),
        emit or _show_event,
        current_vault(),
        chosen.get(LOCK_TIMEOUT, 0.0),
        cache=not (chosen.get(options.NO_CACHE) or os.environ.get("FTOPS_NO_CACHE")),
    )


@contextmanager
def open_session(
    root: Path,
    *,
    changes: bool = False,
    lineage: str | None = None,
    partly: bool = False,
    silent: bool = False,
) -> Iterator[Session]:
    """Load the project and open its providers and state; close everything at the end.

    With `changes`, the command may change something, so it is refused while the kill switch is on.
    `lineage` is for a state that does not exist yet: a saved plan may define its lineage. With `partly`,
    manifests that do not load are left out. A `silent` one says nothing when it is asked to stop.
    """
    stop = threading.Event()
    opened = api.open_session(root, surroundings(stop), lineage=lineage, partly=partly)
    with opened as session, stopping(stop, silent=silent):
        if changes:
            session.refuse_frozen()
        yield session


def open_state(root: Path) -> StateAccess:
    """Open the state alone; manifests and keys need not be right."""
    return state_access.open_state(root, surroundings())


def _show_event(event: Event) -> None:
    from ftops.report.terminal import render_event

    PROGRESS.above(render_event(event))
