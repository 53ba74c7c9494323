"""A program that serves on a loopback port, as a process group of its own that ends with the test."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.services import Unavailable

START_SECONDS = 60.0
"""Until its port answers. A program that imports half of PyPI on a busy machine takes many seconds."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving_process(
    command: Sequence[str], port: int, home: Path, environ: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a program, and wait until it accepts connections. Raises Unavailable where it never does."""
    with (home / "said.txt").open("wb") as said:
        try:
            process = subprocess.Popen(
                command,
                cwd=home,
                env=None if environ is None else dict(environ),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise Unavailable(f"{command[0]} cannot be started: {error}") from error
        try:
            _wait_for(process, port, home / "said.txt")
            yield process
        finally:
            _end(process)


def _wait_for(process: subprocess.Popen[bytes], port: int, said: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    last = said.read_text(errors="replace").strip()[-300:]
    raise Unavailable(f"it does not start: {last}" if last else "it does not start")


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(5)
