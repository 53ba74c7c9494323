"""The lines at the end of standard error that are drawn again and again, while others write there as well."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import click


class Drawn:
    """Lines that are erased before anything else is written: else that would be erased in their place."""

    def __init__(self) -> None:
        self._lines = 0
        self._lock = threading.RLock()

    def erase(self) -> None:
        """Take the lines away, if there are any; they are drawn again when there is news of them."""
        with self._lock:
            if self._lines:
                click.echo(f"\x1b[{self._lines}A\x1b[J", nl=False, err=True, color=True)
            self._lines = 0

    def draw(self, lines: Sequence[str]) -> None:
        """Draw lines, none of them wider than the terminal, in place of those before."""
        with self._lock:
            self.erase()
            for line in lines:
                click.echo(line, err=True)
            self._lines = len(lines)

    def above(self, text: str) -> None:
        """Write a line that stays."""
        with self._lock:
            self.erase()
            click.echo(text, err=True)


PROGRESS = Drawn()
"""How far the jobs of a wait are: there is one terminal, and one wait at a time."""
