"""Every kind of store of states, as a bench that tests of the contract sit at."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ftops.state.backend import Opening, StateBackend
from ftops.state.backends.memory import MemoryBackend
from ftops.state.registry import open_backend
from tests.services import Service
from tests.services.azurite import azurite
from tests.services.http_state import http_state
from tests.services.moto_s3 import moto_s3
from tests.services.postgres import postgres

LEASE = 2.0
"""Seconds; as short as a real server on a busy machine bears."""


@dataclass(frozen=True)
class Traits:
    """What a kind of store is like. `frees`: what becomes of the lock of a holder that was killed."""

    frees: str
    """`at once`, `after a lease`, or `by unlock`: a person has to break it."""
    ends_pauses: bool
    """A holder that is paused for longer than a lease loses the lock."""
    processes: bool = True
    """Two processes can share it."""
    clock: bool = True
    """It has a clock that is not ours."""
    breakable: bool = True
    """A person can break its lock."""
    history: bool = True
    """It keeps earlier states that ftops can fetch."""


@dataclass(frozen=True)
class Bench:
    """One place for a state, new for each test, and as many clients of it as wanted."""

    traits: Traits
    opening: Opening
    connect: Callable[[Opening], StateBackend] = open_backend

    def client(self) -> StateBackend:
        return self.connect(self.opening)


Places = Callable[[Path], Bench]
"""A directory of the test's own -> a new place."""


@contextmanager
def _local() -> Iterator[Places]:
    def place(directory: Path) -> Bench:
        opening = Opening(str(directory / ".ftops" / "state.json"), directory, "p", {})
        return Bench(Traits("at once", ends_pauses=False, clock=False, breakable=False), opening)

    yield place


@contextmanager
def _memory() -> Iterator[Places]:
    def place(directory: Path) -> Bench:
        shared = MemoryBackend(time.time)
        traits = Traits(
            "at once", ends_pauses=False, processes=False, clock=False, breakable=False, history=False
        )
        return Bench(traits, Opening("memory", directory, "p", {}), lambda _: shared)

    yield place


def _served(start: Callable[[], AbstractContextManager[Service]], traits: Traits) -> _Start:
    @contextmanager
    def places() -> Iterator[Places]:
        with start() as service:
            yield lambda _: Bench(traits, service.opening(f"k{uuid.uuid4().hex}", lease=LEASE, history=3))

    return places


_Start = Callable[[], AbstractContextManager[Places]]
_LEASED = Traits("after a lease", ends_pauses=True)

STORES: Mapping[str, _Start] = {
    "local": _local,
    "memory": _memory,
    "moto": _served(moto_s3, _LEASED),
    "azurite": _served(azurite, _LEASED),
    "postgres": _served(postgres, Traits("at once", ends_pauses=True)),
    "http": _served(http_state, Traits("by unlock", ends_pauses=False, history=False)),
}
"""Name, as FTOPS_REQUIRE has it -> how to start it."""
