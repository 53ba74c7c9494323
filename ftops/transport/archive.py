"""Archives that are a function of what is in them: uncompressed zip files without times, sorted by name."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

_NO_TIME = (1980, 1, 1, 0, 0, 0)
"""The earliest time that the format has."""
_READABLE = 0o644 << 16
_CHUNK = 1 << 16


class _Readable(Protocol):
    def read(self, size: int = -1) -> bytes:
        """Read on, `size` bytes or fewer; nothing at the end."""


def archive(members: Mapping[str, bytes]) -> bytes:
    """Return an archive of these members, each by its path."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as opened:
        for name in sorted(members):
            opened.writestr(_entry(name), members[name])
    return sink.getvalue()


class Archived:
    """A stream as the only member of an archive, for sending: nothing of it is held back.

    `len` is the bytes that are still to be read: the archive's length is known before the stream is.
    """

    def __init__(self, stream: _Readable, name: str, size: int) -> None:
        """Wrap a stream of `size` bytes as the member `name`."""
        around = sum(map(len, _pieces(io.BytesIO(), name)))
        self.len = around + size
        self._pieces = _pieces(stream, name)
        self._waiting = b""

    def read(self, size: int = -1) -> bytes:
        """Read on, `size` bytes or fewer; nothing at the end. Raises what the stream raises."""
        while (size < 0 or len(self._waiting) < size) and (piece := next(self._pieces, None)) is not None:
            self._waiting += piece
        wanted = len(self._waiting) if size < 0 else size
        given, self._waiting = self._waiting[:wanted], self._waiting[wanted:]
        self.len -= len(given)
        return given


class _Pipe(io.RawIOBase):
    """Where the archive is written to: it cannot be wound back, so nothing of it is kept for that."""

    def __init__(self) -> None:
        super().__init__()
        self._held: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._held.append(bytes(data))
        return len(self._held[-1])

    def taken(self) -> bytes:
        """Return what was written since the last time."""
        taken = b"".join(self._held)
        self._held.clear()
        return taken


def _pieces(stream: _Readable, name: str) -> Iterator[bytes]:
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_STORED) as opened:
        with opened.open(_entry(name), "w") as member:
            while chunk := stream.read(_CHUNK):
                member.write(chunk)
                yield pipe.taken()
        yield pipe.taken()
    yield pipe.taken()


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _NO_TIME)
    entry.create_system = 3  # As on Unix, wherever it is made.
    entry.external_attr = _READABLE
    return entry
