"""Processes that die by SIGKILL, and processes that run at once."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.conftest import Emulator, ProjectDirectory


def start_apply(root: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "ftops", "-C", str(root), "apply", "--yes"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)


def test_a_kill_between_intent_and_record_ends_with_one_job(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.manifest("a")
    emulator.fault("slow", "create", seconds=1)
    process = start_apply(project.root)
    wait_until(lambda: emulator.requests("create") == 1)
    assert '"intent"' in (project.root / ".ftops/state.json").read_text()
    process.kill()
    process.communicate()
    wait_until(lambda: emulator.jobs() == 1)
    assert project.plan() == {"a": "adopt lost-reply"}
    assert project.ftops("apply", "--yes") == 0
    assert project.plan() == {"a": "keep in-progress"}
    assert emulator.jobs() == 1


def test_of_two_applies_at_once_one_says_who_holds_the_lock(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.manifest("a")
    emulator.fault("slow", "create", seconds=1)
    first = start_apply(project.root)
    wait_until(lambda: emulator.requests("create") == 1)
    assert project.ftops("apply", "--yes") == 4
    assert f"pid {first.pid}" in project.err
    first.communicate()
    assert first.returncode == 0
    assert emulator.jobs() == 1


def test_a_run_that_waited_for_the_lock_does_what_is_declared_by_then(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    """What it read before the wait is old: a fine-tune that came since would look as if it were removed."""
    project.manifest("a", "suffix: a")
    emulator.fault("slow", "create", seconds=2)
    first = start_apply(project.root)
    wait_until(lambda: emulator.requests("create") == 1)
    # It stands still with the lock in its hands, for as long as the other one takes to start.
    first.send_signal(signal.SIGSTOP)
    command = [sys.executable, "-m", "ftops", "-C", str(project.root), "apply", "--yes", "--lock-timeout"]
    second = subprocess.Popen([*command, "20s"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert second.stderr is not None
    assert b"waiting up to 20 s" in second.stderr.readline()
    project.manifest("b", "suffix: b")
    first.send_signal(signal.SIGCONT)
    first.communicate()
    second.communicate()
    assert (first.returncode, second.returncode) == (0, 0)
    assert project.plan() == {"a": "keep in-progress", "b": "keep in-progress"}
    project.manifest("c", "suffix: c")
    assert project.ftops("apply", "--yes") == 0
    assert emulator.jobs() == 3
