"""Runs that are killed, and runs at once, as processes: the next one finds what they left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ftops.forge.settling import Outcome
from tests.forge.command import MARKER, Command, commented, outcome


@contextmanager
def process(command: Command) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        [
            *(sys.executable, "-m", "ftops", "comment", "--plan", str(command.plan)),
            *(f"--{command.stage.kind}", "--pull-request", "7"),
        ],
        env={**os.environ, **command.stage.environ()},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as started:
        try:
            yield started
        finally:
            started.kill()


@pytest.mark.slow
@pytest.mark.parametrize("effect", [False, True], ids=["before the create", "after it"])
def test_a_run_that_is_killed_at_its_create_leaves_one_comment_for_the_next(
    command: Command, effect: bool
) -> None:
    arrived, killed = threading.Event(), threading.Event()
    world = command.stage.world

    def hold(method: str, path: str) -> None:
        if method == "POST" and "/7/" in path and not killed.is_set():
            if effect:
                world.post(command.stage.me, f"{MARKER}\nof the run that was killed")
                world.fail("502", "POST", "/7/")
            arrived.set()
            killed.wait(60)
            if not effect:
                world.fail("502", "POST", "/7/")

    world.before = hold
    with process(command) as started:
        assert arrived.wait(60)
        started.send_signal(signal.SIGKILL)
        started.wait(60)
    killed.set()
    expected = Outcome.UPDATED if effect else Outcome.CREATED
    assert outcome(commented(command)) is expected
    assert len(command.bodies) == 1


@pytest.mark.slow
def test_two_processes_at_once_leave_at_most_two_and_the_next_cleans_up(command: Command) -> None:
    together = threading.Barrier(2)
    world = command.stage.world

    def meet(method: str, path: str) -> None:
        if method == "POST" and "/7/" in path:
            together.wait(60)

    world.before = meet
    with process(command) as one, process(command) as other:
        assert (one.wait(60), other.wait(60)) == (0, 0)
    world.before = lambda method, path: None
    assert len(command.bodies) == 2
    done = commented(command)
    assert done.commented.settled is not None
    assert done.commented.settled.deleted == 1
    assert len(command.bodies) == 1
