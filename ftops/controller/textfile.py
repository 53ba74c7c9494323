"""Metrics in a file for node_exporter's textfile collector: written whole or not at all, readable by all."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from ftops.errors import UsageError

MODE = 0o644
"""The collector runs as another user, and no secret is in it."""
MOST_BYTES = 16_000_000
"""Of a file that is gone on from; what is larger is none of ours."""


def check_place(path: Path) -> None:
    """Raise UsageError where no such file can be, before anything is done.

    A device would be replaced as readily as a file, and reading a pipe never ends.
    """
    if path.is_dir():
        raise UsageError(
            f"--metrics-file {path} is a directory", hint="name a file in it, such as ftops.prom"
        )
    if path.exists() and not path.is_file():
        raise UsageError(f"--metrics-file {path} is not a regular file", hint="name one, such as ftops.prom")
    if not path.parent.is_dir():
        raise UsageError(
            f"--metrics-file {path}: there is no directory {path.parent}",
            hint="create it, or name the one that node_exporter's --collector.textfile.directory has",
        )


def read_textfile(path: Path) -> str | None:
    """Return what an earlier run wrote; None where there is nothing. Raises OSError and ValueError."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        return None
    if len(content) > MOST_BYTES:
        raise ValueError("it is too large")
    return content.decode()


def write_textfile(path: Path, text: str) -> None:
    """Replace the file at once, so that nobody reads half of it. Raises OSError."""
    # The collector reads each *.prom in the directory: the temporary file is none.
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode())
            os.fchmod(file.fileno(), MODE)
        Path(temporary).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise
