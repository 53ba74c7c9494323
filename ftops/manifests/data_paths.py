"""`{path: ...}` of a manifest -> a file of the project. No file outside of it may ever be uploaded."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from ftops.model.nearest import did_you_mean

_MOST_HINTS = 100
"""So many missing files get a "did you mean"; each search reads a folder."""

_OUTSIDE = "only files inside the project are uploaded, and none from .git"

Found = tuple[str | None, str | None, str | None]
"""Project-relative path, and what is wrong with a hint. Without a path nothing may be done with it."""


class DataPaths:
    """Looks every path up once, however many manifests name it. `root` is resolved."""

    def __init__(self, root: str) -> None:
        self._root = root.rstrip("/")
        self._found: dict[tuple[str, str], Found] = {}
        self._folders: dict[str, str] = {}
        self._starts: dict[tuple[str, str], str] = {}
        self._hints = 0

    def find(self, folder: str, written: str) -> Found:
        """Look for a path as it is written in a manifest of a (project-relative, real) folder."""
        key = (folder, written)
        if key not in self._found:
            try:
                self._found[key] = self._look(folder, written)
            except (OSError, ValueError) as error:
                reason = error.strerror if isinstance(error, OSError) else str(error)
                self._found[key] = (None, f"{written!r} is not a usable path: {reason}", None)
        return self._found[key]

    def leads_to(self, folder: str, written: str, path: str) -> bool:
        """Return whether a path leads to this file of the project, with nothing to say of it."""
        above, _, name = written.rpartition("/")
        start = self._starts.get((folder, above))
        if start is None:
            through = f"{self._root}/{folder}/{above}"
            # As written: realpath lets `gone/..` pass, and the system does not.
            start = self._real(through) if above[:1] != "/" and Path(through).is_dir() else ""
            self._starts[folder, above] = start
        full = f"{start}/{name}"
        if start and full == f"{self._root}/{path}":
            try:
                # Not a link, in a folder that is none either: it lies where it seems to.
                if stat.S_ISREG(os.lstat(full).st_mode) and self._contains(full):
                    return True
            except OSError:
                return False
        return self.find(folder, written) == (path, None, None)

    def _look(self, folder: str, written: str) -> Found:
        above, _, name = written.rpartition("/")
        if name in ("", ".", ".."):
            above, name = written, ""
        base = "" if written.startswith("/") else f"{self._root}/{folder}/"
        start = self._real(f"{base}{above}" or "/")
        full = f"{start}/{name}" if name else start
        if not self._contains(full) or not self._contains(_led_to(full)):
            return None, f"{written} lies outside the project", _OUTSIDE
        # The last part stays as written, not as its link leads: it names the upload.
        path = full[len(self._root) + 1 :]
        try:
            # As written: the system does not let `file/..` pass, while realpath does.
            mode = os.stat(f"{base}{written}").st_mode  # noqa: PTH116 - there may be 10,000 of them
        except FileNotFoundError:
            if os.path.islink(full):  # noqa: PTH114 - the last part as it is written
                return path, f"{path} is a broken link", None
            return path, f"{path} does not exist", self._near(Path(start), name)
        except PermissionError as error:
            return path, f"{path} cannot be read: {error.strerror}", None
        if not stat.S_ISREG(mode):
            what = "is a directory" if stat.S_ISDIR(mode) else "is not a file"
            return path or None, f"{path or 'the project'} {what}", "name a JSONL file"
        return path, None, None

    def _real(self, folder: str) -> str:
        if folder not in self._folders:
            self._folders[folder] = os.path.realpath(folder)
        return self._folders[folder]

    def _contains(self, full: str) -> bool:
        # A checkout keeps tokens in `.git`: it is no part of the project.
        inside = full.startswith(f"{self._root}/") and ".git" not in full[len(self._root) :].split("/")
        return full == self._root or inside

    def _near(self, folder: Path, name: str) -> str | None:
        self._hints += 1
        if self._hints > _MOST_HINTS or not folder.is_dir():
            return None
        return did_you_mean(name, (entry.name for entry in folder.iterdir()))


def _led_to(path: str) -> str:
    """Follow what may be a link, in a folder that is none."""
    try:
        is_link = stat.S_ISLNK(os.lstat(path).st_mode)
    except OSError:
        return path
    return os.path.realpath(path) if is_link else path
