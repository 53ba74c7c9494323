"""Who hears of every exchange with a server. `-v` prints what the log hears."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress

from msgspec import Struct

_LOG = logging.getLogger("ftops.http")


class Exchange(Struct, frozen=True):
    """One request and what became of it. Holds no query, no header and no body: these may be secret.

    `host` is named by its reference where the address came from one. `status` is None where no reply came;
    `milliseconds` are until its head had come.
    """

    method: str
    host: str
    path: str
    status: int | None
    request_id: str | None
    milliseconds: float


Observer = Callable[[Exchange], None]
"""Is told from the thread that sends. It must not raise: a reply that may be a paid job would be lost."""


def logged_and(hears: Observer) -> Observer:
    """Return an observer that writes the log and tells one more, whose errors lose no reply."""

    def observe(told: Exchange) -> None:
        log_exchange(told)
        with suppress(Exception):
            hears(told)

    return observe


def log_exchange(told: Exchange) -> None:
    """Write one line to the log `ftops.http`; its record has `seconds` and `status` too."""
    what = f"{told.method} {told.host} {told.path}"
    more = {"seconds": round(told.milliseconds / 1000, 3), "status": told.status}
    if told.status is None:
        _LOG.info("%s failed after %.0f ms", what, told.milliseconds, extra=more)
    else:
        _LOG.info(
            "%s %d %s %.0f ms", what, told.status, told.request_id or "-", told.milliseconds, extra=more
        )
