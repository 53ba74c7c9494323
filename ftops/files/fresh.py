"""Files that nobody has yet: whole or not at all, and never over another one."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def write_new(path: Path, data: bytes) -> None:
    """Write a file that must not exist yet; its folder is made. Raises FileExistsError and OSError.

    A run killed meanwhile leaves a hidden file that nothing reads, and never a part of this one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    hidden = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with hidden.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        _move(hidden, path)
    finally:
        hidden.unlink(missing_ok=True)


def _move(hidden: Path, path: Path) -> None:
    """Give a file its name. A link fails where the name is taken; some file systems have none."""
    try:
        path.hardlink_to(hidden)
    except FileExistsError:
        raise
    except OSError:
        if os.path.lexists(path):
            raise FileExistsError(None, "File exists", str(path)) from None
        hidden.rename(path)
