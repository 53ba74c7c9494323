"""Clients that others have written take the stub for the forge: what ftops is tested against stays honest."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.forge.world import HEAD, PERSON, Pull, World
from tests.services import Unavailable, started

ENVIRONMENT = REPOSITORY / ".services/forge-clients"
DRIVERS = {"github": "pygithub_driver.py", "gitlab": "gitlab_driver.py"}


@contextmanager
def clients() -> Iterator[Path]:
    python = ENVIRONMENT / "bin/python"
    if not (ENVIRONMENT / "complete").exists():
        raise Unavailable("PyGithub and python-gitlab are not in .services")
    yield python


@pytest.fixture(scope="module")
def python() -> Iterator[Path]:
    yield from started("forge-clients", clients)


@pytest.mark.slow
@pytest.mark.parametrize("part", ["life", "finding", "accounts", "limits"])
@pytest.mark.parametrize("forge", list(DRIVERS))
def test_a_real_client_takes_the_stub_for_the_forge(
    python: Path, world: World, root: str, forge: str, part: str
) -> None:
    for index in range(250):
        world.post(PERSON if index else None, f"comment {index}")
    world.pulls[8] = Pull(8, HEAD, "patch-1", "stranger")
    if forge == "gitlab":
        world.post(PERSON, "added 1 commit", system=True)
    if part == "limits":
        kind, after = ("secondary", 1) if forge == "github" else ("plain", 2)
        world.fail(kind, "POST", "/7/", value="0", after=after)
    done = subprocess.run(
        [python, Path(__file__).parent / "clients" / DRIVERS[forge], root, part],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]
