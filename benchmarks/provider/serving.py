"""Start the provider in a process of its own, and ask it what came in."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.place import REPOSITORY
from benchmarks.provider.routes import FIGURES, RESET


@dataclass(frozen=True, slots=True)
class Served:
    """A provider that is being served."""

    base_url: str

    def figures(self) -> dict[str, Any]:
        """Return what came in since the last reset: `requests` by operation, and `post_seconds`."""
        return self._control("GET", FIGURES)

    def reset(self) -> None:
        """Forget what was created and uploaded."""
        self._control("POST", RESET)

    def _control(self, method: str, path: str) -> dict[str, Any]:
        connection = http.client.HTTPConnection(urlsplit(self.base_url).netloc, timeout=60)
        try:
            connection.request(method, path)
            said: dict[str, Any] = json.load(connection.getresponse())
            return said
        finally:
            connection.close()


@contextmanager
def served(jobs: Path | None = None, files: Path | None = None, latency: float = 0.0) -> Iterator[Served]:
    """Serve these jobs and files (JSON lines) until the end of the block."""
    command = [sys.executable, "-m", "benchmarks.provider", "--latency", str(latency)]
    command += ["--jobs", str(jobs)] if jobs else []
    command += ["--files", str(files)] if files else []
    with subprocess.Popen(
        command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("a pipe was asked for and is not there")
        try:
            url = process.stdout.readline().strip()
            if not url:
                raise RuntimeError("the provider did not start")
            yield Served(url)
        finally:
            process.stdin.close()
            process.wait(timeout=60)
