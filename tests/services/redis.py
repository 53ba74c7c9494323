"""A Redis server of this machine's packages, in memory, on a socket of the file system only."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.services import Unavailable
from tests.services.processes import START_SECONDS


@contextmanager
def redis() -> Iterator[Path]:
    """Start a server, and give the path of its socket. Raises Unavailable where none is installed."""
    program = shutil.which("redis-server")
    if program is None:
        raise Unavailable("no Redis server is installed")
    # Short: the path of a socket may not be longer than 107 bytes.
    home = Path(tempfile.mkdtemp(prefix="fr-redis-", dir="/tmp"))
    there = home / "redis.sock"
    command = [program, "--port", "0", "--unixsocket", str(there), "--dir", str(home), "--save", ""]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not there.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise Unavailable("redis-server does not start")
            time.sleep(0.02)
        yield there
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(home, ignore_errors=True)
