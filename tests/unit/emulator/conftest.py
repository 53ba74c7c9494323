from collections.abc import Iterator
from pathlib import Path

import pytest

from ftops.emulator.server import EmulatorServer, EmulatorSettings
from tests.unit.emulator.client import Client, Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "world" / "emulator.db"


@pytest.fixture
def provider(database: Path, clock: Clock) -> Iterator[Client]:
    with EmulatorServer(EmulatorSettings(database), clock=clock) as server:
        yield Client(server.base_url)
