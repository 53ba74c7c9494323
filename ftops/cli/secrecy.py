"""Nothing that a command prints holds a secret, whichever command and whoever wrote the text."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TextIO, cast

from ftops.model.secret import Vault

_CURRENT: ContextVar[Vault] = ContextVar("vault")


def current_vault() -> Vault:
    """Give the vault of this command line; one that knows nothing outside of any."""
    return _CURRENT.get(Vault())


@contextmanager
def secrecy() -> Iterator[Vault]:
    """Guard both streams for the time of one command.

    A document on stdout that would show a secret is refused whole. A message on stderr is blanked: it must
    reach the user, and often comes in the middle of work that has to be finished.
    """
    vault = Vault()
    token = _CURRENT.set(vault)
    out, err = sys.stdout, sys.stderr

    def refused(text: str) -> str:
        vault.refuse(text, "the output")
        return text

    sys.stdout = cast("TextIO", _GuardedStream(out, refused))
    sys.stderr = cast("TextIO", _GuardedStream(err, vault.blank))
    try:
        yield vault
    finally:
        sys.stdout, sys.stderr = out, err
        _CURRENT.reset(token)


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

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
