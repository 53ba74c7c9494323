"""Nothing that a command prints holds a secret, whichever command and whoever wrote the text."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TextIO, cast

from ftops.cli.streams import GuardedStream, Sink
from ftops.files.ci import in_ci
from ftops.transport.secret import Vault

if TYPE_CHECKING:
    from ftops.errors import Problem

_CURRENT: ContextVar[Vault] = ContextVar("vault")
_BARE: ContextVar[TextIO | None] = ContextVar("bare", default=None)


def current_vault() -> Vault:
    """Return the vault of this command line; one that knows nothing outside of any."""
    return _CURRENT.get(Vault())


def blanked_problems(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return problems without secrets: a document that holds one is refused whole."""
    from msgspec.structs import asdict

    from ftops.errors import Problem

    blank = current_vault().blank

    def blanked(problem: Problem) -> Problem:
        members: dict[str, Any] = asdict(problem)
        written = {name: blank(one) for name, one in members.items() if isinstance(one, str)}
        return Problem(**{**members, **written})

    return tuple(map(blanked, problems))


def print_commands(lines: Iterable[str]) -> None:
    """Print commands of ours that a CI runner is to obey, one a line: nothing calms these.

    Whoever makes them has written a stranger's text so that it ends no line and begins no command.
    """
    text = "".join(f"{line}\n" for line in lines)
    current_vault().refuse(text, "the output")
    sys.stdout.flush()
    bare = _BARE.get() or sys.stdout
    sink = sys.stdout.sink if isinstance(sys.stdout, GuardedStream) else Sink()
    sink.attempt(bare, lambda: bare.write(text))


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
    bare = _BARE.set(out)
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
        _BARE.reset(bare)


def _calm() -> Callable[[str], str]:
    """Return what makes a stream say nothing that a runner obeys; outside CI it may say anything."""
    if not in_ci(os.environ):
        return _as_it_is
    from ftops.cli.neutralizer import Neutralizer

    return Neutralizer()


def _as_it_is(text: str) -> str:
    return text
