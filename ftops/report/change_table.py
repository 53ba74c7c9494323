"""The table of changes in Markdown: change, cost, why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf

from ftops.model.review import CostEstimate
from ftops.report.cutting import Cuts
from ftops.report.escaping import cell, inline
from ftops.report.grouping import Line, Unit, known_sum
from ftops.report.money import NOTHING_PAID, UNKNOWN, money, money_range
from ftops.report.summary import IDLE, SIGNS, Row, Sum, Summary, Word
from ftops.report.summary_rows import idle_words
from ftops.report.words import counted

HEAD = ("| change | cost | why |", "|:--|--:|:--|")
"""Money second: as the last of more columns it is off the screen of a phone."""

_LONGEST_NAME = 120
_DEEPEST = 4
_BELOW = "\u21b3 "
_SAYS_THAT_IT_STOPS = (Word.CANCEL, Word.REPLACE)


class ChangeTable:
    """Units as a table. `free` and `paid` are those that may be left out, in the order in which they are."""

    def __init__(self, units: Sequence[Unit]) -> None:
        self._units = units
        ordinary = [unit for unit in units if not unit.grave]
        self.free = [unit for unit in reversed(ordinary) if not unit.pays]
        self.paid = sorted((unit for unit in ordinary if unit.pays), key=_amount)

    def lines(self, cuts: Cuts) -> Iterator[str]:
        """Draw it; of what is left out a line says how many and for how much."""
        left = self._left(cuts)
        yield from HEAD
        for unit in left:
            yield from (_line(line, cuts) for line in unit.lines)
        shown = {id(unit) for unit in left}
        gone = [row for unit in self._units if id(unit) not in shown for row in unit.rows]
        if gone:
            paying = [row.cost for row in gone if row.pays]
            yield f"| {counted(len(gone), 'more change')} | {_sum_cell(paying)} | not shown here: too long |"

    def _left(self, cuts: Cuts) -> list[Unit]:
        """Leave out whole units: those that cost nothing first, then the cheapest, then even the grave."""
        gone = {id(unit) for unit in (*self.free[: cuts.free], *self.paid[: cuts.paid])}
        left = [unit for unit in self._units if id(unit) not in gone]
        if cuts.grave is None:
            return left
        kept = {id(unit) for unit in [unit for unit in left if unit.grave][: cuts.grave]}
        return [unit for unit in left if not unit.grave or id(unit) in kept]


def _amount(unit: Unit) -> float:
    """Return what it costs at most; the unknown is what a reader must see."""
    costs = [row.cost for row in unit.rows if row.pays]
    return inf if None in costs else sum(cost.high for cost in costs if cost is not None)


def _line(line: Line, cuts: Cuts) -> str:
    below = _BELOW * min(line.depth, _DEEPEST)
    name = cell(line.title, min(_LONGEST_NAME, cuts.most)) or "(no name)"
    shown = name if line.depth else f"**{name}**"
    stops = sum(1 for row in line.rows if row.stops and row.word not in _SAYS_THAT_IT_STOPS)
    stopping = f"; stops {counted(stops, 'running job')}" if stops else ""
    sign = SIGNS[line.word]
    return f"| {below}`{sign}` {line.word} {shown} | {_cost(line)} | {cell(line.why, cuts.most)}{stopping} |"


def _cost(line: Line) -> str:
    if not line.pays:
        return NOTHING_PAID
    cost = line.cost
    return f"**{UNKNOWN}**" if cost is None else inline(money_range(cost))


def total_line(total: Sum, *, offline: bool) -> Iterator[str]:
    """Sum up the trainings, from two on."""
    if total.trainings < 2:  # noqa: PLR2004 - one line is its own sum
        return
    parts = [f"{total.now} at once" if total.now else "", f"{total.later} later" if total.later else ""]
    when = ", ".join(part for part in parts if part)
    unknown = f"; {total.unknown} of them unknown" if total.unknown else ""
    told = "if all of them are trained" if offline else when
    yield f"| **{total.trainings} trainings** | **{_total(total)}** | {told}{unknown} |"


def _total(total: Sum) -> str:
    if total.known is None:
        return UNKNOWN
    return inline(f"at least {money(total.known.low)}" if total.unknown else money_range(total.known))


def _sum_cell(costs: Sequence[CostEstimate | None]) -> str:
    known = known_sum(costs)
    if not costs:
        return NOTHING_PAID
    if known is None:
        return f"**{UNKNOWN}**"
    return inline(f"at least {money(known.low)}" if None in costs else money_range(known))


def pending_words(rows: Sequence[Row], summary: Summary) -> str:
    """Say of what was due before the branch how much it is, what it costs and what it stops."""
    costs = [row.cost for row in rows if row.pays]
    stopped = sum(1 for row in rows if row.stops)
    parts = [counted(len(rows), "change")]
    if costs:
        parts.append(f"{counted(len(costs), 'training')} for {_sum_cell(costs)}")
    if stopped:
        parts.append(f"stops {counted(stopped, 'running job')}")
    parts += idle_words([row.word for row in rows])
    done = ", and the same apply does it" if any(row.word not in IDLE for row in rows) else ""
    on = f" on {inline(summary.origin.ref)}" if summary.origin.ref else ""
    return f"{', '.join(parts)}; due{on} before this branch{done}"
