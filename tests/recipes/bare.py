"""A command in an environment with nothing of ours: what it is given, and no more."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

_TIMEOUT_SECONDS = 300


def run_bare(
    command: Sequence[str], environ: Mapping[str, str], where: Path
) -> subprocess.CompletedProcess[str]:
    """Run a command without input; both of its streams are in `stdout`, as in a log."""
    given = [f"{name}={value}" for name, value in environ.items()]
    return subprocess.run(
        ["/usr/bin/env", "-i", *given, *command],
        cwd=where,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_TIMEOUT_SECONDS,
        check=False,
    )
