"""A run that ends soon collects no garbage; one that stays does."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Iterator

import pytest

from ftops.cli.garbage import COLLECT_AFTER, collect_as_usual, collect_late
from tests.conftest import Emulator, ProjectDirectory


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


def test_a_wait_gives_back_what_it_drops(project: ProjectDirectory, emulator: Emulator) -> None:
    project.manifest("a")
    collect_late()
    assert project.ftops("apply", "--yes") == 0, project.err
    assert gc.get_threshold()[0] == COLLECT_AFTER
    emulator.advance(10_000)
    project.manifest("b", "seed: 2")
    emulator.fault("fail_job", "create")
    project.ftops("apply", "--yes", "--wait", "--timeout", "1s")
    assert gc.get_threshold()[0] < COLLECT_AFTER


def test_what_is_usual_is_what_python_starts_with() -> None:
    usual = subprocess.run(
        [sys.executable, "-c", "import gc; print(gc.get_threshold())"],
        capture_output=True,
        text=True,
        check=True,
    )
    collect_late()
    collect_as_usual()
    assert str(gc.get_threshold()) == usual.stdout.strip()
