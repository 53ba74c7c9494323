"""The digests of rows that were trained on, kept for where git does not have the file: eight bytes a row.

They are for showing what has changed and decide nothing. What is damaged, a link, or not to be written is
ignored silently. In CI nothing is trusted: a branch could bring a file that hides what it changes.
"""

from __future__ import annotations

import os
import sys
from array import array
from contextlib import suppress
from pathlib import Path

from ftops.files.cache_folder import FOLDER as CACHE
from ftops.files.cache_folder import make_folder, read_plain, replacing, sealed, unsealed
from ftops.files.ci import in_ci

_BELOW = "rows"
FOLDER = f"{CACHE}/{_BELOW}"
"""Project-relative. Each file is named by the digest of all rows."""

MOST_ROWS = 2_000_000
"""Of a larger file no digests are kept: 16 MB."""

MOST_FILES = 64
MOST_BYTES = 64 * 1024 * 1024
"""Of all files together; the oldest go first."""

_MARK = b"ftops rows 1\n"


def is_kept(root: Path, sha256: str) -> bool:
    """Return whether the rows with this digest of all rows are kept."""
    return (root / FOLDER / sha256).is_file()


def keep_rows(root: Path, sha256: str, digests: array[int]) -> None:
    """Keep the digests of rows, and drop the oldest where they are too many. Raises nothing."""
    with suppress(OSError):
        folder = make_folder(root, _BELOW) if len(digests) <= MOST_ROWS else None
        if folder is None:
            return
        with replacing(folder / sha256) as file:
            file.write(sealed(_MARK + _as_written(digests).tobytes()))
        _drop_oldest(folder)


def kept_rows(root: Path, sha256: str) -> array[int] | None:
    """Return the digests of the rows with this digest of all rows; None where they are not kept."""
    kept = None if in_ci(os.environ) else read_plain(root / FOLDER / sha256, MOST_BYTES)
    content = unsealed(kept or b"")
    digests = array("Q")
    if content is None or content[: len(_MARK)] != _MARK or (len(content) - len(_MARK)) % digests.itemsize:
        return None
    digests.frombytes(content[len(_MARK) :])
    return _as_written(digests)


def _as_written(digests: array[int]) -> array[int]:
    """Turn the bytes of each number round where this machine has them the other way than the file."""
    if sys.byteorder == "little":
        return digests
    turned = array("Q", digests)
    turned.byteswap()
    return turned


def _drop_oldest(folder: Path) -> None:
    files = sorted((one.stat().st_mtime_ns, one.stat().st_size, one) for one in folder.iterdir())
    room, count = MOST_BYTES, 0
    for _, size, file in reversed(files):
        room, count = room - size, count + 1
        if room < 0 or count > MOST_FILES:
            file.unlink(missing_ok=True)
