"""The port of a state store: it moves bytes and holds locks, and knows nothing of what the bytes say."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Protocol, runtime_checkable

from msgspec import Struct

from ftops.files.ci import in_ci
from ftops.transport.hosts import Destination, Origin, refuse_stranger


def silent(_: str) -> None:
    """Report nothing."""


class Opening(Struct, frozen=True):
    """What a store is opened with. Opening sends nothing: the first read or lock does.

    `url` is resolved and may hold a password, so it is never shown; `root` is the project's directory, and
    `project` its name. `lease` is the seconds after which a lock that nobody renews is free for others;
    `history` the number of earlier states that are kept, one a run, where the store leaves that to us.
    `reference` is set where the URL came from one, and says which: the URL is then a secret, and messages
    name the reference. `tell` takes a sentence for the person who waits, from any thread. `sleep` passes the
    time while the lock is waited for, and for nothing else: it may raise, to end the wait.
    """

    url: str
    root: Path
    project: str
    environ: Mapping[str, str]
    lease: float = 60.0
    history: int = 10
    reference: str | None = None
    tell: Callable[[str], None] = silent
    sleep: Callable[[float], None] = time.sleep

    @property
    def trusted(self) -> bool:
        """Return whether the URL may decide more than where the state is.

        In CI it never may: there the author of a pull request chooses the reference, and writes the title and
        the branch name that are in some of the variables.
        """
        return self.reference is not None and not in_ci(self.environ)

    def refuse_stranger(self, origin: Origin | None, own: Collection[Origin | None] = ()) -> None:
        """Raise Refused where the state would go to a server that only a file of the project names."""
        to = Destination(origin, "the state", "spec.state", self.reference, own)
        refuse_stranger(to, self.environ)


class Holder(Struct, frozen=True):
    """Who holds a lock, for whoever wants it. `since` is Unix seconds on the holder's clock."""

    id: str
    who: str
    host: str
    pid: int
    operation: str
    since: float
    ci_run: str | None = None

    def __str__(self) -> str:
        run = f", {self.ci_run}" if self.ci_run else ""
        return f"{self.who}@{self.host} (pid {self.pid}, {self.operation}{run})"


class Stored(Struct, frozen=True):
    """The bytes of a state and the version they have in the store. A version is opaque, and never re-used."""

    data: bytes
    version: str


class Lease(Protocol):
    """A held lock. It ends when released, when its process dies, or when `expires_at` passes."""

    @property
    def expires_at(self) -> float | None:
        """Return the Unix second at which the lock is free for others, None if only our end frees it."""

    def check(self) -> None:
        """Raise LeaseLost unless the lock is still surely ours: then nothing more may be sent."""

    def release(self) -> None:
        """Free the lock. Releasing one that is lost already is no error."""


class StateBackend(Protocol):
    """A place for one project's state.

    Every method raises StateError, in one sentence, for what the store itself cannot do.
    """

    @property
    def location(self) -> str:
        """Name the place for messages; holds no credential."""

    @property
    def recovery(self) -> str:
        """Say, as the hint of an error, where an earlier state may be found."""

    def read(self) -> Stored | None:
        """Fetch the state, None where there has never been one."""

    def write(self, data: bytes, expected: str | None) -> str:
        """Replace the state durably if its version is still `expected` (None: if there is none).

        Returns the new version. Raises StateConflict, having written nothing, when it is another one, and
        StateUncertain when the outcome cannot be known here; nothing may be built on any other StateError.
        A store that compares under its lock raises LockHeld and LeaseLost too, having written nothing.
        """

    def lock(self, holder: Holder, timeout: float) -> Lease:
        """Take the lock, waiting up to `timeout` seconds. Raises LockHeld with the holder's description.

        What the opening's `sleep` raises comes out as it is; then nothing is held.
        """

    def holder(self) -> Holder | None:
        """Return who holds the lock now, as far as can be known."""


@runtime_checkable
class Writability(Protocol):
    """What a backend may offer besides the port, for `ftops doctor`."""

    def unwritable(self) -> str | None:
        """Say why a write would fail now, None where nothing is known to prevent it. Writes nothing."""
