"""The contract matrix: after a run of the contract, which store kept which promise."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from tests.contracts.stores import STORES, Bench, Places
from tests.services import started

CONTRACT = "test_state_backend_contract.py"
_WORDS = {"passed": "yes", "failed": "NO", "skipped": "absent"}
Applies = Callable[[bool], bool]
"""Whether a promise applies to the kind of store; the matrix shows the others as "-"."""

_NOT_APPLICABLE = ("promise", "does not apply")
_OUTCOMES = pytest.StashKey[dict[tuple[str, str], str]]()


@pytest.fixture(scope="session", params=list(STORES))
def places(request: pytest.FixtureRequest) -> Iterator[Places]:
    """One kind of store, started once for all tests of the contract."""
    yield from started(request.param, STORES[request.param])


@pytest.fixture
def applies(request: pytest.FixtureRequest) -> Applies:
    """Note in the matrix that a promise does not apply."""

    def judge(does: bool) -> bool:
        if not does:
            request.node.user_properties.append(_NOT_APPLICABLE)
        return does

    return judge


@pytest.fixture
def bench(places: Places, tmp_path: Path) -> Bench:
    """A new place in that store."""
    return places(tmp_path)


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_OUTCOMES] = {}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    params = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    store = params.get("places")
    if isinstance(item, pytest.Function) and isinstance(store, str) and _tells(report):
        said = "-" if _NOT_APPLICABLE in item.user_properties else _WORDS[report.outcome]
        item.config.stash[_OUTCOMES][store, item.originalname] = _WORDS["failed"] if report.failed else said
    return report


def _tells(report: pytest.TestReport) -> bool:
    """Tell whether a phase decides the outcome: the call, or whatever comes in its way."""
    return report.when == "call" or report.outcome != "passed"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    outcomes = config.stash[_OUTCOMES]
    properties = list(dict.fromkeys(name for _, name in outcomes))
    if not properties:
        return
    terminalreporter.section("contract of the state backends")
    width = max(map(len, properties)) - len("test_")
    terminalreporter.write_line(f"{'':{width}}  {' '.join(f'{store:>8}' for store in STORES)}")
    for name in properties:
        row = " ".join(f"{outcomes.get((store, name), ''):>8}" for store in STORES)
        terminalreporter.write_line(f"{name.removeprefix('test_').replace('_', ' '):{width}}  {row}")
