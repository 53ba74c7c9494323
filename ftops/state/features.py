"""What a store of state may offer beside its port. Ask with `isinstance`: absent means cannot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from msgspec import Struct

from ftops.state.backend import Holder


class Earlier(Struct, frozen=True):
    """One version of the state from before. `written_at` is Unix seconds, `size` bytes as stored.

    `name` is what a person types to get it back.
    """

    name: str
    written_at: float
    size: int


@runtime_checkable
class KeepsHistory(Protocol):
    """A store that still has states from before the last write."""

    def history(self) -> Sequence[Earlier]:
        """Return the versions from before the present one, the newest first. Raises StateError."""

    def earlier(self, name: str) -> bytes:
        """Fetch one of them. Raises StateError, also where there is none of this name."""


@runtime_checkable
class BreaksLocks(Protocol):
    """A store whose lock can outlive its holder, so that a person must be able to break it."""

    def unlock(self, holder: Holder) -> None:
        """Take the lock away from this holder, and from nobody else. Raises StateError."""


@runtime_checkable
class ExplainsLocks(Protocol):
    """A store that can say how its lock comes free when its holder is gone."""

    def explain_lock(self) -> str:
        """Say in a sentence how the lock comes free."""


@runtime_checkable
class TookOver(Protocol):
    """A lease whose last holder ended without releasing it."""

    @property
    def taken_from(self) -> Holder | None:
        """Name that holder, None if the lock was free."""


@runtime_checkable
class ComparesClocks(Protocol):
    """A lease that saw the store's clock when it was taken."""

    @property
    def clock_ahead(self) -> float | None:
        """Return the seconds by which this machine's clock is ahead of the store's, None where unknown."""
