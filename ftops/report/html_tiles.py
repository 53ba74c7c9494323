"""The four tiles of the one-file report: what a plan costs, trains, stops, and changes in data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from ftops.model.review import CostEstimate
from ftops.report.money import UNKNOWN, about_range, money, money_range
from ftops.report.summary import Bullet, Data, Row, Sum, Summary
from ftops.report.words import counted

_MOST_NAMES = 3
_TOLD = frozenset({"Cost", "Stops", "Data", "Kept"})
"""The facts of a summary that the tiles tell."""
_NEARLY, _FULL = 80, 100
"""Percent of a limit."""
_MOST_TIMES = 10_000.0
"""How often a cost is told to have the limit; a forged one may be beyond every number."""


class Bar(Struct, frozen=True):
    """How much of a limit is used: `width` is at most 100 percent, `hue` gets graver, `words` say it all."""

    width: int
    hue: str
    words: str


class Tile(Struct, frozen=True):
    """One of four facts: a title, the answer, a line below it."""

    title: str
    answer: str
    below: str
    hue: str = ""
    bar: Bar | None = None


def tiles_of(summary: Summary) -> Iterator[Tile]:
    """Yield what a reader asks first."""
    total = summary.total
    yield Tile("Cost", _whole(total), _parts(summary), _unknown_hue(total), _bar(summary))
    yield Tile(
        "Trains", counted(total.trainings, "model") if total.trainings else "nothing", when_words(summary)
    )
    yield _stops(summary)
    if summary.data:
        yield _data(summary.data)
    else:
        kept = "every finished model stays at its provider"
        yield Tile("Kept", f"{summary.counts.kept:,} of {summary.counts.fine_tunes:,} as they are", kept)


def _whole(total: Sum) -> str:
    if not total.trainings:
        return "nothing is paid"
    if total.known is None:
        return UNKNOWN
    return f"at least {money(total.known.low)}" if total.unknown else about_range(total.known)


def _unknown_hue(total: Sum) -> str:
    return "amber" if total.unknown else ""


def _parts(summary: Summary) -> str:
    """Say what a sum is made of: at once and later, and how much of it is not known."""
    total = summary.total
    dark = f"{total.unknown} of {total.trainings} unknown" if total.unknown else ""
    if not total.now or not total.later:
        return dark
    parts = f"{_sum(total.known_now)} at once, {_sum(total.known_later)} later"
    return f"{parts}; {dark}" if dark else parts


def _sum(cost: CostEstimate | None) -> str:
    return UNKNOWN if cost is None else money_range(cost)


def when_words(summary: Summary) -> str:
    """Say how many are trained at once, and how many when what they start from is there."""
    total = summary.total
    if not total.trainings:
        return "no job is started"
    if summary.offline:
        return "if all of them are trained"
    if not total.later:
        return "at once"
    ready = "when its base is ready" if total.later == 1 else "when their base is ready"
    return f"{total.now} at once, {total.later} {ready}" if total.now else ready


def _bar(summary: Summary) -> Bar | None:
    """Compare the high end of what is known with the limit of one apply."""
    limit, known = summary.max_cost, summary.total.known
    if not limit or known is None:
        return None
    over = known.high > limit
    percent = max(round(min(known.high / limit, _MOST_TIMES) * 100), _FULL + 1 if over else 0)
    hue = "red" if over else "amber" if percent >= _NEARLY else "blue"
    high = ", at the high end" if known.high != known.low else ""
    least = "at least " if summary.total.unknown else ""
    words = f"{least}{percent:,} % of the limit of {money(limit)}{high}{': over' if over else ''}"
    return Bar(min(percent, _FULL), hue, words)


def _stops(summary: Summary) -> Tile:
    if summary.offline:
        return Tile("Stops", "not known", "no provider was asked")
    stopping = [row for row in summary.rows if row.stops is not None]
    if not stopping:
        return Tile("Stops", "nothing", "no job is cancelled")
    more = len(stopping) - _MOST_NAMES
    names = ", ".join(f"{row.name}{progress_words(row)}" for row in stopping[:_MOST_NAMES])
    jobs = counted(len(stopping), "running job")
    return Tile("Stops", jobs, f"{names} and {more} more" if more > 0 else names, "amber")


def progress_words(row: Row) -> str:
    """Say how far the job is that a change stops, where that is known."""
    if row.stopped is None or row.stopped.progress is None:
        return ""
    return f", at {row.stopped.progress:.0%}".replace("%", " %")


def _data(data: Sequence[Data]) -> Tile:
    touched = sum(one.rows.changed + one.rows.added + one.rows.removed for one in data)
    if len(data) > 1:
        names = ", ".join(one.rows.path for one in data[:_MOST_NAMES])
        more = f" and {len(data) - _MOST_NAMES} more" if len(data) > _MOST_NAMES else ""
        return Tile("Data", f"{touched:,} rows in {len(data)} files", f"{names}{more}")
    rows = data[0].rows
    if rows.only_moved:
        return Tile("Data", "only the order", f"of {rows.after:,} rows in {rows.path}")
    return Tile("Data", f"{touched:,} of {max(rows.before, rows.after):,} rows", f"in {rows.path}")


def more_facts(summary: Summary) -> tuple[Bullet, ...]:
    """Return the facts that no tile tells."""
    return tuple(fact for fact in summary.facts if fact.lead not in _TOLD)
