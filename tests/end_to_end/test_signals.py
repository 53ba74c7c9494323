"""Ctrl-C and SIGTERM: at the question, in the middle of the work, and before there is any."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ftops.cli.signals import stopping
from tests.conftest import Emulator, ProjectDirectory

FTOPS = (sys.executable, "-m", "ftops", "-C")
BOTH = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])


@contextmanager
def at_a_terminal(
    project: ProjectDirectory, *arguments: str
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Start ftops with a terminal of its own; give the process and the terminal's other end."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*FTOPS, str(project.root), *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        yield process, ours
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def read_until(terminal: int, words: str) -> str:
    """Read what a terminal shows until some words are there, or its program has ended."""
    shown = b""
    while words.encode() not in shown:
        try:
            shown += os.read(terminal, 4096)
        except OSError:
            break
    text = shown.decode()
    assert words in text, text
    return text


def rest_of(terminal: int) -> str:
    shown = b""
    while True:
        try:
            came = os.read(terminal, 4096)
        except OSError:
            return shown.decode()
        if not came:
            return shown.decode()
        shown += came


@BOTH
def test_a_signal_at_the_question_quits_and_nothing_was_sent(
    project: ProjectDirectory, emulator: Emulator, number: signal.Signals
) -> None:
    project.manifest("a")
    with at_a_terminal(project, "apply") as (process, terminal):
        read_until(terminal, "Apply these changes? [y/N]")
        process.send_signal(number)
        said = rest_of(terminal)
        assert process.wait() == 130
    assert "Interrupted." in said
    assert "Traceback" not in said
    assert emulator.jobs() == 0
    assert not (project.root / ".ftops/state.json").exists()


@BOTH
def test_a_signal_in_the_middle_of_a_wait_ends_it_in_good_order(
    project: ProjectDirectory, emulator: Emulator, number: signal.Signals
) -> None:
    project.manifest("a")
    command = [*FTOPS, str(project.root), "apply", "--yes", "--wait"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = ""
        for line in process.stderr:
            said += line
            if "pending" in line:
                break
        process.send_signal(number)
        said += process.stderr.read()
        assert process.wait() == 130, said
    assert f"{number.name}: finishing what is in flight; no job is cancelled" in said
    assert "Traceback" not in said
    assert emulator.jobs() == 1


def test_ctrl_c_while_it_still_starts_is_no_traceback() -> None:
    code = (
        "import signal, sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, *rest):\n"
        "        if name == 'ftops.cli.main': signal.raise_signal(signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder())\n"
        "from ftops.__main__ import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "Interrupted.\n")


def test_a_handler_only_sets_a_flag_and_a_thread_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    stop = threading.Event()
    with stopping(stop):
        signal.raise_signal(signal.SIGTERM)
        assert stop.wait(60)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert capsys.readouterr().err == "SIGTERM: finishing what is in flight; no job is cancelled\n"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_wait_draws_its_progress_in_place_within_the_terminal(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.manifest(
        "a-fine-tune-with-a-name-that-is-longer-than-a-column", "hyperparameters: {n_epochs: 50}"
    )
    with at_a_terminal(project, "apply", "--yes", "--wait") as (process, terminal):
        read_until(terminal, "a-fine-tune-with-a-na…  pending")
        emulator.advance(65)
        shown = read_until(terminal, "loss ")
        process.send_signal(signal.SIGINT)
        shown += rest_of(terminal)
        assert process.wait() == 130
    assert "\x1b[1A\x1b[J" in shown
    drawn = [line for line in shown.replace("\x1b[1A\x1b[J", "").splitlines() if "step " in line]
    assert drawn
    assert all(len(line) < 80 for line in drawn)
