"""What the one-file report shows of a summary, in words: cells of tables, what is left out.

All of it is text; the templates place it and escape it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from ftops.model.data_difference import RowSample
from ftops.model.finetune import Source
from ftops.model.review import CostEstimate, Warned
from ftops.report.html_graph import Drawing, draw
from ftops.report.html_tiles import Tile, progress_words, tiles_of, when_words
from ftops.report.money import NOTHING_PAID, UNKNOWN, about_range, money, money_range
from ftops.report.summary import IDLE, Node, Row, Summary, Word
from ftops.report.words import counted

MOST_CHANGES = 1000
"""Of more, those that train nothing are only counted, and chains are left out."""
_MOST_BULLETS = 5
_MOST_NAMES = 3
_OPTION = re.compile(r"(--[a-z-]{2,20}(?: [a-z_]{1,20}=[\w.]{1,12})?)")
_DIGITS = 8
"""Of a digest, for a person to compare."""


class Line(Struct, frozen=True):
    """One row of the table of changes; `stops` is empty where it stops nothing."""

    word: Word
    name: str
    depth: int
    where: str
    why: str
    stops: str
    trains: str
    cost: str


class Total(Struct, frozen=True):
    """The last row of the table: all trainings."""

    trainings: str
    when: str
    cost: str


class Page(Struct, frozen=True):
    """A summary as the report shows it; what is empty is not shown. `trained` are names."""

    summary: Summary
    tiles: tuple[Tile, ...]
    lines: tuple[Line, ...]
    pending: tuple[Line, ...]
    total: Total | None
    left_out: str
    staying: str
    drawing: Drawing
    trained: frozenset[str]
    digest: str


def page_of(summary: Summary) -> Page:
    """Return what the report shows of a summary."""
    many = len(summary.rows) + len(summary.pending) > MOST_CHANGES
    rows, pending = (_listed(rows) if many else rows for rows in (summary.rows, summary.pending))
    hidden = len(summary.rows) + len(summary.pending) - len(rows) - len(pending)
    several = len({row.provider for row in (*rows, *pending) if row.provider}) > 1
    return Page(
        summary,
        tuple(tiles_of(summary)) if rows or pending else (),
        tuple(_line(row, summary, several=several) for row in rows),
        tuple(_line(row, summary, several=several) for row in pending),
        _total(summary) if summary.total.trainings > 1 else None,
        _left_out(hidden) if many else "",
        _staying(summary),
        Drawing() if many else draw(summary.chains),
        frozenset(row.name for row in (*summary.rows, *summary.pending) if row.pays),
        summary.origin.digest.removeprefix("sha256:")[:_DIGITS],
    )


def _listed(rows: Sequence[Row]) -> tuple[Row, ...]:
    return tuple(row for row in rows if row.word not in (Word.FORGET, Word.UPDATE))


def _left_out(hidden: int) -> str:
    only = f" {hidden:,} that only update or forget a record are not listed, and" if hidden else ""
    return f"These are more than {MOST_CHANGES:,} changes:{only} chains are not drawn."


def _staying(summary: Summary) -> str:
    counts = summary.counts
    parts = []
    if counts.kept:
        verb = "stays as it is" if counts.kept == 1 else "stay as they are"
        parts.append(f"{counts.kept:,} of {counted(counts.fine_tunes, 'fine-tune')} {verb}.")
    if counts.unmanaged:
        parts.append(f"{counted(counts.unmanaged, 'other job')} at the provider, not touched.")
    if summary.rows or summary.pending:
        parts.append("Every finished model stays at its provider.")
    return " ".join(parts)


def _line(row: Row, summary: Summary, *, several: bool) -> Line:
    gone = "no longer declared" if row.word is Word.FORGET else ""
    where = [place(row.source) or gone, f"at {row.provider}" if several and row.provider else ""]
    # A clause that was cut is written in full: there is room.
    why = row.message if row.why.endswith("…") and row.message else row.why
    return Line(
        row.word,
        row.name,
        row.depth,
        ", ".join(part for part in where if part),
        why,
        _stopped(row, summary),
        row.trains,
        row_cost(row.cost, pays=row.pays),
    )


def _stopped(row: Row, summary: Summary) -> str:
    if row.stops is None or summary.offline:
        return ""
    spent = row.stopped.spent if row.stopped else None
    lost = f"; {about_range(spent)} is spent on it and lost" if spent is not None else ""
    return f"stops its running job{progress_words(row)}{lost}"


def row_cost(cost: CostEstimate | None, *, pays: bool) -> str:
    """Write a cost in a column, where "about" is left out."""
    if not pays:
        return NOTHING_PAID
    return UNKNOWN if cost is None else money_range(cost)


def node_words(node: Node | None) -> str:
    """Say what becomes of a node, and for how much."""
    if node is None:
        return "base model"
    if node.word is None:
        return "unchanged"
    return f"{node.word}, {row_cost(node.cost, pays=True)}" if node.pays else str(node.word)


def _total(summary: Summary) -> Total:
    total = summary.total
    dark = f"{total.unknown} of {total.trainings} unknown" if total.unknown else ""
    when = "; ".join(part for part in (when_words(summary), dark) if part)
    known = total.known
    cost = UNKNOWN if known is None else f"at least {money(known.low)}" if dark else money_range(known)
    return Total(counted(total.trainings, "training"), when, cost)


def place(source: Source | None) -> str:
    """Write where something is declared, nothing where that is nowhere."""
    if source is None:
        return ""
    return f"{source.file}:{source.line}" if source.line else source.file


def names_words(names: Sequence[str]) -> str:
    """Name a few, and count the rest."""
    shown = ", ".join(names[:_MOST_NAMES])
    return f"{shown} and {len(names) - _MOST_NAMES:,} more" if len(names) > _MOST_NAMES else shown


def is_done(rows: Sequence[Row]) -> bool:
    """Return whether an apply does any of these: what is held or waits stays as it is."""
    return any(row.word not in IDLE for row in rows)


def warning_words(warned: Warned) -> str:
    """Name the fine-tunes that a warning is about, unless it does so itself."""
    first = next(iter(warned.names), "")
    named = warned.message.startswith((f"{first}:", f"{first},", f"{first} "))
    if not first or named or f" for {first} " in warned.message:
        return warned.message
    return f"{names_words(warned.names)}: {warned.message}"


def unlisted(summary: Summary) -> int:
    """Count the rules that refuse and for which the head of the page has no room."""
    return max(0, len(summary.alert.bullets) - _MOST_BULLETS) if summary.alert else 0


def row_words(sample: RowSample) -> str:
    """Say which row it is, what happened to it, and where in it."""
    number = sample.after if sample.after is not None else sample.before
    places = ", ".join(part.place for part in sample.parts)
    return f"row {number} {sample.kind}{f', {places}' if places else ''}"


def pieces(text: str) -> list[str]:
    """Split text so that every second piece is an option of a command, which a line must not end in."""
    return _OPTION.split(text)
