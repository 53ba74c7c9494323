"""The dialect keeps what every dialect of ftops promises."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from acme_server import World, refusal, serve

from ftops.testing import DialectCase, Gateway, ProviderContract, Route, Server

ROW = {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}
ROUTES = {"create": Route("POST", "/tunings"), "list": Route("GET", "/tunings")}


class TestAcme(ProviderContract):
    """Every promise, asked of Acme's format through a gateway that fails on request."""

    @pytest.fixture
    def dialect(self) -> str:
        return "acme"

    @pytest.fixture
    def case(self) -> DialectCase:
        return DialectCase("acme-small", ROW, {"passes": 3}, created=201)

    @pytest.fixture
    def server(self) -> Iterator[Server]:
        world = World()
        acme = serve(world)

        def advance(seconds: float) -> None:
            world.now += seconds

        with Gateway(f"http://127.0.0.1:{acme.server_port}/v2", ROUTES, refusal, advance) as gateway:
            yield gateway
        acme.shutdown()
        acme.server_close()
