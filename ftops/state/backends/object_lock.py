"""The lock of a state in an object store: one object, renewed by its holder while that lives.

The object is never deleted, for no store deletes on a condition: a free lock is an object that says so.
A lock is taken over only after the same version of it was seen for its whole lease and a margin, on our own
monotonic clock. Its holder counts from the start of its last renewal, and so always gives up first.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable

from ftops.errors import StateError, StateUncertain
from ftops.state.backend import Holder, silent
from ftops.state.backends.object_access import Found, Unmet
from ftops.state.backends.object_lease import ObjectLease, Objects, Taken, Words, bounded, understood
from ftops.state.clocks import Clocks
from ftops.state.holder import lock_held
from ftops.transport.bucket_errors import Place

_WRONG = json.dumps({"e_tag": '"00000000000000000000000000000000"', "version": "1"})
"""No object's version: an etag of zeros for S3 and Azure, and for Google a generation of 1970."""

_DOING = "lock the state"

_MOST_RACES = 20
"""As many locks in a row are lost to others only where something is broken."""


class _Watch:
    """How long one version of the lock was seen unchanged, by our own clock."""

    def __init__(self) -> None:
        self._version: str | None = None
        self._since = 0.0
        self._seen_for = 0.0

    def see(self, version: str, asked: float, answered: float) -> bool:
        """Note what a look showed, which was asked for and answered then; True if it was another version."""
        if version == self._version:
            self._seen_for = asked - self._since
            return False
        changed = self._version is not None
        self._version, self._since, self._seen_for = version, answered, 0.0
        return changed

    def outlasts(self, lease: float) -> bool:
        """Return whether it was seen for that lease, and the margin by which clocks may run apart."""
        return self._seen_for >= lease + max(1.0, 0.05 * lease)


class LockObject:
    """The lock next to a state, at KEY.lock; KEY.probe shows whether the store honours conditions."""

    def __init__(
        self,
        objects: Objects,
        place: Place,
        lease: float,
        clocks: Clocks,
        tell: Callable[[str], None] = silent,
    ) -> None:
        self._objects = objects
        self._location = place.location
        self._key = f"{place.key}.lock"
        self._probe = f"{place.key}.probe"
        self._lease = bounded(lease)
        self._clocks = clocks
        self._tell = tell

    @property
    def lease(self) -> float:
        """Seconds after which a lock of ours that is not renewed is free for others."""
        return self._lease

    def prove(self) -> None:
        """Make sure that the store honours conditions. Raises StateError, with nothing else written."""
        try:
            honoured = (not self._created() or not self._created()) and not self._wrote_over_a_wrong_version()
        except StateUncertain as doubt:
            raise StateError(doubt.message, hint=doubt.hint) from doubt
        if not honoured:
            raise StateError(
                f"the store of {self._location} ignores conditions: two runs could both create jobs",
                hint="use a store with conditional writes (If-Match, If-None-Match); nothing was done",
            )

    def take(self, holder: Holder, timeout: float) -> ObjectLease:
        """Take the lock; waits past `timeout` only for one whose holder seems to be gone. Raises LockHeld."""
        self.prove()
        deadline = self._clocks.monotonic() + timeout
        watch, insisting, races = _Watch(), False, 0
        while races < _MOST_RACES:
            asked = self._clocks.monotonic()
            found = self._objects.get(self._key, _DOING)
            there = understood(found.data) if found else None
            changed = found is not None and watch.see(found.version, asked, self._clocks.monotonic())
            if found is None or there is None or there.free or watch.outlasts(there.lease):
                taken = self._claimed(holder, found, there)
                if taken is not None:
                    return ObjectLease(self._objects, self._key, self._location, taken, self._clocks).start()
                races += 1
                continue
            left = deadline - self._clocks.monotonic()
            if left <= 0:
                if changed or not (insisting or self._seems_dead(found, there)):
                    raise lock_held(self._location, there.holder, self._hint(there))
                if not insisting:
                    dead = there.holder or "it does not say whose"
                    self._tell(
                        f"the lock of {self._location} seems to belong to a dead run ({dead}): "
                        f"watching it for {there.lease:g} s before it is taken over"
                    )
                insisting = True
            self._clocks.sleep(min(self._clocks.pause, left) if left > 0 else self._clocks.pause)
        raise StateError(
            f"cannot lock the state {self._location}: other runs kept taking the lock", hint="run ftops again"
        )

    def holder(self) -> Holder | None:
        """Return who holds the lock, dead or alive; None if it is free, or cannot be understood."""
        found = self._objects.get(self._key, "look at the lock of")
        there = understood(found.data) if found else None
        return None if there is None or there.free else there.holder

    def break_of(self, holder: Holder) -> None:
        """Free the lock if this holder has it. Raises StateError."""
        doing = "unlock the state"
        found = self._objects.get(self._key, doing)
        there = understood(found.data) if found else None
        if (
            found is None
            or there is None
            or there.free
            or there.holder is None
            or there.holder.id != holder.id
        ):
            raise self._not_held(there)
        try:
            self._objects.put(self._key, there.freed().written(), found.version, doing)
        except (Unmet, StateUncertain) as doubt:
            now = self._objects.get(self._key, doing)
            told = understood(now.data) if now else None
            if told is None or told.token != there.token or not told.free:
                raise self._not_held(told) from doubt

    def _created(self) -> bool:
        try:
            self._objects.put(self._probe, b"", None, _DOING)
        except Unmet:
            return False
        return True

    def _wrote_over_a_wrong_version(self) -> bool:
        try:
            self._objects.put(self._probe, b"", _WRONG, _DOING)
        except Unmet:
            return False
        return True

    def _claimed(self, holder: Holder, found: Found | None, there: Words | None) -> Taken | None:
        """Replace what was found with our own entry; None when somebody else was faster."""
        words = Words(holder, uuid.uuid4().hex, self._lease)
        begun = self._clocks.now()
        try:
            version = self._objects.put(self._key, words.written(), found.version if found else None, _DOING)
        except (Unmet, StateUncertain) as doubt:
            # A repeated write finds what an earlier one, whose reply was lost, has left.
            now = self._objects.get(self._key, _DOING)
            if now is None or understood(now.data).token != words.token:
                if isinstance(doubt, Unmet):
                    return None
                raise StateError(doubt.message, hint=doubt.hint) from doubt
            version = now.version
        dead = there.holder if there and not there.free else None
        return Taken(words, version, begun, dead, self._clock_ahead(begun[0]))

    def _clock_ahead(self, before: float) -> float | None:
        after = self._clocks.wall()
        try:
            return (before + after) / 2 - self._objects.modified(self._key, _DOING)
        except StateError:
            return None

    def _seems_dead(self, found: Found, there: Words) -> bool:
        """Compare two times on the store's clock. Decides only whether to wait, never whether to take."""
        self._objects.overwrite(self._probe, b"", _DOING)
        age = self._objects.modified(self._probe, _DOING) - found.modified
        return age > there.lease

    def _hint(self, there: Words) -> str:
        wait = f"wait with --lock-timeout; a lock not renewed for {there.lease:g} s becomes free by itself"
        if there.holder is None:
            return wait
        return f"{wait}; if you are sure that run is gone: `ftops state unlock {there.holder.id}`"

    def _not_held(self, there: Words | None) -> StateError:
        if there is None or there.free:
            return StateError(f"the state {self._location} is no longer locked", hint="run ftops again")
        who = there.holder or "an unknown run"
        return StateError(
            f"the lock of {self._location} is now held by another run: {who}",
            hint="run `ftops state unlock` again",
        )
