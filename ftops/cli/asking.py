"""Consent on a terminal: says what will be done, and asks."""

from __future__ import annotations

import sys

import click

from ftops.api.state_edit import Consent
from ftops.cli.signals import confirm
from ftops.errors import FtopsError
from ftops.report.words import printable


def can_ask(*, yes: bool) -> None:
    """Refuse, before anything is looked at, to ask where nobody can answer."""
    if not yes and not sys.stdin.isatty():
        raise click.UsageError("there is no terminal to answer on: pass --yes")


def consent(*, yes: bool, declined: str = "not done") -> Consent:
    """Return what says what will be done and, without --yes, asks; a No is an error, as a script wants it."""

    def ask(words: str) -> None:
        # The words may quote what others wrote into the store, such as who holds its lock.
        for line in words.split("\n"):
            click.echo(printable(line))
        if not yes and not confirm("Continue?"):
            raise FtopsError(declined, hint="nothing was changed")

    return ask
