"""Files that nobody has yet: whole or not at all, and never over another one."""

from __future__ import annotations

import filecmp
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


def write_new(path: Path, data: bytes) -> None:
    """Write a file that must not exist yet; its folder is made. Raises FileExistsError and OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with new_file(path) as file:
        file.write(data)


@contextmanager
def new_file(path: Path, *, replacing: bool = False, same: bool = False) -> Iterator[BinaryIO]:
    """Write a file that is there once it is whole. Raises OSError.

    Raises FileExistsError where there is one already, unless it is `replacing` that or, with `same`, holds
    the same. A run killed meanwhile leaves a hidden file that nothing reads, and never a part of this one.
    """
    hidden = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with hidden.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if replacing:
            hidden.replace(path)
        elif not (same and _is_same(path, hidden)):
            _move(hidden, path)
    finally:
        hidden.unlink(missing_ok=True)


def _is_same(path: Path, hidden: Path) -> bool:
    """Return whether a regular file holds just what would be written."""
    return path.is_file() and not path.is_symlink() and filecmp.cmp(path, hidden, shallow=False)


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
