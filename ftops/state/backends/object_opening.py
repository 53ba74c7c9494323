"""How the bucket of a state is opened."""

from __future__ import annotations

from collections.abc import Mapping

from ftops.errors import FtopsError, StateError
from ftops.state.backends.object_access import ObjectAccess, Rights
from ftops.transport.bucket_errors import Place
from ftops.transport.bucket_opening import open_bucket

STATE_SECONDS = 45.0
"""For one request that carries a state: 25 MB take 20 s at 10 Mbit/s."""

LOCK_SECONDS = 10.0
"""For one request that carries a lock, which is small: a beat must not hang for much of a lease."""


def open_access(
    place: Place, environ: Mapping[str, str], seconds: float, rights: Rights | None = None
) -> ObjectAccess:
    """Open a bucket; `seconds` bound one request. Sends nothing. Raises StateError."""
    try:
        store = open_bucket(place, environ, seconds)
    except FtopsError as error:
        raise StateError(error.message, hint=error.hint) from error.__cause__
    return ObjectAccess(store, place, rights or Rights())
