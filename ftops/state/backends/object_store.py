"""A state in an object store: Amazon S3 and compatible stores, Google Cloud Storage, Azure Blob Storage.

Next to KEY are KEY.lock, KEY.probe and KEY.history/. Everything that counts is written on a condition.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Sequence

from ftops.errors import StateConflict, StateError, StateUncertain
from ftops.model.value import replace
from ftops.state.backend import Holder, Lease, Opening, Stored
from ftops.state.backends.object_access import ObjectAccess, Rights, Unmet
from ftops.state.backends.object_lock import LockObject
from ftops.state.backends.object_opening import LOCK_SECONDS, STATE_SECONDS, open_access
from ftops.state.clocks import Clocks
from ftops.state.features import Earlier
from ftops.transport.bucket_errors import Place

_BUCKET = re.compile(r"[A-Za-z0-9$][A-Za-z0-9._-]*")
_COPY = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{8}")


class ObjectBackend:
    """A state in one object. `keep` is the number of earlier states that are kept, one per run."""

    def __init__(
        self, states: ObjectAccess, lock: LockObject, place: Place, keep: int, clocks: Clocks
    ) -> None:
        self._states = states
        self._lock = lock
        self._place = place
        self._keep = keep
        self._clocks = clocks
        self._history = f"{place.key}.history"
        self._proven = False
        self._kept = False

    @property
    def location(self) -> str:
        """The URL."""
        return self._place.location

    @property
    def recovery(self) -> str:
        """Name the commands that show the copies and put one back."""
        return "see `ftops state history`, and bring one back with `ftops state restore`"

    def read(self) -> Stored | None:
        """Fetch the object. A bucket that does not exist, or may not be listed, is not a new project."""
        key, doing = self._place.key, "read the state"
        found = self._states.get(key, doing)
        if found is None and self._states.shows(key, doing):
            found = self._states.get(key, doing)
            if found is None:
                raise StateError(f"{self.location} is listed but cannot be read", hint="run ftops again")
        return Stored(found.data, found.version) if found else None

    def write(self, data: bytes, expected: str | None) -> str:
        """Put the object on the condition of its version, after a copy of the one before this run."""
        if not self._proven:
            self._lock.prove()
            self._proven = True
        copied = self._copy_present(expected)
        try:
            version = self._states.put(self._place.key, data, expected)
        except Unmet as unmet:
            version = self._own_write(data, unmet)
        if copied:
            self._prune()
        return version

    def lock(self, holder: Holder, timeout: float) -> Lease:
        """Take the lock object, which first proves that the store honours conditions."""
        lease = self._lock.take(holder, timeout)
        self._proven = True
        self._kept = False
        return lease

    def holder(self) -> Holder | None:
        """Return who holds the lock; a killed run holds it until another one has watched its lease."""
        return self._lock.holder()

    def unlock(self, holder: Holder) -> None:
        """Free the lock of this holder."""
        self._lock.break_of(holder)

    def explain_lock(self) -> str:
        """Say that it becomes free with time."""
        return (
            f"a live run renews its lock; one that is not renewed for {self._lock.lease:g} s "
            "becomes free by itself: the next run watches it that long, then takes it over"
        )

    def history(self) -> Sequence[Earlier]:
        """List the copies, by the store's clock."""
        listed = self._states.listing(self._history, "list earlier versions of")
        copies = sorted(listed, key=lambda copy: (copy.modified, copy.key), reverse=True)
        return [Earlier(copy.key.rpartition("/")[2], copy.modified, copy.size) for copy in copies]

    def earlier(self, name: str) -> bytes:
        """Fetch a copy, by its URL or the last part of it."""
        last = name.removeprefix(self._url(f"{self._history}/"))
        found = None
        if _COPY.fullmatch(last):
            found = self._states.get(f"{self._history}/{last}", "read an earlier version of")
        if found is None:
            raise StateError(
                f"{self.location} has no earlier version {name}", hint="see `ftops state history`"
            )
        return found.data

    def _url(self, key: str) -> str:
        return f"{self._place.scheme}://{self._place.bucket}/{key}"

    def _copy_present(self, expected: str | None) -> bool:
        """Copy the state from before this run, once a run; True if there was something to copy."""
        first, self._kept = not self._kept, True
        if not first or expected is None or self._keep <= 0:
            return False
        try:
            copied = self._states.copy(
                self._place.key,
                f"{self._history}/{self._copy_name()}",
                "keep a copy of the state",
            )
        except StateError as error:
            self._kept = False
            raise StateError(
                f"{error.message}; nothing was written",
                hint=f"allow writing {self._place.key_words}.history/, or set spec.state.history to 0",
            ) from error
        return copied

    def _copy_name(self) -> str:
        """Name a copy by the time, so that copies sort; the last digits are random."""
        now = self._clocks.wall()
        second = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
        return f"{second}-{int(now % 1 * 1_000_000):05x}{secrets.randbelow(4096):03x}"

    def _own_write(self, data: bytes, unmet: Unmet) -> str:
        """Return the version of a write whose reply was lost before it was repeated."""
        try:
            now = self._states.get(self._place.key)
        except StateError as error:
            raise StateUncertain(
                f"it is unknown whether {self.location} was written: {error.message}", hint=error.hint
            ) from error
        if now is not None and now.data == data:
            return now.version
        raise StateConflict(
            f"the state {self.location} was changed by another run since it was read", hint="run ftops again"
        ) from unmet

    def _prune(self) -> None:
        try:
            for old in self.history()[self._keep :]:
                self._states.delete(f"{self._history}/{old.name}", "delete an old copy of")
        except StateError:
            # The state is written, which is what counts; what is left over goes with the next run's copy.
            return


def place_of(url: str) -> Place:
    """Read SCHEME://BUCKET/KEY. Raises StateError, which does not repeat a URL that may hold a password."""
    scheme, _, rest = url.partition("://")
    bucket, _, key = rest.partition("/")
    parts = key.split("/")
    plain = rest.isprintable() and not set(rest) & set("?#\\")
    if plain and _BUCKET.fullmatch(bucket) and not any(part in {"", ".", ".."} for part in parts):
        return Place(scheme.lower(), bucket, key)
    kind = "container" if scheme.lower() == "az" else "bucket"
    raise StateError(
        f"spec.state does not name an object: it must be {scheme.lower()}://{kind.upper()}/KEY",
        hint=f"for example {scheme.lower()}://my-{kind}/ftops/state.json; credentials and the server's "
        "address come from the environment",
    )


def open_store(opening: Opening) -> ObjectBackend:
    """Open s3://, gs:// or az:// with the credentials of the environment; sends nothing."""
    # The URL names no server: that is the store's own, or what the environment calls its endpoint.
    place = replace(place_of(opening.url), reference=opening.reference)
    clocks, rights = Clocks(sleep=opening.sleep), Rights()
    locks = open_access(place, opening.environ, LOCK_SECONDS, rights)
    states = open_access(place, opening.environ, STATE_SECONDS, rights)
    lock = LockObject(locks, place, opening.lease, clocks, opening.tell)
    return ObjectBackend(states, lock, place, opening.history, clocks)
