"""The status of a project as a table that fits its terminal: who needs a person first, what is ready last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby

from msgspec import Struct

from ftops.report.layout import GAP, NARROWEST, wrapped
from ftops.report.next_steps import alternatives
from ftops.report.status import Group, StatusRow
from ftops.report.status_words import (
    NONE,
    age,
    cost,
    how_far,
    known,
    loss,
    next_words,
    progress,
    sign,
    state,
    why,
)
from ftops.report.words import Styler, cut, display_width, plain, printable

WIDE = 110
"""Columns from which on there is room for curves, ages and what comes next."""
_NAME, _WIDE_NAME, _LEAST_NAME = 22, 40, 12
_HOW_FAR, _NEXT = 17, 30
_SIGN = 2
_INDENT = "    "
_WHY_SIGNS, _WHY_LINES = 240, 3
_LEFT_OUT = ((), ("AGE",), ("AGE", "LOSS", "TRAIN LOSS"), ("AGE", "LOSS", "TRAIN LOSS", "NEXT", "HOW FAR"))

COUNTED: Mapping[Group, tuple[str, str]] = {
    Group.NEEDS_PERSON: ("needs a person", "need a person"),
    Group.TRAINING: ("training", "training"),
    Group.WAITING: ("waiting", "waiting"),
    Group.STOPPED: ("stopped", "stopped"),
    Group.READY: ("ready", "ready"),
}


class Screen(Struct, frozen=True):
    """What a table is drawn for: `height` None is no limit; with `ids`, each row has its job and model."""

    width: int = 80
    height: int | None = None
    style: Styler = plain
    ids: bool = False


class _Column(Struct, frozen=True):
    """`most` is how wide it may become; what is longer is cut, and `status NAME` has all of it."""

    title: str
    cell: Callable[[StatusRow, float], str]
    most: int = 80
    right: bool = False


_NARROW_COLUMNS = (
    _Column("NAME", lambda row, _: row.name, _NAME),
    _Column("STATE", lambda row, _: state(row)),
    _Column("HOW FAR", how_far, _HOW_FAR),
    _Column("LOSS", lambda row, _: loss(row, curve=False)),
    _Column("COST", lambda row, _: cost(row)),
)
_WIDE_COLUMNS = (
    _Column("NAME", lambda row, _: row.name, _WIDE_NAME),
    _NARROW_COLUMNS[1],
    _Column("PROGRESS", lambda row, _: progress(row)),
    _Column("TRAIN LOSS", lambda row, _: loss(row, curve=True)),
    _NARROW_COLUMNS[4],
    _Column("AGE", age, right=True),
    _Column("NEXT", next_words, _NEXT),
)


def render_table(rows: Sequence[StatusRow], now: float, screen: Screen) -> tuple[str, ...]:
    """Draw every fine-tune in a line, with why and what to do under those that need a person.

    Where that is taller than the screen, as many of the least urgent as there have to be are only counted.
    """
    ordered = in_order(rows)
    width = max(screen.width, NARROWEST)
    head, lines = _columns(ordered, now, width)
    blocks = _blocks(ordered, lines, width, screen)
    return (screen.style(head.rstrip(), "dim"), *_fitted(blocks, screen.height))


def in_order(rows: Sequence[StatusRow]) -> tuple[StatusRow, ...]:
    """Order by urgency, and within it what follows from another directly after that one."""
    by_name = {row.name: row for row in rows}
    below: dict[str, list[str]] = {}
    for name in sorted(by_name):
        for base in by_name[name].depends_on:
            below.setdefault(base, []).append(name)
    chained: dict[str, None] = {}
    roots = [
        name for name in sorted(by_name) if not any(base in by_name for base in by_name[name].depends_on)
    ]
    left = [*sorted(by_name, reverse=True), *reversed(roots)]
    while left:
        name = left.pop()
        if name not in chained:
            chained[name] = None
            left += reversed(below.get(name, ()))
    ranks = list(Group)
    return tuple(sorted((by_name[name] for name in chained), key=lambda row: ranks.index(row.group)))


def counts(rows: Sequence[StatusRow]) -> str:
    """Count the fine-tunes by what they are like, the most urgent first; zeros are left out."""
    found = [(group, sum(1 for row in rows if row.group is group)) for group in Group]
    return ", ".join(f"{number} {COUNTED[group][number > 1]}" for group, number in found if number)


def _columns(rows: Sequence[StatusRow], now: float, width: int) -> tuple[str, list[tuple[str, str]]]:
    """Lay out the head, and of each row its name and the rest; only what is wider than its column is cut."""
    every = _WIDE_COLUMNS if width >= WIDE else _NARROW_COLUMNS
    table = [tuple(column.title for column in every)]
    table += [tuple(printable(column.cell(row, now)) for column in every) for row in rows]
    longest = [max(map(display_width, cells)) for cells in zip(*table, strict=True)]
    widths = [min(one, column.most) for one, column in zip(longest, every, strict=True)]
    chosen, over = _chosen(every, widths, width)
    if over > 0:
        widths[0] = max(_LEAST_NAME, widths[0] - over)
    lines = [[_cell(cells[n], widths[n], right=every[n].right) for n in chosen] for cells in table]
    gap, room = " " * GAP, width - _SIGN - widths[0] - GAP
    drawn = [(name, cut(gap.join(rest).rstrip(), room)) for name, *rest in lines]
    return f"{' ' * _SIGN}{drawn[0][0]}{gap}{drawn[0][1]}", drawn[1:]


def _chosen(every: Sequence[_Column], widths: Sequence[int], width: int) -> tuple[list[int], int]:
    """Return the columns that there is room for, and by how much they are too wide with the whole name."""
    found: list[int] = []
    over = 0
    for left_out in _LEFT_OUT:
        found = [n for n, column in enumerate(every) if column.title not in left_out]
        over = _SIGN + sum(widths[n] for n in found) + GAP * (len(found) - 1) - width
        if over <= max(0, widths[0] - _LEAST_NAME):
            break
    return found, over


def _cell(text: str, width: int, *, right: bool) -> str:
    text = cut(text, width)
    blank = " " * (width - display_width(text))
    return blank + text if right else text + blank


def _blocks(
    rows: Sequence[StatusRow], lines: Sequence[tuple[str, str]], width: int, screen: Screen
) -> list[tuple[Group, list[str]]]:
    """Return the lines of each row. What several need alike stands once, under the last of them."""
    blocks = []
    for needs, some in groupby(zip(rows, lines, strict=True), lambda one: _needs(one[0])):
        alike = list(some)
        for row, line in alike:
            drawn = [_styled(row, line, screen.style)]
            if screen.ids:
                drawn += _ids(row, width, screen.style)
            blocks.append((row.group, drawn))
        if needs is not None:
            blocks[-1][1].extend(_advice(needs, width, screen.style))
    return blocks


def _needs(row: StatusRow) -> tuple[str, str, str] | None:
    return (why(row), known(row), row.next or "") if row.group is Group.NEEDS_PERSON else None


def _styled(row: StatusRow, line: tuple[str, str], style: Styler) -> str:
    name, rest = line
    role = "held" if row.group is Group.NEEDS_PERSON else state(row)
    tone = _TONES.get(row.group, "")
    return f"{style(sign(row), role)} {style(name, 'bold')}{' ' * GAP}{style(rest, tone)}"


_TONES = {Group.NEEDS_PERSON: "held", Group.STOPPED: "dim", Group.READY: "dim"}


def _ids(row: StatusRow, width: int, style: Styler) -> Iterator[str]:
    told = (("job", row.job_id), ("model", row.fine_tuned_model))
    text = ", ".join(f"{what} {value}" for what, value in told if value)
    return (style(line, "dim") for line in wrapped(text, width, _INDENT))


def _advice(needs: tuple[str, str, str], width: int, style: Styler) -> Iterator[str]:
    """Yield why somebody is needed, and what to do: a command is never broken, for it is to be copied."""
    reason, acknowledged, following = needs
    yield from shortened(reason, width)
    yield from shortened(acknowledged, width)
    for part, is_command in alternatives(printable(following)):
        if is_command:
            yield _INDENT + style(part, "bold")
        else:
            yield from wrapped(part, width, _INDENT)


def shortened(text: str, width: int) -> Iterator[str]:
    """Yield the first lines of a text, and a sign where there is more."""
    lines = list(wrapped(text, width, _INDENT)) if text != NONE else []
    most = max(_WHY_LINES, _WHY_SIGNS // width)
    yield from lines[:most]
    if len(lines) > most:
        yield f"{_INDENT}…"


def _fitted(blocks: Sequence[tuple[Group, list[str]]], height: int | None) -> Iterator[str]:
    """Yield the lines; of what is too tall the end is counted, one line for each group of it."""
    kept = len(blocks) if height is None else _most(blocks, height - 1)
    yield from (line for _, lines in blocks[:kept] for line in lines)
    yield from _rest(blocks[kept:])


def _most(blocks: Sequence[tuple[Group, list[str]]], height: int) -> int:
    """Return how many blocks fit, with a line for each group of which some do not. They go group by group."""
    left = Counter(group for group, _ in blocks)
    used = 0
    for kept, (group, lines) in enumerate(blocks):
        left[group] -= 1
        used += len(lines)
        if used + sum(1 for number in left.values() if number) > height:
            return kept
    return len(blocks)


def _rest(blocks: Sequence[tuple[Group, list[str]]]) -> Iterator[str]:
    for group in Group:
        if number := sum(1 for one, _ in blocks if one is group):
            yield f"  and {number} {COUNTED[group][number > 1]}"
