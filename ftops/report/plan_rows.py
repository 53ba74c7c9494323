"""The changes of a plan as lines of a terminal: money at the right edge, followers under their base."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct, field

from ftops.model.json_value import JSON
from ftops.report.data_words import what_changed
from ftops.report.layout import GAP, wrapped
from ftops.report.money import UNKNOWN, about_range, money_range
from ftops.report.summary import SIGNS, Data, Row, Setting, Summary, Word
from ftops.report.summary_rows import MOST_OF_A_CLAUSE
from ftops.report.words import Styler, cut, display_width, percent, printable

PLACES_FROM = 100
"""Columns from which on there is room for where a fine-tune is declared."""

_INDENT = "    "
_WORD = max(map(len, Word))
_RECORDS = frozenset({Word.ADOPT, Word.UPDATE, Word.FORGET})
_NOTHING = "nothing is paid"
_LEAST_NAME = 8
_BESIDE = ("other ", "starts from ")
"""How clauses of a cause begin that are neither of a setting nor of rows that were compared."""


class Paper(Struct, frozen=True):
    """What a plan is drawn on."""

    width: int
    style: Styler


class _Known(Struct, frozen=True):
    """What a summary knows of fine-tunes beside their rows, by name."""

    settings: Mapping[str, Sequence[Setting]] = field(default_factory=dict)
    data: Mapping[str, Sequence[Data]] = field(default_factory=dict)
    models: Mapping[str, str] = field(default_factory=dict)


def change_blocks(summary: Summary, paper: Paper) -> Iterator[str]:
    """Yield a block of lines for each change with all that follows from it; records alone share one."""
    known = _known(summary)
    block: list[str] = []
    together = False
    for row in summary.rows:
        short = row.word in _RECORDS
        if row.depth == 0 and block and not (short and together):
            yield "\n".join(block)
            block = []
        block += _root(row, known, paper) if row.depth == 0 else _follower(row, known, paper)
        together = short
    if block:
        yield "\n".join(block)


def pending_block(summary: Summary, paper: Paper) -> Iterator[str]:
    """Yield what was to be done already where the branch began: a line each."""
    if summary.pending:
        where = printable(summary.origin.ref or "the base")
        lines = [paper.style(f"Pending already on {where}, not brought by this branch:", "bold")]
        for row in summary.pending:
            lines += _line(row, _INDENT[2:] + "  " * row.depth, row.why, paper)
        yield "\n".join(lines)


def _known(summary: Summary) -> _Known:
    settings = {name: one.differences for one in summary.settings for name in one.names}
    data: dict[str, list[Data]] = {}
    for one in summary.data:
        for name in one.names:
            data.setdefault(name, []).append(one)
    models = {note.name: note.model for note in summary.jobs if note.model}
    return _Known(settings, data, models)


def _root(row: Row, known: _Known, paper: Paper) -> Iterator[str]:
    """Yield the lines of a change that follows from none."""
    if not row.pays:
        yield from _line(row, "", row.message, paper)
        yield from _problems(row, paper)
        yield from _stopping(row, paper)
        return
    yield from _line(row, "", "", paper)
    if row.word is Word.LATER:
        yield from wrapped(row.message, paper.width, _INDENT)
    yield from _differences(row, known, paper)
    yield from _problems(row, paper)
    yield from _stopping(row, paper)
    yield from _muted(row, known, paper)


def _follower(row: Row, known: _Known, paper: Paper) -> Iterator[str]:
    """Yield the line of a change that follows from another, and what else differs in it."""
    indent = "  " * row.depth
    differs = row.name in known.settings or row.name in known.data
    yield from _line(row, indent, row.why.split("; ")[0] if differs else row.why, paper, needed=False)
    if differs:
        yield from _differing(row, known, paper, indent + _INDENT)
    if row.stops:
        yield from _stopping(row, paper, indent + _INDENT)
    for text in row.cost.because if row.cost else ():
        yield from (paper.style(line, "dim") for line in wrapped(text, paper.width, indent + _INDENT))


def _line(row: Row, indent: str, why: str, paper: Paper, *, needed: bool = True) -> Iterator[str]:
    """Yield sign, word and name, then why where it fits, and the money at the edge.

    A reason that is `needed` and does not fit stands whole below.
    """
    word = f"{SIGNS[row.word]} {row.word:<{0 if row.depth else _WORD}}"
    right = _right(row, paper.width)
    room = (
        paper.width - len(indent) - display_width(word) - GAP - (display_width(right) + GAP if right else 0)
    )
    name = cut(printable(row.name), max(_LEAST_NAME, room))
    left = room - display_width(name)
    text = printable(why).replace("\u2192", "->")
    fits = bool(text) and display_width(text) + GAP <= left
    shown = " " * GAP + text if fits else ""
    blank = " " * max(GAP, left - display_width(shown) + GAP) if right else ""
    role = "warning" if right == UNKNOWN else "" if row.pays else "dim"
    tone = "" if row.word is Word.HOLD else "dim"
    drawn = f"{paper.style(word, row.word)}  {paper.style(name, 'bold')}{paper.style(shown, tone)}"
    yield f"{indent}{drawn}{blank}{paper.style(right, role)}"
    if needed and not fits:
        yield from wrapped(text, paper.width, indent + _INDENT)


def _right(row: Row, width: int) -> str:
    """Return what stands at the edge: money, or where something is declared for which none is asked."""
    if row.pays:
        return UNKNOWN if row.cost is None else money_range(row.cost)
    if row.word in _RECORDS:
        return _NOTHING
    return _place(row) if width >= PLACES_FROM else ""


def _place(row: Row) -> str:
    return printable(f"{row.source.file}:{row.source.line}") if row.source else ""


def _differences(row: Row, known: _Known, paper: Paper) -> Iterator[str]:
    """Yield why it trains: what differs, or the reason where that is none of its fields."""
    differs = row.name in known.settings or row.name in known.data
    if differs:
        yield from _differing(row, known, paper, _INDENT)
        for clause in row.why.split("; "):
            if clause.startswith(_BESIDE):
                yield from wrapped(clause, paper.width, _INDENT)
    if not differs or (row.stops and not lost_words(row)):
        short = row.why == cut(printable(row.message), MOST_OF_A_CLAUSE) or differs
        yield from wrapped(row.message if short else row.why, paper.width, _INDENT)


def _differing(row: Row, known: _Known, paper: Paper, indent: str) -> Iterator[str]:
    settings = known.settings.get(row.name, ())
    longest = max((display_width(printable(one.path)) for one in settings), default=0)
    for one in settings:
        yield from wrapped(f"{one.path:<{longest}}  {one.before} -> {one.after}", paper.width, indent, hang=2)
    for data in known.data.get(row.name, ()):
        yield from wrapped(f"{data.rows.path}  {what_changed(data.rows)}", paper.width, indent, hang=2)


def _problems(row: Row, paper: Paper) -> Iterator[str]:
    """Yield the problems of its data but the first, which its message is about."""
    for problem in row.problems[1:]:
        yield from wrapped(str(problem), paper.width, _INDENT, hang=2)


def _stopping(row: Row, paper: Paper, indent: str = _INDENT) -> Iterator[str]:
    """Yield which job is stopped, and what of it is lost."""
    if row.stops:
        lost = f": {loss}" if (loss := lost_words(row)) else ""
        lines = wrapped(f"stops job {row.stops}{lost}", paper.width, indent, hang=2)
        yield from (paper.style(line, "warning") for line in lines)


def lost_words(row: Row) -> str:
    """Say how far a job is that is stopped, and what is lost by it; nothing where that is not known."""
    if row.stopped is None:
        return ""
    told = [] if row.stopped.progress is None else [f"{percent(row.stopped.progress)} done"]
    if row.stopped.spent is not None:
        told.append(f"{about_range(row.stopped.spent)} lost")
    return ", ".join(told)


def _muted(row: Row, known: _Known, paper: Paper) -> Iterator[str]:
    """Yield what a reader looks up: what is trained on, where it is declared, why its cost is a range."""
    told = f"trains {row.trains}, at {row.provider}" if row.trains else f"trains at {row.provider}"
    yield from (paper.style(line, "dim") for line in _placed(told, _place(row), paper.width))
    texts = [f"also sent  {name}: {_value(value)}" for name, value in row.extras.items()]
    texts += row.cost.because if row.cost else ()
    texts += [f"its model stays: {known.models[row.name]}"] if row.name in known.models else []
    for text in texts:
        yield from (paper.style(line, "dim") for line in wrapped(text, paper.width, _INDENT, hang=2))


def _placed(text: str, place: str, width: int) -> Iterable[str]:
    """Wrap a text, with the place at the right edge of its last line where there is room for both."""
    *lines, last = wrapped(text, width, _INDENT, hang=2)
    yield from lines
    blank = width - display_width(last) - display_width(place)
    if not place or width < PLACES_FROM:
        yield last
    elif blank >= GAP:
        yield f"{last}{' ' * blank}{place}"
    else:
        yield last
        yield from wrapped(place, width, _INDENT)


def _value(value: JSON) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
