"""Nothing that a command prints holds a secret, whichever command and whoever wrote the text."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TextIO, cast

from ftops.cli.streams import GuardedStream
from ftops.files.ci import in_ci
from ftops.transport.secret import Vault

_CURRENT: ContextVar[Vault] = ContextVar("vault")


def current_vault() -> Vault:
    """Return the vault of this command line; one that knows nothing outside of any."""
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
    calm_out, calm_err = _calm(), _calm()

    def refused(text: str) -> str:
        vault.refuse(text, "the output")
        return calm_out(text)

    def blanked(text: str) -> str:
        return calm_err(vault.blank(text))

    sys.stdout = cast("TextIO", GuardedStream(out, refused))
    sys.stderr = cast("TextIO", GuardedStream(err, blanked))
    try:
        yield vault
    finally:
        sys.stdout, sys.stderr = out, err
        _CURRENT.reset(token)


def _calm() -> Callable[[str], str]:
    """Return what makes a stream say nothing that a runner obeys; outside CI it may say anything."""
    if not in_ci(os.environ):
        return _as_it_is
    from ftops.cli.neutralizer import Neutralizer

    return Neutralizer()


def _as_it_is(text: str) -> str:
    return text
