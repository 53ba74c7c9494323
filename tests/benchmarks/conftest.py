"""Small worlds, made as the benchmarks make large ones."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.scenarios.bench import FTOPS
from benchmarks.worlds.shape import Layout, Shape
from benchmarks.worlds.world import World, make_world, surroundings

FINE_TUNES = 20

Run = Callable[..., subprocess.CompletedProcess[str]]


def run_in(world: World, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ftops as the benchmarks do."""
    command = [FTOPS, "-C", str(world.root), *arguments]
    return subprocess.run(command, env=surroundings(), capture_output=True, text=True, check=False)


@pytest.fixture(params=list(Layout))
def applied(tmp_path: Path, request: pytest.FixtureRequest) -> World:
    """A world where everything was applied, in either layout."""
    return make_world(tmp_path / "applied", Shape(FINE_TUNES, request.param))


@pytest.fixture
def fresh(tmp_path: Path) -> World:
    """A world where nothing was applied yet."""
    return make_world(tmp_path / "fresh", Shape(FINE_TUNES, applied=False))
