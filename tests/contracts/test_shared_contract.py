"""Our own dialects keep the contract that `ftops.testing` has for everybody, against the emulator."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ftops.emulator.server import EmulatorServer, EmulatorSettings
from ftops.testing import DialectCase, ProviderContract, Server
from tests.conftest import Emulator
from tests.contracts.dialects import CASES


class TestOurs(ProviderContract):
    """What cannot be asked of a dialect is skipped, with the reason that its case gives."""

    @pytest.fixture(params=sorted(CASES))
    def variant(self, request: pytest.FixtureRequest) -> str:
        name: str = request.param
        return name

    @pytest.fixture
    def dialect(self, variant: str) -> str:
        return variant.partition(" ")[0]

    @pytest.fixture
    def case(self, variant: str) -> DialectCase:
        known = CASES[variant]
        given = {name: getattr(known, name) for name in DialectCase.__struct_fields__ if hasattr(known, name)}
        return DialectCase(**given)

    @pytest.fixture
    def server(self, dialect: str, tmp_path: Path) -> Iterator[Server]:
        settings = EmulatorSettings(tmp_path / "emulator" / "e.db", dialect=dialect, open=True)
        with EmulatorServer(settings) as server:
            yield Emulator(server)
