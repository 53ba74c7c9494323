"""Nothing that a command prints holds a secret, whichever command and whoever wrote the text."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, BinaryIO, TextIO, cast

from ftops.cli.neutralizer import Neutralizer
from ftops.files.confinement import in_ci
from ftops.transport.secret import Vault

_CURRENT: ContextVar[Vault] = ContextVar("vault")


def current_vault() -> Vault:
    """Give the vault of this command line; one that knows nothing outside of any."""
    return _CURRENT.get(Vault())


@contextmanager
def secrecy() -> Iterator[Vault]:
    """Guard both streams for the time of one command: everything that ftops prints goes through here.

    A document on stdout that would show a secret is refused whole. A message on stderr is blanked: it must
    reach the user, and often comes in the middle of work that has to be finished. In CI neither says anything
    that a runner would obey.
    """
    vault = Vault()
    token = _CURRENT.set(vault)
    out, err = sys.stdout, sys.stderr
    ci = in_ci(os.environ)
    calm_out, calm_err = (Neutralizer(), Neutralizer()) if ci else (_as_it_is, _as_it_is)

    def refused(text: str) -> str:
        vault.refuse(text, "the output")
        return calm_out(text)

    def blanked(text: str) -> str:
        return calm_err(vault.blank(text))

    sys.stdout = cast("TextIO", _GuardedStream(out, refused))
    sys.stderr = cast("TextIO", _GuardedStream(err, blanked))
    try:
        yield vault
    finally:
        sys.stdout, sys.stderr = out, err
        _CURRENT.reset(token)


def _is_text(data: bytes) -> bool:
    try:
        bytes(data).decode()
    except UnicodeDecodeError:
        return False
    return True


def _as_it_is(text: str) -> str:
    return text


class BlankingFilter(logging.Filter):
    """Takes secrets out of log records, arguments and tracebacks included."""

    def __init__(self, vault: Vault) -> None:
        super().__init__()
        self._vault = vault

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, blanked."""
        record.msg, record.args = self._vault.blank(record.getMessage()), ()
        if record.exc_info:
            record.exc_text = self._vault.blank(logging.Formatter().formatException(record.exc_info))
        return True


class _GuardedStream:
    """A text stream whose every write is looked at first; all else is the stream's own."""

    def __init__(self, stream: TextIO, look: Callable[[str], str]) -> None:
        self._stream = stream
        self._look = look

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError("a text stream takes text")
        self._stream.write(self._look(text))
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        for line in lines:
            self.write(line)

    @property
    def buffer(self) -> _GuardedBytes:
        """The bytes below, guarded alike."""
        return _GuardedBytes(self._stream.buffer, self._look)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _GuardedBytes:
    """A binary stream whose every write is looked at as text; of other bytes only secrets are refused."""

    def __init__(self, stream: BinaryIO, look: Callable[[str], str]) -> None:
        self._stream = stream
        self._look = look

    def write(self, data: bytes) -> int:
        if isinstance(data, str):
            raise TypeError("a binary stream takes bytes")
        looked = self._look(bytes(data).decode("utf-8", "replace"))
        self._stream.write(looked.encode() if _is_text(data) else data)
        return len(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
