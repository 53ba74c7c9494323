"""The objects of one bucket, by obstore: conditional writes, and its errors as ours."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import obstore
from msgspec import Struct
from obstore.exceptions import AlreadyExistsError, NotSupportedError, PreconditionError
from obstore.store import ObjectStore

from ftops.state.backends.object_errors import failure, write_failure
from ftops.transport.bucket_errors import LIBRARY_ERRORS, Place, is_bucket_missing, shortened


class Unmet(Exception):
    """The condition of a write did not hold, or an earlier try of ours made it so: read back to find out."""


class Found(Struct, frozen=True):
    """An object. `modified` is Unix seconds on the store's clock, mostly whole ones."""

    data: bytes
    version: str
    modified: float


class Listed(Struct, frozen=True):
    """An object in a list."""

    key: str
    modified: float
    size: int


class Rights(Struct):
    """What was seen of our rights, so that a refusal can say more."""

    may_read: bool = False


class ObjectAccess:
    """The objects of the bucket that holds one state. Every method raises StateError."""

    def __init__(self, store: ObjectStore, place: Place, rights: Rights) -> None:
        self._store = store
        self._place = place
        self._rights = rights

    def get(self, key: str, doing: str = "read the state") -> Found | None:
        """Fetch an object; None where there is none in a bucket that is there."""
        with self._reading(doing):
            try:
                reply = obstore.get(self._store, key)
                data = bytes(reply.bytes())
            except FileNotFoundError as error:
                if is_bucket_missing(error):
                    raise
                self._rights.may_read = True
                return None
            self._rights.may_read = True
            return Found(data, _version_of(reply.meta), reply.meta["last_modified"].timestamp())

    def put(self, key: str, data: bytes, over: str | None, doing: str = "write the state") -> str:
        """Write over exactly this version (None: over nothing), and give the new one.

        Raises Unmet, and StateUncertain when the store did not say whether it was done.
        """
        mode: Any = "create" if over is None else json.loads(over)
        try:
            # One request: what a multipart upload does with a condition is another matter.
            return _version_of(obstore.put(self._store, key, data, mode=mode, use_multipart=False))
        except (AlreadyExistsError, PreconditionError) as error:
            if is_bucket_missing(error):
                raise failure(self._place, doing, error) from shortened(error)
            raise Unmet from shortened(error)
        except LIBRARY_ERRORS as error:
            raise write_failure(self._place, doing, error, may_read=self._rights.may_read) from shortened(
                error
            )

    def overwrite(self, key: str, data: bytes, doing: str) -> None:
        """Write whatever is there; for objects whose content does not matter."""
        try:
            obstore.put(self._store, key, data, use_multipart=False)
        except LIBRARY_ERRORS as error:
            raise write_failure(self._place, doing, error, may_read=self._rights.may_read) from shortened(
                error
            )

    def modified(self, key: str, doing: str) -> float:
        """Return when an object was last written, in Unix seconds on the store's clock."""
        with self._reading(doing):
            return obstore.head(self._store, key)["last_modified"].timestamp()

    def copy(self, key: str, to: str, doing: str) -> bool:
        """Copy within the store; False where there is nothing to copy."""
        with self._reading(doing):
            try:
                obstore.copy(self._store, key, to)
            except FileNotFoundError as error:
                if is_bucket_missing(error):
                    raise
                return False
            except (NotSupportedError, NotImplementedError):
                # Both say that the store has no copying of its own; whatever else went wrong is raised.
                reply = obstore.get(self._store, key)
                obstore.put(self._store, to, bytes(reply.bytes()), use_multipart=False)
            return True

    def listing(self, folder: str, doing: str) -> list[Listed]:
        """Return all objects under a folder."""
        with self._reading(doing):
            pages = obstore.list(self._store, f"{folder}/")
            return [
                Listed(meta["path"], meta["last_modified"].timestamp(), meta["size"])
                for page in pages
                for meta in page
            ]

    def shows(self, key: str, doing: str) -> bool:
        """Return whether a list of the bucket shows an object, by one page of it."""
        folder = key.rpartition("/")[0]
        before = key[:-1]
        # A list starts after its offset, so the key comes first; these endings are none of a path.
        offset = None if not before or before.endswith(("/", ".")) else before
        with self._reading(doing):
            page = next(iter(obstore.list(self._store, folder or None, offset=offset, chunk_size=1000)), [])
            return any(meta["path"] == key for meta in page)

    def delete(self, key: str, doing: str) -> None:
        """Delete an object; one that is not there is no error."""
        with self._reading(doing):
            try:
                obstore.delete(self._store, key)
            except FileNotFoundError as error:
                if is_bucket_missing(error):
                    raise

    @contextmanager
    def _reading(self, doing: str) -> Iterator[None]:
        try:
            yield
        except LIBRARY_ERRORS as error:
            raise failure(self._place, doing, error) from shortened(error)


def _version_of(meta: Mapping[str, Any]) -> str:
    """Keep what identifies a version: an etag in S3 and Azure, a generation in Google's."""
    parts = {name: meta[name] for name in ("e_tag", "version") if meta.get(name) is not None}
    return json.dumps(parts, sort_keys=True)
