"""`.ftops/cache` of a project: nothing in it is needed, and git never sees it.

What is kept there is written whole or not at all, with a checksum, and read through no link: a branch can
bring a file, and a crash can cut one. Nothing is forced onto the disk, since nothing is lost with it.
"""

from __future__ import annotations

import os
import stat
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

FOLDER = ".ftops/cache"

_CHECKSUM_BYTES = 4


def make_folder(root: Path, below: str = "") -> Path | None:
    """Return the folder, or one below it, made where it is missing. Raises OSError.

    None where a link stands in the way: a branch can bring one that leads out of the project, and nothing is
    made there.
    """
    folder = root
    for name in (*FOLDER.split("/"), *filter(None, below.split("/"))):
        folder /= name
        with suppress(FileExistsError):
            folder.mkdir()
        if folder.is_symlink() or not folder.is_dir():
            return None
    # Exclusively: this follows no link either.
    with suppress(FileExistsError), (root / FOLDER / ".gitignore").open("x", encoding="utf-8") as ignored:
        ignored.write("*\n")
    return folder


def read_plain(path: Path, most_bytes: int = -1) -> bytes | None:
    """Return what a file begins with; None for a link, for what is no file, and for what cannot be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            return file.read(most_bytes) if stat.S_ISREG(os.fstat(descriptor).st_mode) else None
    except OSError:
        return None


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Write a file that is there once it is whole, in the place of an earlier one. Raises OSError."""
    for left in path.parent.glob(f".{path.name}.*"):
        left.unlink(missing_ok=True)  # Of a run that was killed; one that writes now only loses this.
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
        os.replace(name, path)  # noqa: PTH105 - both names are at hand
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def sealed(content: bytes) -> bytes:
    """Return content behind its checksum."""
    return zlib.crc32(content).to_bytes(_CHECKSUM_BYTES, "big") + content


def unsealed(data: bytes) -> memoryview | None:
    """Return the content, which is not copied; None where its checksum is another one."""
    content = memoryview(data)[_CHECKSUM_BYTES:]
    whole = zlib.crc32(content).to_bytes(_CHECKSUM_BYTES, "big") == data[:_CHECKSUM_BYTES]
    return content if whole else None
