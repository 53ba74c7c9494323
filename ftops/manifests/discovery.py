"""Find the manifests of a project: directories, files and globs; nothing hidden, nothing outside."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from ftops.errors import Problem
from ftops.manifests.document import Document

SUFFIXES = (".yaml", ".yml")
PROJECT_FILE = "ftops.yaml"


def manifest_files(
    root: Path, patterns: Sequence[str], document: Document
) -> tuple[list[str], list[Problem]]:
    """Give the project-relative path of every manifest, sorted, each file once, links followed.

    `root` is resolved. `document` is the project file, in which a wrong pattern has its place.
    """
    search = _Search(str(root))
    for index, written in enumerate(patterns):
        pattern = posixpath.normpath(written)
        path = ("spec", "manifests", index)
        if pattern.startswith(("/", "../")) or pattern == "..":
            hint = "a project holds its own manifests"
            search.problems.append(document.problem(f"{written} lies outside the project", path, hint))
        elif not search.collect(pattern):
            hint = f"make the directory, or correct it in {PROJECT_FILE}"
            search.problems.append(document.problem(f"{written} does not exist", path, hint))
    search.found.discard(PROJECT_FILE)
    return sorted(search.found), list(dict.fromkeys(search.problems))


FileStamp = tuple[int, int, int, int]
"""Inode, size, and when content and inode changed (nanoseconds): another one means another content."""


def file_stamp(path: str) -> FileStamp | None:
    """Tell a file's present content from any other without reading it; None where there is no file."""
    try:
        found = os.stat(path)  # noqa: PTH116 - a Path for each of 10,000 files costs more than the stat
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


class _Search:
    def __init__(self, root: str) -> None:
        self.found: set[str] = set()
        self.problems: list[Problem] = []
        self._root = root.rstrip("/")

    def collect(self, pattern: str) -> bool:
        """Add what one pattern means. False: it names a directory or file that is not there."""
        parts = [part for part in pattern.split("/") if part != "."]
        start: list[str] = []
        while parts and not any(sign in parts[0] for sign in "*?["):
            start.append(parts.pop(0))
        target = self._inside("/".join(start))
        if target is None:
            return True
        if not parts and Path(self._full(target)).is_file():
            self.found.add(target)
            return True
        if not Path(self._full(target)).is_dir():
            return False
        for written, real in self._walk(target, "", set()):
            if _fits(written.split("/"), parts):
                self.found.add(real)
        return True

    def _walk(self, folder: str, written: str, seen: set[str]) -> Iterator[tuple[str, str]]:
        """Yield each YAML file under a real folder: as reached from the start, and its real place."""
        if folder in seen:
            return
        seen.add(folder)
        for entry in self._entries(folder):
            name, real = _joined(written, entry.name), _joined(folder, entry.name)
            target = self._inside(real) if entry.is_symlink() else real
            if entry.name.startswith(".") or target is None:
                continue
            if entry.is_dir():
                yield from self._walk(target, name, seen)
            elif entry.name.endswith(SUFFIXES) and self._is_manifest(entry, target):
                yield name, target

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(self._full(folder)) as entries:
                return sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            self.problems.append(Problem(f"cannot be read: {error.strerror}", _printable(folder) or "."))
            return []

    def _is_manifest(self, entry: os.DirEntry[str], target: str) -> bool:
        if _printable(target) != target:
            self.problems.append(Problem("has a name that is not UTF-8", _printable(target)))
            return False
        if entry.is_symlink() and not entry.is_file():
            self.problems.append(Problem("is a link that leads nowhere", target))
        return entry.is_file()

    def _inside(self, path: str) -> str | None:
        """Follow links; None, and a problem, for what lies outside the project."""
        real = os.path.realpath(self._full(path))
        if real == self._root or real.startswith(f"{self._root}/"):
            inside = real[len(self._root) + 1 :]
            if ".git" not in inside.split("/"):
                return inside
            # A checkout keeps tokens there, which must not come into any message.
            self.problems.append(Problem("leads into .git, which is not part of it", _printable(path)))
            return None
        hint = "copy what it leads to into the project"
        self.problems.append(Problem("is a link that leads out of the project", _printable(path), hint=hint))
        return None

    def _full(self, path: str) -> str:
        return f"{self._root}/{path}"


def _fits(parts: list[str], pattern: list[str]) -> bool:
    """Match a file with a glob; a glob that matches one of its folders means everything in there."""
    if not pattern:
        return True
    if pattern[0] == "**":
        return any(_fits(parts[skipped:], pattern[1:]) for skipped in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], pattern[0]) and _fits(parts[1:], pattern[1:])


def _joined(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _printable(name: str) -> str:
    """Replace what a name has that is not UTF-8."""
    return name.encode(errors="surrogateescape").decode(errors="replace")
