"""What an apply works with: ports, clocks, and the values behind the plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from ftops.model.dataset import Dataset
from ftops.model.event import Event
from ftops.model.finetune import FineTune
from ftops.model.observation import Observation
from ftops.model.spending import Purchase
from ftops.model.state import State
from ftops.providers.provider import Provider


class Clock(Protocol):
    """The two clocks that a deadline is judged by: one can be set, the other stops in a pause."""

    def now(self) -> float:
        """Return Unix seconds."""

    def monotonic(self) -> float:
        """Return seconds that never go back."""

    def sleep(self, seconds: float) -> None:
        """Wait, as long as a file at a provider may need; a test's clock only counts it."""


class StateWriter(Protocol):
    """The part of the state manager that an apply needs."""

    def write(self, state: State) -> State:
        """Write, and return the state with its new serial. Raises StateError; then nothing was written."""


class HeldLock(Protocol):
    """The part of a lease that an apply needs."""

    @property
    def expires_at(self) -> float | None:
        """When others may take the lock (Unix seconds)."""

    def check(self) -> None:
        """Raise LeaseLost unless the lock is still surely ours."""


def unobserved(state: State) -> State:
    """Observe nothing."""
    return state


class Hands(Struct, frozen=True):
    """What an apply works with besides values: ports, the held lock, clocks, randomness, a stop request.

    `stopping` turns true when a person or the system asks to stop: nothing new is sent from then on.
    `emit` is called from one thread only. `who` runs this, for whoever asks later who has spent what.
    `observe` adds to the last state that is written what has newly come true.
    """

    providers: Mapping[str, Provider]
    manager: StateWriter
    lock: HeldLock
    clock: Clock
    new_nonce: Callable[[], str]
    stopping: Callable[[], bool]
    emit: Callable[[Event], None]
    parallelism: int = 8
    who: str | None = None
    observe: Callable[[State], State] = unobserved


class Context(Struct, frozen=True):
    """One apply's surroundings: what is declared and was seen, and the tools that do it.

    `purchase` is what all its creates have in common: by whom, from which commit, decided when.
    """

    project: str
    root: Path
    fine_tunes: Mapping[str, FineTune]
    datasets: Mapping[str, Dataset]
    observations: Mapping[str, Observation]
    hands: Hands
    purchase: Purchase = Purchase()
