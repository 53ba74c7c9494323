"""`ftops status`: in a pipe, on a terminal, watched, and with ids."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path

import pytest

from ftops.report.words import display_width
from tests.conftest import Emulator, ProjectDirectory
from tests.end_to_end.test_counts import counted

LONG = "a-name-that-is-too-long-for-any-column-of-a-table"
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def declare(project: ProjectDirectory) -> None:
    """Eleven fine-tunes and a follower; one has a long name."""
    for name in ("base", LONG, *(f"n{number}" for number in range(9))):
        project.manifest(name)
    project.manifest("follower", model="{from: base}")


def test_twelve_fine_tunes_fit_eighty_columns_of_a_pipe(
    project: ProjectDirectory, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    declare(project)
    assert project.ftops("apply", "--yes") == 0
    emulator.advance(100)
    assert project.ftops("status") == 0
    lines = project.out.splitlines()
    assert max(map(display_width, lines)) <= 80
    assert len(lines) <= 17
    assert lines[0].startswith("test-p1  11 training, 1 waiting  ")
    assert f"{LONG[:21]}…" in project.out
    assert "ftjob-" not in project.out
    monkeypatch.setenv("COLUMNS", "160")
    assert project.ftops("status") == 0
    assert f"{LONG[:39]}…" in project.out
    assert project.ftops("-v", "status") == 0
    assert project.out.count("ftjob-") == 11
    assert project.ftops("status", "--format", "json") == 0
    found = {row["name"]: row for row in json.loads(project.out)["fine_tunes"]}
    assert found.keys() == {LONG, "base", "follower", *(f"n{number}" for number in range(9))}
    assert (found["follower"]["group"], found["follower"]["depends_on"]) == ("waiting", ["base"])
    assert project.ftops("status", "base") == 0
    assert found["base"]["job_id"] in project.out


def test_a_failed_job_is_named_first_with_what_to_do(project: ProjectDirectory, emulator: Emulator) -> None:
    project.manifest("a")
    project.manifest("z")
    emulator.fault("fail_job", "create", skip=1)
    assert project.ftops("apply", "--yes", "--parallelism", "1") == 0
    emulator.advance(90_000)
    assert project.ftops("status") == 5
    failed, _, command, ready = project.out.splitlines()[-4:]
    assert failed.startswith("✕ z ")
    assert command == "    ftops events z"
    assert ready.startswith("✓ a ")


def test_nothing_that_redraws_is_imported_where_there_is_no_terminal(project: ProjectDirectory) -> None:
    project.manifest("a")
    for arguments in (("plan",), ("status",), ("status", "--watch"), ("apply", "--yes")):
        found = counted(project.root.resolve(), *arguments)
        assert [name for name in found["modules"] if name.split(".")[0] == "rich"] == []


def test_without_a_terminal_a_watch_tells_changes_and_not_every_look(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.manifest("a")
    assert project.ftops("apply", "--yes") == 0
    told = watched(project.root, emulator, to_pipe=True)
    blocks = told.split("\n\ntest-p1")
    assert 1 < len(blocks) <= 4
    assert blocks[-1].count("✓ a  ") == 1
    assert "\x1b" not in told


def test_on_a_terminal_a_watch_redraws_in_place_and_leaves_the_last_one(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    for number in range(12):
        project.manifest(f"n{number}")
    assert project.ftops("apply", "--yes") == 0
    told = watched(project.root, emulator, to_pipe=False)
    frames = ESCAPES.sub("", told).split("test-p1  ")[1:]
    assert len(frames) > 2
    # Eleven lines high: some are only counted. One column less than wide: nothing wraps.
    assert "  and " in frames[0]
    assert all(len(frame.splitlines()) <= 12 for frame in frames)
    assert "every 0.3s, Ctrl-C ends" in frames[0]
    assert "12 ready" in frames[-1]
    assert "\x1b[?25h" in told[told.rindex("\x1b[?25l") :], "the cursor is shown again"
    assert "\x1b[?1049h" not in told, "what was on the screen before stays"


def watched(root: Path, emulator: Emulator, *, to_pipe: bool) -> str:
    """Watch until all is ready, and return what was written; the emulated time goes on meanwhile."""
    command = [sys.executable, "-m", "ftops", "-C", str(root), "status", "--watch", "--interval", "0.3s"]
    environ = {**os.environ, "TERM": "xterm", "LANG": "C.UTF-8"}
    environ.pop("NO_COLOR", None)
    for name in ("COLUMNS", "LINES"):
        environ.pop(name, None)
    reading, writing = os.pipe() if to_pipe else pty.openpty()
    if not to_pipe:
        fcntl.ioctl(writing, termios.TIOCSWINSZ, struct.pack("HHHH", 12, 80, 0, 0))
    with subprocess.Popen(command, env=environ, stdout=writing, stderr=writing) as process:
        os.close(writing)
        told = _read(reading, emulator, 400 if to_pipe else 150)
        assert process.wait(60) == 0
    os.close(reading)
    return told


def _read(reading: int, emulator: Emulator | None, seconds: float) -> str:
    """Read to the end; each piece that comes moves the emulated time on.

    A pipe gets none until something changes, so that one step must change it.
    """
    told = b""
    while select.select([reading], [], [], 60)[0]:
        try:
            piece = os.read(reading, 65_536)
        except OSError:  # The end of a terminal whose last user is gone.
            break
        if not piece:
            break
        told += piece
        if emulator is not None:
            emulator.advance(seconds)
    return told.decode().replace("\r\n", "\n")


def test_ctrl_c_ends_a_watch_and_shows_the_cursor(project: ProjectDirectory) -> None:
    project.manifest("a")
    assert project.ftops("apply", "--yes") == 0
    command = [sys.executable, "-m", "ftops", "-C", str(project.root), "status", "--watch"]
    person, terminal = pty.openpty()
    environ = {**os.environ, "TERM": "xterm"}
    with subprocess.Popen(command, env=environ, stdout=terminal, stderr=terminal) as process:
        os.close(terminal)
        told = os.read(person, 65_536)
        while b"Ctrl-C" not in told:
            told += os.read(person, 65_536)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        told += os.read(person, 65_536)
    os.close(person)
    assert b"\x1b[?25h" in told
    assert b"Traceback" not in told


def test_what_a_wait_creates_is_said_above_what_it_waits_for(copy_example: Callable[[str], Path]) -> None:
    root = copy_example("quickstart")
    (root / "ftops.yaml").write_text((root / "ftops.yaml").read_text().replace("speed: 600", "speed: 300"))
    command = [sys.executable, "-m", "ftops", "-C", str(root), "apply", "--yes", "--wait"]
    reading, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 60, 80, 0, 0))
    environ = {name: value for name, value in os.environ.items() if name not in ("CI", "COLUMNS", "LINES")}
    environ["TERM"] = "xterm"
    with subprocess.Popen(command, env=environ, stdout=terminal, stderr=terminal) as process:
        os.close(terminal)
        told = _read(reading, None, 0)
        assert process.wait(60) == 0
    os.close(reading)
    lines = _screen(told)
    assert "  workshop-short: create done" in lines
    assert [line for line in lines if " step " in line] == [], "what was drawn is gone at the end"


def _screen(told: str) -> list[str]:
    """Return what is to be seen of lines of which the last ones were erased now and then."""
    lines = [""]
    for text, up in re.findall(r"([^\x1b]*)(?:\x1b\[(\d+)A\x1b\[J|\x1b\[[0-9;]*m)?", told):
        first, *more = text.split("\n")
        lines[-1] += first
        lines += more
        if up:
            del lines[-int(up) - 1 :]
            lines.append("")
    return lines
