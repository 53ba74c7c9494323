"""The contract matrix: after a run of the contract of state backends, which store kept which promise."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

NOT_APPLICABLE = ("promise", "does not apply")

_CONTRACT = re.compile(r"test_state_backend_contract\.py::(\w+)\[(\w+)\]$")
_WORDS = {"passed": "yes", "skipped": "absent", "failed": "NO", "error": "NO"}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Draw it from the reports, which also come from the workers of a parallel run."""
    outcomes = dict(_outcomes(terminalreporter))
    names, stores = sorted({name for name, _ in outcomes}), sorted({store for _, store in outcomes})
    if not outcomes:
        return
    terminalreporter.section("contract of the state backends")
    width = max(map(len, names)) - len("test_")
    terminalreporter.write_line(f"{'':{width}}  {' '.join(f'{store:>8}' for store in stores)}")
    for name in names:
        row = " ".join(f"{outcomes.get((name, store), ''):>8}" for store in stores)
        terminalreporter.write_line(f"{name.removeprefix('test_').replace('_', ' '):{width}}  {row}")


def _outcomes(reporter: pytest.TerminalReporter) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield what became of each promise on each store; an error comes last, and counts."""
    for outcome, word in _WORDS.items():
        for report in reporter.stats.get(outcome, ()):
            found = _CONTRACT.search(report.nodeid)
            if found:
                applies = NOT_APPLICABLE not in map(tuple, report.user_properties)
                yield (found[1], found[2]), word if applies or word == "NO" else "-"
