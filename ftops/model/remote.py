"""Data stored elsewhere: its address, and the pin that says which bytes are meant."""

from __future__ import annotations

import hashlib
import re

from msgspec import Struct

CACHED = ".ftops/cache/data"
"""Project-relative. Copies of data stored elsewhere, each in a folder named by its pin.

Nothing is lost with it.
"""

_STEM = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_STEM = 60
_DIGITS_OF_PIN = 32
"""Hex digits of a folder's name: 128 bits, and short enough for a message."""


class Remote(Struct, frozen=True, gc=False):
    """A data file at an address, pinned: the same pin always means the same bytes.

    `sha256` is of the bytes; `version` and `etag` are an object store's own. An `hf://` address has its pin,
    a commit, inside.
    """

    url: str
    sha256: str | None = None
    version: str | None = None
    etag: str | None = None

    @property
    def scheme(self) -> str:
        """Which kind of place it is: `https`, `s3`, `gs`, `az` or `hf`."""
        return self.url.partition("://")[0]

    @property
    def pin(self) -> str:
        """Name the bytes that are meant. A digest names them wherever they lie."""
        if self.sha256 is not None:
            return f"sha256:{self.sha256}"
        told = (("version", self.version), ("etag", self.etag))
        return " ".join((self.url, *(f"{name}={value}" for name, value in told if value is not None)))

    @property
    def folder(self) -> str:
        """Return where its copy is kept: a project-relative folder of its own."""
        return f"{CACHED}/{hashlib.sha256(self.pin.encode()).hexdigest()[:_DIGITS_OF_PIN]}"

    @property
    def path(self) -> str:
        """Return the project-relative path of its copy; its last part, the source's, names the upload."""
        name = self.url.partition("?")[0].rpartition("/")[2]
        stem = _STEM.sub("-", name.rpartition(".")[0] or name).strip(".-")[:_LONGEST_STEM]
        return f"{self.folder}/{stem or 'data'}.jsonl"


def is_copy(path: str) -> bool:
    """Return whether a data path is that of a copy, and of nothing that a manifest names by its path."""
    return path.startswith(f"{CACHED}/")
