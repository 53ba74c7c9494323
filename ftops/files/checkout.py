"""What git left out of a checkout: submodules that are not there, and files of a sparse checkout."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from ftops.files.commits import git_output

_SUBMODULE = b"160000"
_LEFT_OUT = re.compile(rb"(?:^|\0)(?:S \d{6}|[A-Z] 160000) [0-9a-f]+ \d\t([^\0]+)")
_MOST_NESTED = 10
"""Submodules in submodules; more of them are a mistake."""


class Missing(Struct, frozen=True):
    """A path that git knows and that is not there: a file, or a submodule (`folder`).

    `top` is its topmost folder that is not there, or the path itself.
    """

    path: str
    top: str
    folder: bool


def left_out(root: Path) -> Iterator[Missing]:
    """Yield what git's index has below a directory and this checkout does not, by relative path.

    Only what git left out on purpose (skip-worktree) and submodules: a file that somebody deleted is not
    left out. Nothing without git, or for a repository that git does not trust.
    """
    yield from _left_out(root, "", _MOST_NESTED)


def _left_out(root: Path, below: str, nested: int) -> Iterator[Missing]:
    index = git_output(root / below, "ls-files", "-t", "--stage", "-z")
    for found in _LEFT_OUT.finditer(index or b""):
        path = f"{below}/{os.fsdecode(found[1])}".lstrip("/")
        full = root / path
        if _SUBMODULE not in found[0].split(b"\t")[0]:
            if not os.path.lexists(full):
                yield Missing(path, _top(root, path), folder=False)
        elif not _holds_anything(full):
            yield Missing(path, path, folder=True)
        elif nested and (full / ".git").exists():
            yield from _left_out(root, path, nested - 1)


def _top(root: Path, path: str) -> str:
    """Return the topmost folder of a path that is not there."""
    parts = path.split("/")
    tops = ("/".join(parts[: count + 1]) for count in range(len(parts)))
    return next(top for top in tops if not os.path.lexists(root / top))


def _holds_anything(folder: Path) -> bool:
    """Return whether a folder is there and not empty; one that cannot be looked into is another problem."""
    try:
        with os.scandir(folder) as entries:
            return any(True for _ in entries)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
