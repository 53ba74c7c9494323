"""Servers that tests talk to: each is started on a free loopback port, and ends with the tests.

A server that is not installed here makes its tests skip, with the reason; with
`FTOPS_REQUIRE=postgres,azurite,moto` that is an error. `.ci/run` sets it; `make services` installs them,
and `make ray` a Ray.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeVar

import pytest
from msgspec import Struct

from ftops.state.backend import Opening

_T = TypeVar("_T")


class Unavailable(Exception):
    """A server that cannot be started here, with the reason."""


class Service(Struct, frozen=True):
    """A running server. `prefix` and `suffix` around a key make the URL of a state."""

    name: str
    prefix: str
    environ: Mapping[str, str]
    suffix: str = ""

    def url(self, key: str) -> str:
        return f"{self.prefix}{key}{self.suffix}"

    def opening(self, key: str, *, lease: float = 60.0, history: int = 10) -> Opening:
        """Return what `open_backend` takes; it can be handed to another process."""
        return Opening(
            url=self.url(key),
            root=Path("/nonexistent"),
            project=key,
            environ=dict(self.environ),
            lease=lease,
            history=history,
        )


def started(name: str, start: Callable[[], AbstractContextManager[_T]]) -> Iterator[_T]:
    """Serve as the body of a fixture: start, or skip, or fail where the server is required."""
    try:
        running = start()
        service = running.__enter__()
    except Unavailable as why:
        if name in os.environ.get("FTOPS_REQUIRE", "").split(","):
            pytest.fail(f"{name} is required by FTOPS_REQUIRE, but: {why}")
        pytest.skip(f"{name}: {why} (`make {'ray' if name == 'ray' else 'services'}` installs it)")
    try:
        yield service
    finally:
        running.__exit__(None, None, None)
