"""A part of a terminal that is drawn again in place: the one door to rich, imported only where one is.

Rich counts lines, redraws in one write so that nothing flickers, and hides the cursor until the end.
"""

from __future__ import annotations

from types import TracebackType
from typing import Self, TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text


class Redrawn:
    """Lines at the end of a terminal that each text replaces; the last one stays when it is left.

    What others write meanwhile to standard output or error appears above it.
    """

    def __init__(self, stream: TextIO) -> None:
        # What is coloured is decided elsewhere; rich only carries it.
        self._console = Console(file=stream, highlight=False, markup=False, emoji=False, no_color=False)
        self._live = Live(console=self._console, auto_refresh=False, vertical_overflow="crop")

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.__exit__(kind, error, trace)

    def show(self, text: str) -> None:
        """Draw a text in place of the one before."""
        drawn = Text.from_ansi(text.rstrip("\n"), no_wrap=True, overflow="crop", end="")
        self._live.update(drawn, refresh=True)
