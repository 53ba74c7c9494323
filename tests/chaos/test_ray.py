"""Hundreds of histories on an emulated head: each job is trained once, whatever happens."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.ray import play

QUICK = range(12)
THOROUGH = range(100, 300)


@pytest.mark.parametrize("seed", QUICK)
def test_no_job_is_trained_twice(seed: int, tmp_path: Path) -> None:
    play(seed, tmp_path)


@pytest.mark.slow
def test_no_job_of_hundreds_of_histories_is_trained_twice(tmp_path: Path) -> None:
    for seed in THOROUGH:
        folder = tmp_path / str(seed)
        folder.mkdir()
        play(seed, folder)
