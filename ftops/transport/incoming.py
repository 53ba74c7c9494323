"""A file stored elsewhere, as it arrives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct, field

from ftops.errors import FtopsError


def _nothing() -> None:
    """Close nothing."""


class Unfinished(FtopsError):
    """A read that may succeed when it is tried again."""


class Gone(FtopsError):
    """A file that is not there. `status` is the server's answer and `headers` what it said with it."""

    def __init__(self, message: str, *, hint: str, status: int, headers: Mapping[str, str]) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.headers = headers


class Body(Struct, frozen=True):
    """A file as it arrives, from byte `start` on. `total` is its whole size, None if unknown.

    `told` are the headers of the first answer, before any redirect. One that is not `resumable` is restarted
    if it breaks. `close` ends what is not read to its end.
    """

    start: int
    total: int | None
    pieces: Iterator[bytes]
    resumable: bool = True
    told: Mapping[str, str] = field(default_factory=dict)
    close: Callable[[], None] = _nothing
