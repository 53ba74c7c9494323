"""The tree of a commit below a project's directory, read and written out from git's objects alone.

Nothing is checked out: the work tree, the index and the refs stay as they are, and no hook, filter or code
of the repository runs. A tree is a stranger's: its names, links and sizes are checked before anything is
written, regular files before links, so that nothing is ever written through a link.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from msgspec import Struct, field

from ftops.files.commits import git_command, git_environment

MOST_ENTRIES = 200_000
"""Files below the project in one commit."""

MOST_LISTED = 64 * 2**20
"""Bytes of a list of them."""

LONGEST_LINK = 4096
"""Bytes of a link's target, as of any path."""

_MISSING = "git does not have all of its objects here"
_PIECE = 2**20
_SHA1_DIGITS = 40
_SECONDS = 10.0
_ENTRY = re.compile(rb"(?P<mode>\d{6}) (?:blob|commit) (?P<id>[0-9a-f]{40,64})\t(?P<path>.+)", re.DOTALL)
_HEADER = re.compile(rb"[0-9a-f]{40,64} blob (?P<size>\d+)\n")
_DIRECTORY = b"040000 tree "
_FILES, _LINK, _SUBMODULE = (b"100644", b"100755", b"100664"), b"120000", b"160000"


class TreeUnread(Exception):
    """The tree cannot be read here, or is larger than anybody wants to read. Its text says which."""


class Tree(Struct, frozen=True):
    """What a commit has below a project's directory: object ids by project-relative path.

    `submodules` are paths whose content is in another repository.
    """

    root: Path
    commit: str
    files: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    submodules: tuple[str, ...] = ()

    def sizes(self, blobs: Iterable[str]) -> dict[str, int]:
        """Return how many bytes these objects have; what is not here, as in a partial clone, is left out."""
        found: dict[str, int] = {}
        wanted = list(dict.fromkeys(blobs))
        if not wanted:
            return found
        with _asked(self.root, wanted, "--batch-check=%(objectname) %(objecttype) %(objectsize)") as told:
            for line in told:
                blob, kind, *rest = line.split()
                if kind == b"blob" and rest:
                    found[blob.decode()] = int(rest[0])
        return found

    def write(self, paths: Iterable[str], below: Path, sizes: Mapping[str, int]) -> None:
        """Write these files below a directory of ours. Raises TreeUnread and OSError.

        Their sizes must be known, and are for the caller to bound.
        """
        wanted = [path for path in paths if path in self.files and self.files[path] in sizes]
        if not wanted:
            return
        for folder in {os.path.dirname(path) for path in wanted}:  # noqa: PTH120 - there may be 20,000
            (below / folder).mkdir(parents=True, exist_ok=True)
        with _asked(self.root, [self.files[path] for path in wanted], "--batch") as told:
            for path in wanted:
                with open(f"{below}/{path}", "xb") as file:  # noqa: PTH123 - as above
                    _copy(told, file.write)

    def link(self, below: Path) -> int:
        """Write the links that stay inside, once all files are there; return how many were left out."""
        sizes = self.sizes(self.links.values())
        wanted = {path: blob for path, blob in self.links.items() if sizes.get(blob, 0) <= LONGEST_LINK}
        wanted = {path: blob for path, blob in wanted.items() if blob in sizes}
        made = 0
        with _asked(self.root, list(wanted.values()), "--batch") as told:
            for path in wanted:
                pieces: list[bytes] = []
                _copy(told, pieces.append)
                made += linked(below, path, os.fsdecode(b"".join(pieces)))
        return len(self.links) - made


def tree_of(root: Path, commit: str) -> Tree:
    """Read what a commit has below a project's directory. Raises TreeUnread."""
    files: dict[str, str] = {}
    links: dict[str, str] = {}
    submodules: list[str] = []
    for entry in _listed(root, commit):
        found = _ENTRY.fullmatch(entry)
        path = os.fsdecode(found["path"]) if found else ""
        if found is None or not _is_plain(path):
            continue
        if found["mode"] in _FILES:
            files[path] = found["id"].decode()
        elif found["mode"] == _LINK:
            links[path] = found["id"].decode()
        elif found["mode"] == _SUBMODULE:
            submodules.append(path)
    return Tree(root, commit, files, links, tuple(submodules))


def has_content(path: Path, blob: str, size: int) -> bool:
    """Return whether a file on disk is this object, byte by byte: no filter of git's is asked."""
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size != size:
                return False
            digest = hashlib.new("sha1" if len(blob) == _SHA1_DIGITS else "sha256", usedforsecurity=False)
            digest.update(b"blob %d\0" % size)
            while piece := file.read(_PIECE):
                digest.update(piece)
    except OSError:
        return False
    return digest.hexdigest() == blob


def _is_plain(path: str) -> bool:
    """Return whether a path of a tree may be written: git refuses such names, and a server need not."""
    return all(part not in ("", ".", "..") and part.lower() != ".git" for part in path.split("/"))


def _listed(root: Path, commit: str) -> Iterator[bytes]:
    # With its directories: empty ones within one another may be without end, and list no file.
    with _git(root, ("ls-tree", "-r", "-t", "-z", commit)) as told:
        data = told.read(MOST_LISTED + 1)
        if len(data) > MOST_LISTED:
            raise TreeUnread("it has too many files")
    entries = [entry for entry in data.split(b"\0")[:-1] if not entry.startswith(_DIRECTORY)]
    if len(entries) > MOST_ENTRIES:
        raise TreeUnread(f"it has more than {MOST_ENTRIES:,} files")
    return iter(entries)


def linked(below: Path, path: str, target: str) -> bool:
    """Write a link if it goes up first, and then down, and never above the project: so it stays inside.

    A target that goes up again after a name could leave through another link.
    """
    parts = [part for part in target.split("/") if part != "."]
    up = next((number for number, part in enumerate(parts) if part != ".."), len(parts))
    inside = not target.startswith("/") and up <= path.count("/")
    if not (target and inside and _is_plain("/".join(parts[up:]) or "here") and "\0" not in target):
        return False
    with suppress(OSError):
        (below / path).parent.mkdir(parents=True, exist_ok=True)
        if os.path.realpath((below / path).parent) == str((below / path).parent):
            (below / path).symlink_to(target)
            return True
    return False


def _copy(told: IO[bytes], take: Callable[[bytes], object]) -> None:
    """Take the content of the next object."""
    found = _HEADER.fullmatch(told.readline())
    if found is None:
        raise TreeUnread(_MISSING)
    left = int(found["size"])
    while left:
        piece = told.read(min(left, _PIECE))
        if not piece:
            raise TreeUnread(_MISSING)
        take(piece)
        left -= len(piece)
    told.read(1)


@contextmanager
def _asked(root: Path, blobs: Iterable[str], how: str) -> Iterator[IO[bytes]]:
    """Ask git for objects; it answers them one after the other."""
    with tempfile.TemporaryFile() as questions:
        questions.write("".join(f"{blob}\n" for blob in blobs).encode())
        questions.seek(0)
        with _git(root, ("cat-file", how), questions) as told:
            yield told


@contextmanager
def _git(root: Path, words: tuple[str, ...], questions: IO[bytes] | None = None) -> Iterator[IO[bytes]]:
    """Run git and read what it prints; it is stopped where nobody reads on. Raises TreeUnread."""
    try:
        process = subprocess.Popen(  # noqa: S603 - no shell reads the words
            git_command(root, *words),
            env=git_environment(),
            stdin=questions or subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError as error:
        raise TreeUnread("git cannot be run") from error
    with process:
        stream = process.stdout
        if stream is None:
            raise TreeUnread("git cannot be read")
        try:
            yield stream
            ended = not stream.read(1) and process.wait(_SECONDS) == 0
        except subprocess.TimeoutExpired:
            ended = False
        except BaseException:
            process.kill()
            raise
        if not ended:
            process.kill()
            raise TreeUnread(_MISSING)
