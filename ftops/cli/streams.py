"""The streams of a command: a closed one, or one whose reader has gone, changes neither work nor exit code.

An apply whose output goes to `head` has to finish what it pays for. So what cannot be written is dropped, and
the command continues; what is lost for another reason than a reader who left is said once, at the end.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, BinaryIO, TextIO


def fill_closed_descriptors() -> None:
    """Open what was closed at the start of 0, 1 and 2 to nowhere.

    Else the next file, such as the state, would become the standard output.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            flags = os.O_RDONLY if mode == "r" else os.O_WRONLY
            opened = os.open(os.devnull, flags)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 - it stays


class Sink:
    """Whether a stream still takes what is written. `trouble` is why it does not, unless its reader left."""

    def __init__(self) -> None:
        self.gone = False
        self.trouble: OSError | None = None

    def attempt(self, stream: Any, write: Callable[[], object]) -> None:
        """Write, unless an earlier write has failed."""
        if self.gone:
            return
        try:
            write()
        except OSError as error:
            self._lose(stream, error)

    def _lose(self, stream: Any, error: OSError) -> None:
        """Discard everything from now on; what is buffered would fail again at exit."""
        self.gone = True
        if not isinstance(error, BrokenPipeError):
            self.trouble = error
        with suppress(OSError, ValueError, AttributeError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)


class GuardedStream:
    """A text stream whose writes are all checked first; the rest is the stream's own."""

    def __init__(self, stream: TextIO, look: Callable[[str], str]) -> None:
        self._stream = stream
        self._look = look
        self.sink = Sink()

    def write(self, text: str) -> int:
        """Write what the check leaves of a text."""
        if not isinstance(text, str):
            raise TypeError("a text stream takes text")
        looked = self._look(text)
        self.sink.attempt(self._stream, lambda: self._stream.write(looked))
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        """Write lines."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Send on what is buffered."""
        self.sink.attempt(self._stream, self._stream.flush)

    @property
    def buffer(self) -> _GuardedBytes:
        """The underlying bytes, guarded as well."""
        return _GuardedBytes(self._stream.buffer, self._look, self.sink)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _GuardedBytes:
    """A binary stream whose writes are all checked as text; in other bytes only secrets are refused."""

    def __init__(self, stream: BinaryIO, look: Callable[[str], str], sink: Sink) -> None:
        self._stream = stream
        self._look = look
        self._sink = sink

    def write(self, data: bytes) -> int:
        if isinstance(data, str):
            raise TypeError("a binary stream takes bytes")
        looked = self._look(bytes(data).decode("utf-8", "replace"))
        sent = looked.encode() if _is_text(data) else data
        self._sink.attempt(self._stream, lambda: self._stream.write(sent))
        return len(data)

    def flush(self) -> None:
        self._sink.attempt(self._stream, self._stream.flush)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _is_text(data: bytes) -> bool:
    try:
        bytes(data).decode()
    except UnicodeDecodeError:
        return False
    return True


def reader_gone() -> bool:
    """Return whether nobody reads standard output any more: an endless display can end."""
    return isinstance(sys.stdout, GuardedStream) and sys.stdout.sink.gone


def output_trouble() -> OSError | None:
    """Return why output was lost, None where it was not, or where its reader had left."""
    return sys.stdout.sink.trouble if isinstance(sys.stdout, GuardedStream) else None
