"""A tenth of `make soak`."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.soak.__main__ import report
from tests.soak.run import Soak, soak


@pytest.mark.slow
def test_a_tenth_of_a_soak_pays_nothing_twice_and_tells_everything_once(tmp_path: Path) -> None:
    began = time.monotonic()
    account = soak(Soak(rounds=1_000, kills=5), tmp_path)
    print(report(account, time.monotonic() - began))  # noqa: T201 - shown by pytest -rP
    assert account.broken == []
    assert account.kills == 5
