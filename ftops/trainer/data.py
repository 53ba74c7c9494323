"""Where a data file is, and that it is the one that was planned."""

from __future__ import annotations

import hashlib
import os
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from .codes import Refused
from .job import DataFile

_CHUNK = 1 << 20
_SECONDS = 60.0
"""Of silence, after which a download is given up."""


def found(file: DataFile, output: Path) -> Path:
    """Return the data file on this node, its digest checked. Raises Refused."""
    path = _downloaded(file, output) if "://" in file.path else _located(file.path)
    try:
        digest = file_sha256(path)
    except OSError as error:
        words = f"the data file {path} cannot be read: {error.strerror}"
        raise Refused("data_refused", words, "make it readable on every node") from error
    if digest != file.sha256:
        words = f"the data file {file.path} has sha256 {digest[:12]}, and {file.sha256[:12]} was planned"
        raise Refused(
            "digest_mismatch", words, "copy the project's file to the nodes again, then train again"
        )
    return path


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _located(path: str) -> Path:
    """Look in the working directory, then where Python looks: an engine adds folders to PYTHONPATH."""
    for folder in _folders():
        if (folder / path).is_file():
            return folder / path
    looked = (
        "on this node" if Path(path).is_absolute() else "in the working directory or any folder of PYTHONPATH"
    )
    raise Refused(
        "data_refused", f"the data file {path} is not {looked}", "put it under trainer.data on every node"
    )


def _folders() -> Iterator[Path]:
    yield Path()
    told = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    yield from (Path(folder) for folder in (*told, *sys.path) if folder)


def _downloaded(file: DataFile, output: Path) -> Path:
    target = output / "data" / f"{file.sha256}.jsonl"
    if target.exists() and file_sha256(target) == file.sha256:
        return target
    hint = "use a path that every node can read, or an http(s) URL"
    if not file.path.startswith(("http://", "https://")):
        raise Refused("data_refused", f"the data file {file.path} is neither a path nor an http(s) URL", hint)
    # Several processes of one training may fetch it at once: each has a file of its own until it is whole.
    part = target.with_suffix(f".{os.getpid()}")
    try:
        target.parent.mkdir(exist_ok=True)
        with (
            urllib.request.urlopen(file.path, timeout=_SECONDS) as reply,  # noqa: S310 # checked above
            part.open("wb") as kept,
        ):
            while chunk := reply.read(_CHUNK):
                kept.write(chunk)
        part.replace(target)
    except (OSError, ValueError) as error:
        words = f"the data file {file.path} cannot be fetched: {error}"
        raise Refused("data_refused", words, hint) from error
    return target
