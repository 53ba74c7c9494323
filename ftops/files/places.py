"""Where paths lead that manifests write, as far as no link is at their end.

A folder may be a link that somebody repoints without touching any manifest, so it is followed in each run;
but once for all the files that are looked for through it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable

FileStamp = tuple[int, int, int, int]
"""Inode, size, and when content and inode changed (nanoseconds): another one means another content."""

Start = tuple[str, str, str]
"""A manifest's folder, the folder of a path as it is written there, and where that leads in the project."""


def file_stamp(path: str) -> FileStamp | None:
    """Identify a file's present content without reading it; None where there is no file."""
    try:
        found = os.stat(path)  # noqa: PTH116 - a Path for each of 10,000 files costs more than the stat
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def plain_stamp(path: str) -> FileStamp | None:
    """Identify the content of a regular file; None for a link, or anything else."""
    try:
        found = os.lstat(path)
    except OSError:
        return None
    stamp = found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
    return stamp if stat.S_ISREG(found.st_mode) else None


def starts_of(root: str, written: Iterable[tuple[str, str, str]]) -> frozenset[Start] | None:
    """Return where paths start. `written` are a manifest, a path in it, and what it led to.

    None where one of them leads there in any other way than by its folder alone.
    """
    starts: dict[tuple[str, str], str] = {}
    for manifest, path, found in written:
        folder, (above, _, name) = manifest.rpartition("/")[0], path.rpartition("/")
        start = starts.get((folder, above))
        if start is None:
            start = starts[folder, above] = _led_to(root, folder, above) or ""
        if not start or found != f"{start[len(root) + 1 :]}/{name}".lstrip("/"):
            return None
    return frozenset((folder, above, start[len(root) + 1 :]) for (folder, above), start in starts.items())


def leads_there(root: str, start: Start) -> bool:
    """Return whether a folder leads to where it did."""
    folder, above, before = start
    return _led_to(root, folder, above) == (f"{root}/{before}" if before else root)


def _led_to(root: str, folder: str, above: str) -> str | None:
    """Follow a folder, as written: realpath lets `gone/..` pass, and the system does not."""
    through = f"{root}/{folder}/{above}"
    if above[:1] == "/" or not os.path.isdir(through):  # noqa: PTH112 - as in file_stamp
        return None
    led = os.path.realpath(through)
    return led if led == root or led.startswith(f"{root}/") else None
