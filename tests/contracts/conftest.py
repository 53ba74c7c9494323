"""Fixtures of the contracts: each kind of store, started once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.contracts.dialects import CASES
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


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what cannot be asked of a dialect of ours: its case says why, and a skip is for a machine."""
    left_out = [item for item in items if _cannot_be_asked(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


def _cannot_be_asked(item: pytest.Item) -> bool:
    if not isinstance(item, pytest.Function) or not hasattr(item, "callspec"):
        return False
    case = CASES.get(str(item.callspec.params.get("variant", "")))
    return case is not None and item.originalname.removeprefix("test_") in case.absent
