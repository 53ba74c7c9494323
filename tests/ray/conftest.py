from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ftops.emulator.server import EmulatorServer, EmulatorSettings
from tests.ray.cluster import Cluster
from tests.ray.head import Head, ray_head
from tests.services import started
from tests.services.redis import redis
from tests.unit.emulator.client import Clock

TOKEN = "correct-horse-battery"
PLACES = ["emulated", pytest.param("real", marks=pytest.mark.slow)]
"""Where what is said of Ray's wire has to hold."""


@pytest.fixture(scope="session")
def head() -> Iterator[Head]:
    """The head that all tests share which do not end it."""
    yield from started("ray", ray_head)


@pytest.fixture
def forgetful() -> Iterator[Head]:
    """A head of the test's own, that keeps nothing when it ends."""
    yield from started("ray", ray_head)


@pytest.fixture
def redis_socket() -> Iterator[Path]:
    yield from started("redis", redis)


@pytest.fixture
def remembering(redis_socket: Path) -> Iterator[Head]:
    """A head of the test's own, with a Redis and a token."""
    yield from started("ray", lambda: ray_head(redis=redis_socket, token=TOKEN))


@pytest.fixture
def real(head: Head) -> Cluster:
    return Cluster(head.url)


@pytest.fixture
def emulated(tmp_path: Path) -> Iterator[Cluster]:
    """A cluster of the emulator, whose clock goes on by a second between two looks."""
    clock = Clock()

    def tick() -> None:
        clock.now += 1.0

    settings = EmulatorSettings(tmp_path / "ray.db", dialect="ray", open=True)
    with EmulatorServer(settings, clock=clock) as server:
        yield Cluster(server.base_url, tick=tick)


@pytest.fixture(params=PLACES)
def cluster(request: pytest.FixtureRequest) -> Cluster:
    found: Cluster = request.getfixturevalue(request.param)
    return found
