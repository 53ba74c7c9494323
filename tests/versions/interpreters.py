"""Where a Python of a version is, if anywhere."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

TIMEOUT_SECONDS = 30


def interpreter(version: str, environ: Mapping[str, str] = os.environ) -> str | None:
    """Return a Python of this version from PATH or pyenv; None where there is none that starts.

    A shim of pyenv stands in PATH also for versions that it refuses to start, so each is asked for its own.
    """
    return next(
        (path for path in _candidates(version, environ) if _version_of(path, environ) == version), None
    )


def _candidates(version: str, environ: Mapping[str, str]) -> Iterator[str]:
    on_path = shutil.which(f"python{version}", path=environ.get("PATH", ""))
    if on_path:
        yield on_path
    pyenv = Path(environ.get("PYENV_ROOT") or Path(environ.get("HOME", "/nonexistent")) / ".pyenv")
    yield from (str(path) for path in sorted(pyenv.glob(f"versions/{version}.*/bin/python")))


def _version_of(path: str, environ: Mapping[str, str]) -> str | None:
    ask = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        done = subprocess.run(
            [path, "-c", ask],
            env=dict(environ),
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
