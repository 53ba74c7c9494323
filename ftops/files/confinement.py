"""Which files the files of a project may name: regular ones, and in CI only those inside the project.

A pull request can bring a link to anything that the runner can read. What is read there could end up in a
message, and what is written there could be another program's. Links are followed first, so a link inside the
project is fine. `.git` is not part of the project: checkouts keep tokens in its config.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from ftops.errors import FtopsError, Refused
from ftops.files.ci import in_ci

_GIT = ".git"


def is_inside(root: str | Path, path: str | Path) -> bool:
    """Return whether a file lies inside a project's directory, links followed, and not in its `.git`.

    The file need not exist. `root` may itself be reached through a link.
    """
    try:
        base, real = os.path.realpath(root), os.path.realpath(path)
    except ValueError:
        return False  # A zero byte: it is no path at all.
    if real == base:
        return True
    prefix = base.rstrip("/") + "/"
    return real.startswith(prefix) and _GIT not in real[len(prefix) :].split("/")


def confine(root: Path, path: Path, what: str, environ: Mapping[str, str]) -> None:
    """Refuse a file that the project may not name; it need not exist. `what` begins the message.

    Raises Refused where, in CI, it lies outside the project, and FtopsError for a device, a FIFO or a socket.
    """
    if in_ci(environ) and not is_inside(root, path):
        raise Refused(
            f"{what} lies outside the project, which CI does not allow: a pull request can change it",
            hint="links are followed; put the file itself into the project",
        )
    if is_special(path):
        raise FtopsError(f"{what} is a device, a FIFO or a socket", hint="it must be a regular file")


def is_special(path: Path) -> bool:
    """Return whether a path leads to neither a file nor a directory: reading it could block for ever."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))
