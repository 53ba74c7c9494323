"""What a store of state may offer beside its port. Ask with `isinstance`: absent means cannot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from ftops.state.backend import Holder


@dataclass(frozen=True, slots=True)
class Earlier:
    """One version of the state that the store still has. `written_at` is Unix seconds.

    `name` tells a person where it is; `data` is None where only the store itself could fetch it.
    """

    name: str
    written_at: float
    data: bytes | None = None


@runtime_checkable
class KeepsHistory(Protocol):
    """A store that still has states from before the last write."""

    def history(self) -> Sequence[Earlier]:
        """Give every version there is, the newest first. Raises StateError."""


@runtime_checkable
class BreaksLocks(Protocol):
    """A store whose lock can outlive its holder, so that a person must be able to break it."""

    def unlock(self, holder: Holder) -> None:
        """Take the lock away from this holder, and from nobody else. Raises StateError."""


@runtime_checkable
class ExplainsLocks(Protocol):
    """A store whose lock needs no breaking, and that can say why."""

    def explain_lock(self) -> str:
        """Say in a sentence how the lock comes free."""


@runtime_checkable
class TookOver(Protocol):
    """A lease whose last holder ended without releasing it."""

    @property
    def taken_from(self) -> Holder | None:
        """Name that holder, None if the lock was free."""
