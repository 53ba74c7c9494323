"""The versions of one file that git has: of its history, as far as that is looked at, and at a revision."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from msgspec import Struct

from ftops.files.commits import git_command, git_environment, git_output

MOST_COMMITS = 100
"""Commits with another version of one file that are looked at, newest first."""

_SECONDS = 10.0
"""For git to end once it has been read, or is not wanted any more."""

_SHOWN = 10
"""Digits of a commit's id that name it to a person."""


class FileVersion(Struct, frozen=True):
    """A version of a file: the object that git has it as, and a commit that has it."""

    blob: str
    commit: str

    @property
    def where(self) -> str:
        """Name the commit to a person."""
        return f"commit {self.commit[:_SHOWN]}"


def commit_named(root: Path, revision: str) -> str | None:
    """Return the id of the commit that a person's revision names; None where there is none, or no git."""
    if revision.startswith("-") or not revision.isprintable():
        return None
    return _line(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")


def version_at(root: Path, commit: str, path: str) -> FileVersion | None:
    """Return the version of a project's file at a commit, by its id; None where it had none."""
    blob = _line(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}:./{path}")
    kind = _line(root, "cat-file", "-t", blob) if blob else None
    return FileVersion(blob, commit) if blob and kind == "blob" else None


def versions(root: Path, path: str) -> Iterator[FileVersion]:
    """Yield the versions in the history of a project's file, newest first, renames followed, each once.

    None where git, or the file in it, is not there; in a shallow clone history is shorter than it was.
    """
    options = ("--format=%H", "--no-show-signature", "--no-color", "--raw", "--no-abbrev", "--follow")
    printed = (
        git_output(root, "--literal-pathspecs", "log", *options, f"--max-count={MOST_COMMITS}", "--", path)
        or b""
    )
    commit, seen = "", set()
    for line in printed.decode("ascii", "replace").splitlines():
        if not line.startswith(":"):
            commit = line.strip() or commit
            continue
        blob = line.split()[3]
        if blob.strip("0") and blob not in seen:
            seen.add(blob)
            yield FileVersion(blob, commit)


@contextmanager
def opened(root: Path, version: FileVersion) -> Iterator[IO[bytes]]:
    """Open the content of a version, as a stream. Raises OSError where git does not have it.

    A partial clone does not fetch it: looking must not need a network.
    """
    command = git_command(root, "cat-file", "blob", version.blob)
    with subprocess.Popen(  # noqa: S603 - no shell reads the words
        command,
        env=git_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        stream = process.stdout
        if stream is None:
            raise OSError("git cannot be read")
        try:
            yield stream
            ended = not stream.read(1)
        except BaseException:
            process.kill()
            raise
        if not ended:
            process.kill()
        elif process.wait(_SECONDS):
            raise OSError(f"git does not have {version.where} of it here")


def _line(root: Path, *arguments: str) -> str | None:
    printed = git_output(root, *arguments)
    return None if printed is None else printed.decode("ascii", "replace").strip() or None
