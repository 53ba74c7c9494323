"""Files that a command leaves beside its output: whole or not at all, and for their owner only."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from ftops.cli.secrecy import current_vault


def write_private(path: Path, data: bytes) -> None:
    """Write a file atomically, with mode 0600. Raises OSError, having left nothing behind."""
    current_vault().refuse(data, f"the file {path.name}")
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
