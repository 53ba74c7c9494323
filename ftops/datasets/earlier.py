"""The rows that were trained on, by the digest of all of them: out of git, else by the digests kept here.

A version in git is used only if its rows have exactly the recorded digest.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from ftops.datasets.row_digests import TooMuch, Version, opening, read_version
from ftops.errors import FtopsError
from ftops.files.kept_rows import is_kept, keep_rows, kept_rows
from ftops.files.versions import FileVersion, opened, version_at, versions
from ftops.model.dataset import Dataset

MOST_BYTES = 1024 * 1024 * 1024
"""Of versions in git that are read to find one, all of them together."""


def trained_rows(
    root: Path, path: str, sha256: str, applied: str | None = None, most_bytes: int = MOST_BYTES
) -> Version | None:
    """Return the version of a project's file whose rows have this digest; None where nothing here has it.

    `applied` is the commit that was applied last: most often the one that has it.
    """
    found = _in_git(root, path, sha256, applied, most_bytes)
    if found is not None:
        return found
    digests = kept_rows(root, sha256)
    return None if digests is None else Version("the rows that were kept", sha256, digests)


def version_in_git(root: Path, version: FileVersion, most_bytes: int | None = None) -> Version:
    """Read a version that git has. Raises OSError, TooMuch and FtopsError."""
    return read_version(version.where, partial(opened, root, version), most_bytes)


def keep_trained(root: Path, dataset: Dataset) -> None:
    """Keep the digests of a file's rows, unless it is another file by now. Raises nothing."""
    if is_kept(root, dataset.sha256):
        return
    try:
        version = read_version(dataset.path, opening(root / dataset.path))
    except (OSError, FtopsError):
        return
    if version.sha256 == dataset.sha256:
        keep_rows(root, dataset.sha256, version.digests)


def _in_git(root: Path, path: str, sha256: str, applied: str | None, most_bytes: int) -> Version | None:
    left = most_bytes
    for candidate in _candidates(root, path, applied):
        try:
            version = version_in_git(root, candidate, left)
        except (OSError, FtopsError):
            continue
        except TooMuch:
            return None
        if version.sha256 == sha256:
            return version
        left -= version.bytes
    return None


def _candidates(root: Path, path: str, applied: str | None) -> Iterator[FileVersion]:
    """Yield versions, the likeliest first, each once."""
    last = version_at(root, applied, path) if applied else None
    if last is not None:
        yield last
    yield from (one for one in versions(root, path) if last is None or one.blob != last.blob)
