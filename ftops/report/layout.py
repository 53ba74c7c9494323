"""How text is laid out on a terminal: lines that fit its width, and cells in columns."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator, Sequence

from ftops.report.words import cut, display_width, printable

NARROWEST = 40
USUAL = 100
GAP = 2
_NARROWEST_CELL = 20
"""Less room than this for the last column says nothing."""


def wrapped(text: str, width: int, indent: str, hang: int = 0) -> Iterator[str]:
    """Yield text in lines of at most `width` columns; `hang` more are left blank after the first."""
    line = printable(text)
    if line and line.strip() == line and len(indent) + len(line) <= width:
        yield indent + line
        return
    yield from textwrap.wrap(
        line,
        width,
        initial_indent=indent,
        subsequent_indent=indent + " " * hang,
        # Only a word that has no room on a line of its own is broken; ids and paths stay whole elsewhere.
        break_long_words=True,
        break_on_hyphens=False,
    )


def edges(left: str, right: str, width: int) -> tuple[str, ...]:
    """Put one text at each edge of a line; where it has no room for both, in two lines."""
    blank = width - display_width(left) - display_width(right)
    if not right or not left:
        return (" " * max(0, blank) + right if right else left,)
    if blank < GAP:
        return (left, *edges("", right, width))
    return (left + " " * blank + right,)


def narrowed(table: Sequence[tuple[str, ...]], choices: Sequence[Sequence[str]], width: int | None) -> str:
    """Align cells, without the columns of the first of the choices, sets of titles, that makes them fit."""
    titles = table[0]
    kept = [[n for n, title in enumerate(titles) if title not in left_out] for left_out in choices]
    drawn = [[tuple(row[number] for number in choice) for row in table] for choice in kept]
    fitting = (one for one in drawn if _room(one, width) >= _NARROWEST_CELL)
    return columns(next(fitting, drawn[0]), width=width)


def columns(table: Sequence[tuple[str, ...]], *, width: int | None = None) -> str:
    """Align cells. Where the table is wider than `width`, each row becomes a paragraph of its cells."""
    clean = [[printable(cell) for cell in row] for row in table]
    if not clean:
        return ""
    widths = [max(display_width(row[column]) for row in clean) for column in range(len(clean[0]))]
    if width is not None:
        width = max(width, NARROWEST)
        room = _room(table, width)
        if room < _NARROWEST_CELL:
            return _paragraphs(clean, width)
        clean = [[*row[:-1], cut(row[-1], room)] for row in clean]
    gap = " " * GAP
    lines = (
        gap.join(cell + " " * (width - display_width(cell)) for cell, width in zip(row, widths, strict=True))
        for row in clean
    )
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _room(table: Sequence[Sequence[str]], width: int | None) -> int:
    """Return how many columns of the terminal are left for the last cell of a row; all, without a width."""
    if width is None:
        return sys.maxsize
    others = [
        max(display_width(printable(row[column])) for row in table) for column in range(len(table[0]) - 1)
    ]
    return max(width, NARROWEST) - sum(others) - GAP * len(others)


def _paragraphs(table: Sequence[Sequence[str]], width: int) -> str:
    """Draw rows below each other where there is no room side by side; the first row has the titles."""
    titles, *rows = table
    lines: list[str] = []
    for row in rows:
        lines += wrapped(row[0], width, "")
        for title, cell in zip(titles[1:], row[1:], strict=True):
            lines += wrapped(f"{title.lower()} {cell}", width, "  ", hang=2) if cell not in ("", "-") else ()
    return "\n".join(lines) + "\n"
