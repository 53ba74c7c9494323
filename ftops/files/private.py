"""Files that are left beside the output: whole or not at all, and for their owner only."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path


def write_private(path: Path, data: bytes) -> None:
    """Write a file atomically, with mode 0600. Raises OSError, having left nothing behind.

    Links are followed, and what is not a regular file, such as a FIFO or /dev/null, is written into:
    replacing it would take it away from everybody else.
    """
    try:
        special = not stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        special = False
    if special:
        with path.open("wb", buffering=0) as stream:
            _write_all(stream.fileno(), data)
        return
    path = Path(os.path.realpath(path))
    # mkstemp makes the file with mode 0600.
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def _write_all(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]
