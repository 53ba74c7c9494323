"""Who closes a pipe changes neither what is done nor the exit code; files that are named are not replaced."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.conftest import Emulator, ProjectDirectory

FTOPS = (sys.executable, "-m", "ftops", "-C")
FULL = Path("/dev/full")


def unread(project: ProjectDirectory, *arguments: str) -> tuple[int, str]:
    """Run ftops with a standard output that nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [*FTOPS, str(project.root), *arguments],
            stdout=writing,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            check=False,
        )
    finally:
        os.close(writing)
    return done.returncode, done.stderr


def in_shell(project: ProjectDirectory, line: str) -> subprocess.CompletedProcess[str]:
    """Run a line of sh in which `$@` is ftops in the project."""
    return subprocess.run(
        ["sh", "-c", line, "sh", *FTOPS, str(project.root)],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
    )


def five(project: ProjectDirectory) -> None:
    for number in range(5):
        project.manifest(f"n{number}", f"seed: {number}")


@pytest.mark.parametrize("command", [("apply", "--yes"), ("reconcile", "--once")])
def test_an_apply_finishes_without_a_reader(
    project: ProjectDirectory, emulator: Emulator, command: tuple[str, ...]
) -> None:
    five(project)
    code, err = unread(project, *command)
    assert (code, emulator.jobs()) == (0, 5)
    assert "Traceback" not in err


def test_a_long_plan_is_applied_whole_though_its_reader_leaves_after_a_line(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    for number in range(60):
        project.manifest(f"n{number}", f"seed: {number}\nsuffix: {'s' * 30}")
    line = '"$@" apply --yes --allow creates=100 | head -1 >&2'
    done = subprocess.run(
        ["bash", "-c", f"{line}; exit ${{PIPESTATUS[0]}}", "bash", *FTOPS, str(project.root)],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert emulator.jobs() == 60


def test_a_look_ends_with_the_code_that_it_would_have_had(project: ProjectDirectory) -> None:
    five(project)
    assert unread(project, "plan", "--detailed-exitcode")[0] == 2
    assert unread(project, "plan", "--format", "json")[0] == 0
    assert unread(project, "status")[0] == 0
    assert unread(project, "outputs", "n1")[0] == 5
    project.manifest("n1", "sufix: b")
    code, err = unread(project, "validate")
    assert (code, "did you mean 'suffix'?" in err) == (1, True)


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_change_nothing(project: ProjectDirectory, emulator: Emulator, closed: str) -> None:
    project.manifest("a")
    done = in_shell(project, f'"$@" apply --yes {closed}')
    assert (done.returncode, emulator.jobs()) == (0, 1)
    assert "Traceback" not in done.stdout + done.stderr
    state = project.root / ".ftops/state.json"
    assert set(json.loads(state.read_text())["fine_tunes"]) == {"a"}


def test_without_standard_input_nobody_can_answer(project: ProjectDirectory, emulator: Emulator) -> None:
    project.manifest("a")
    done = in_shell(project, '"$@" apply <&-')
    assert (done.returncode, emulator.jobs()) == (64, 0)
    assert "there is no terminal to answer on" in done.stderr


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
def test_output_that_is_lost_is_said_once_and_the_work_is_done(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    five(project)
    done = in_shell(project, f'"$@" apply --yes >{FULL}')
    assert (done.returncode, emulator.jobs()) == (1, 5)
    assert done.stderr.count("the output could not be written: No space left on device") == 1


def test_a_plan_goes_through_a_link_and_leaves_the_link(project: ProjectDirectory) -> None:
    project.manifest("a")
    (project.root / "link.json").symlink_to("real.json")
    assert project.ftops("plan", "--out", "link.json") == 0
    assert (project.root / "link.json").is_symlink()
    real = project.root / "real.json"
    assert json.loads(real.read_text())["project"] == "test-p1"
    assert stat.S_IMODE(real.stat().st_mode) == 0o600


def test_a_plan_is_written_into_a_fifo(project: ProjectDirectory) -> None:
    project.manifest("a")
    fifo = project.root / "fifo"
    os.mkfifo(fifo)
    came: list[bytes] = []
    reader = threading.Thread(target=lambda: came.append(fifo.read_bytes()))
    reader.start()
    assert project.ftops("plan", "--out", "fifo") == 0
    reader.join()
    assert stat.S_ISFIFO(fifo.lstat().st_mode)
    assert json.loads(came[0])["changes"][0]["name"] == "a"


def test_a_plan_into_a_device_leaves_the_device(project: ProjectDirectory) -> None:
    project.manifest("a")
    before = Path(os.devnull).stat()
    assert project.ftops("plan", "--out", os.devnull) == 0
    after = Path(os.devnull).stat()
    assert (before.st_mode, before.st_rdev, before.st_ino) == (after.st_mode, after.st_rdev, after.st_ino)


def test_a_plan_to_standard_output_can_be_applied(project: ProjectDirectory, emulator: Emulator) -> None:
    project.manifest("a")
    assert project.ftops("plan", "--out", "-") == 0
    assert "1 to create" in project.err
    project.write("saved.json", project.out)
    assert project.ftops("apply", "saved.json") == 0
    assert emulator.jobs() == 1
    assert project.ftops("plan", "--out", "-", "--format", "json") == 64


def test_what_follows_ends_when_its_reader_leaves(project: ProjectDirectory, emulator: Emulator) -> None:
    project.manifest("a")
    assert project.ftops("apply", "--yes") == 0
    code, err = unread(project, "events", "a", "--follow")
    assert (code, err) == (0, "")
    assert unread(project, "status", "--watch", "--interval", "1s")[0] == 0
