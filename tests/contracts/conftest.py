"""Fixtures of the contracts: each kind of store, started once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.contracts.matrix import NOT_APPLICABLE
from tests.contracts.stores import STORES, Bench, Places
from tests.services import started

Applies = Callable[[bool], bool]
"""Whether a promise applies to the kind of store; the matrix shows the others as "-"."""


@pytest.fixture(scope="session", params=list(STORES))
def places(request: pytest.FixtureRequest) -> Iterator[Places]:
    """One kind of store, started once for all tests of the contract."""
    yield from started(request.param, STORES[request.param])


@pytest.fixture
def applies(request: pytest.FixtureRequest) -> Applies:
    """Note in the matrix that a promise does not apply."""

    def judge(does: bool) -> bool:
        if not does:
            request.node.user_properties.append(NOT_APPLICABLE)
        return does

    return judge


@pytest.fixture
def bench(places: Places, tmp_path: Path) -> Bench:
    """A new place in that store."""
    return places(tmp_path)
