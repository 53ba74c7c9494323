"""Objects of buckets, read in parts: each is asked for with the pin, so all of them are of the same object.

The server and the credentials are the environment's. What they may read is more than whoever opens a pull
request may, so in CI a bucket is read only where the environment names it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import obstore
from obstore.exceptions import PreconditionError
from obstore.store import ObjectStore

from ftops.errors import FtopsError, Refused
from ftops.files.ci import in_ci
from ftops.model.remote import Remote
from ftops.transport.bucket_errors import (
    LIBRARY_ERRORS,
    Place,
    is_bucket_missing,
    is_passing,
    reason,
    shortened,
)
from ftops.transport.bucket_opening import open_bucket
from ftops.transport.hosts import ALLOWED_HOSTS, allowed_by
from ftops.transport.incoming import Body, Gone, Unfinished

PART_BYTES = 8 * 2**20
PART_SECONDS = 150.0
"""For one part: 8 MiB take 128 s on a line of 64 KiB a second; a slower one is given up."""


class Buckets:
    """Reads objects for one run; each bucket is opened once."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._opened: dict[tuple[str, str], ObjectStore] = {}

    def read(self, remote: Remote, start: int) -> Body:
        """Ask for an object from byte `start` on. Raises Refused, Gone, Unfinished and FtopsError."""
        bucket, _, key = remote.url.partition("://")[2].partition("/")
        place = Place(remote.scheme, bucket, key, read=True)
        self._judge(place)
        store = self._opened.get((place.scheme, bucket))
        if store is None:
            store = self._opened[place.scheme, bucket] = open_bucket(place, self._environ, PART_SECONDS)
        meta = _meta(store, place, remote)
        pinned: dict[str, Any] = {"version": remote.version} if remote.version else {}
        if meta.get("e_tag"):
            pinned["if_match"] = meta["e_tag"]
        size: int = meta["size"]
        return Body(
            min(start, size), size, _parts(store, place, remote, pinned, range(min(start, size), size))
        )

    def _judge(self, place: Place) -> None:
        name = f"{place.scheme}://{place.bucket}"
        if in_ci(self._environ) and not allowed_by(name, self._environ):
            raise Refused(
                f"in CI nothing is read from {name}: a pull request could name whatever the credentials open",
                hint=f"if that is intended, set {ALLOWED_HOSTS}={name} in the CI settings",
            )


def _meta(store: ObjectStore, place: Place, remote: Remote) -> Mapping[str, Any]:
    """Look at an object without reading it. Raises Gone where it is not the one of the pin."""
    options: Any = {"head": True, **({"version": remote.version} if remote.version else {})}
    try:
        found: Mapping[str, Any] = obstore.get(store, place.key, options=options).meta
    except LIBRARY_ERRORS as error:
        explained = _explained(store, place, remote) or error
        raise _failure(place, remote, explained) from shortened(explained)
    if remote.version is not None and found.get("version") != remote.version:
        shown = found.get("version")
        told = f"reports version {shown}" if shown else "reports no versions"
        raise FtopsError(
            f"{remote.url} is pinned by version {remote.version}, but its server {told}",
            hint="pin it by etag or by sha256",
        )
    if remote.etag is not None and _bare(found.get("e_tag")) != remote.etag:
        raise _other(remote, _bare(found.get("e_tag")))
    return found


def _explained(store: ObjectStore, place: Place, remote: Remote) -> Exception | None:
    """Ask for one byte: an answer to a look alone has no words that say what is missing."""
    options: Any = {"range": (0, 1), **({"version": remote.version} if remote.version else {})}
    try:
        obstore.get(store, place.key, options=options)
    except LIBRARY_ERRORS as error:
        return error
    return None


def _parts(
    store: ObjectStore, place: Place, remote: Remote, pinned: Mapping[str, Any], wanted: range
) -> Iterator[bytes]:
    for first in range(wanted.start, wanted.stop, PART_BYTES):
        last = min(first + PART_BYTES, wanted.stop)
        options: Any = {**pinned, "range": (first, last)}
        try:
            yield bytes(obstore.get(store, place.key, options=options).bytes())
        except LIBRARY_ERRORS as error:
            raise _failure(place, remote, error) from shortened(error)


def _failure(place: Place, remote: Remote, error: Exception) -> FtopsError:
    if isinstance(error, PreconditionError):
        return _other(remote, None)
    if isinstance(error, FileNotFoundError) and not is_bucket_missing(error):
        why = f"its version {remote.version} does not exist" if remote.version else "it does not exist"
        hint = "correct the url, or restore the object; moved data does not train again"
        return Gone(f"cannot read {remote.url}: {why}", hint=hint, status=404, headers={})
    why, hint = reason(place, error)
    made = Unfinished if is_passing(error) else FtopsError
    return made(f"cannot read {remote.url}: {why}", hint=hint)


def _other(remote: Remote, found: str | None) -> FtopsError:
    now = f": its etag is {found}" if found else ""
    pinned = f", but the pin says {remote.etag}" if remote.etag else ""
    return FtopsError(
        f"{remote.url} was overwritten{now}{pinned}",
        hint="restore the object, or review its new content and pin that",
    )


def _bare(etag: str | None) -> str | None:
    return etag.removeprefix("W/").strip('"') if etag is not None else None
