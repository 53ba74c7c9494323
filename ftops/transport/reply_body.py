"""The body of a reply: decompressed as it arrives, and never more than memory is meant to hold."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from typing import Protocol

from ftops.transport.deadline import ending_by

LONGEST_LINE = 2**20
"""Bytes of one line of a stream."""

PACKINGS = ("gzip", "x-gzip", "deflate")
SLOWEST = 65_536.0
"""Bytes a second: a body is given this much more time, since a slow line is no fault."""

_PIECE = 2**16
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS


class BadBody(ValueError):
    """A body that cannot be read: too large, cut short, or compressed in a way that was not asked for."""


class TooLarge(BadBody):
    """A body that is larger than was expected."""


class Raw(Protocol):
    """What comes from a connection, packed as it was sent."""

    def read1(self, amt: int, decode_content: bool) -> bytes:
        """Read what is there, at most `amt` bytes; waits for the first of them."""


def read_whole(raw: Raw, headers: Mapping[str, str], largest: int, until: float) -> bytes:
    """Read a body to its end. Raises BadBody, and what the connection raises.

    It has to be there at `until` (monotonic seconds), and what has come so far is given the time of a slow
    line beside: a large body may take long, one that drips may not.
    """
    found = bytearray()
    pieces = _pieces(raw, headers)
    while True:
        with ending_by(until + len(found) / SLOWEST):
            piece = next(pieces, None)
        if piece is None:
            return bytes(found)
        found += piece
        if len(found) > largest:
            raise TooLarge(f"it is larger than {_size(largest)}")


def read_pieces(raw: Raw, headers: Mapping[str, str], until: float) -> Iterator[bytes]:
    """Yield a body as it comes, however large; one that drips ends as in `read_whole`."""
    pieces, count = _pieces(raw, headers), 0
    while True:
        with ending_by(until + count / SLOWEST):
            piece = next(pieces, None)
        if piece is None:
            return
        count += len(piece)
        yield piece


def _size(count: int) -> str:
    return f"{count // 2**20} MiB" if count >= 2**20 else f"{count} bytes"


def read_start(raw: Raw, headers: Mapping[str, str]) -> bytes:
    """Read as much as the words of an error can need; of a body that breaks off, return what came."""
    found = bytearray()
    try:
        for piece in _pieces(raw, headers):
            found += piece
            if len(found) > _PIECE:
                break
    except BadBody:
        pass
    return bytes(found)


def read_lines(raw: Raw, headers: Mapping[str, str]) -> Iterator[bytes]:
    """Yield each line when it has come, without its line break, and what follows the last one."""
    rest = b""
    for piece in _pieces(raw, headers):
        *lines, rest = (rest + piece).split(b"\n")
        if len(rest) > LONGEST_LINE:
            raise BadBody(f"a line of it is longer than {LONGEST_LINE // 2**20} MiB")
        yield from (line.removesuffix(b"\r") for line in lines)
    if rest:
        yield rest


def _pieces(raw: Raw, headers: Mapping[str, str]) -> Iterator[bytes]:
    packing = headers.get("content-encoding", "identity").strip().lower() or "identity"
    received = iter(lambda: raw.read1(_PIECE, decode_content=False), b"")
    if packing == "identity":
        return received
    if packing not in PACKINGS:
        raise BadBody(f"it is compressed as {packing[:40]!r}, which was not asked for")
    return _unpacked(received)


def _unpacked(packed: Iterator[bytes]) -> Iterator[bytes]:
    """Decompress in small steps: a few bytes may become a thousand times as many."""
    unpacker = zlib.decompressobj(_GZIP_OR_ZLIB)
    empty = True
    try:
        for piece in packed:
            rest = piece
            while rest:
                if unpacker.eof:
                    unpacker = zlib.decompressobj(_GZIP_OR_ZLIB)
                empty = False
                yield unpacker.decompress(rest, _PIECE)
                rest = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
        yield unpacker.flush()
    except zlib.error as error:
        raise BadBody("it cannot be decompressed") from error
    if not (unpacker.eof or empty):
        raise BadBody("it ends in the middle of the compressed data")
