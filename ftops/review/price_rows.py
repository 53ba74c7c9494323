"""Which rows of the price table are for a model: by its names, else by its size, else those for every one."""

from __future__ import annotations

import calendar
import re
from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import lru_cache

from ftops.model.prices import Price, Status
from ftops.model.retirement import ANY_MODEL, Confidence
from ftops.model.tuned_model import base_model

FRESH = timedelta(days=183)
"""A price that was seen longer ago, about half a year, may not be the price any more."""

_SNAPSHOT = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{4})$")
_SIZE = re.compile(r"(?<![a-z0-9.])(\d+(?:[.p]\d+)?)b(?![a-z0-9])")
_EXPERTS = re.compile(r"(?<![a-z0-9])(\d+x\d|\d+e(?![a-z0-9]))")
_TUNED_AGAIN = "-ft-"
"""In the names that Alibaba Model Studio gives to tuned models, which cost what their base costs."""


@lru_cache(maxsize=4096)
def root_name(model: str) -> str:
    """Take the base model out of a tuned one's name, in lower case: names are compared so."""
    return base_model(model).split(_TUNED_AGAIN)[0].lower()


@lru_cache(maxsize=4096)
def billions(model: str) -> Decimal | None:
    """Read the parameters from a model's name: `Qwen3-30B-A3B` has 30, of which 3 are active.

    None where the name has none, several, or only those of one expert: `8x7B` and `17B-16E` tell no total.
    """
    name = model.lower().rsplit("/", 1)[-1]
    if _EXPERTS.search(name):
        return None
    sizes = {size.replace("p", ".") for size in _SIZE.findall(name)}
    return Decimal(sizes.pop()) if len(sizes) == 1 else None


def snapshot_of(model: str) -> str:
    """Return the name without the date of a snapshot."""
    return _SNAPSHOT.sub("", model)


def named(row: Price, model: str) -> bool:
    """Return whether a row is for this very name, by itself or by a pattern."""
    names = (row.model or "", *row.aliases)
    return any(name != ANY_MODEL and fnmatchcase(model, name.lower()) for name in names)


def lacks(row: Price, model: str) -> bool:
    """Return whether the row says that a model has no price although it looks alike."""
    return model in map(str.lower, row.unpriced)


def covers(these: Collection[str], one: str | None) -> bool:
    """Return whether a row for these, or for all where it names none, may be for the one; None: unknown."""
    return not these or one is None or one in these


def rows_for(rows: Sequence[Price], model: str) -> tuple[Price, ...]:
    """Return the rows of a service for a model, whatever their unit; the nearer ones hide the others.

    A model with a row of its own is in no bracket, even where that row is for another method.
    """
    ours = tuple(row for row in rows if named(row, model))
    if not ours and (alias := snapshot_of(model)) != model:
        ours = tuple(row for row in rows if named(row, alias))
    if ours:
        return ours
    size = billions(model)
    sized = tuple(row for row in rows if row.size and size is not None and row.size.holds(size))
    return sized or tuple(row for row in rows if row.model == ANY_MODEL or row.gpu)


def synonyms(rows: Iterable[Price], model: str) -> frozenset[str]:
    """Return every name under which the same model is priced, in lower case."""
    same = [row for row in rows if named(row, model) and not lacks(row, model)]
    written = [(row.model or "", *row.aliases) for row in same]
    return frozenset(name.lower() for names in written if "*" not in "".join(names) for name in names)


@lru_cache(maxsize=256)
def first_day(as_of: str) -> date:
    """Return the earliest day that a date, a month or a year may mean: the day from which a price ages."""
    year, month, day = (*map(int, as_of.split("-")), 1, 1)[:3]
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))


def is_about(row: Price, today: date) -> bool:
    """Return whether a price may be another by now: old, not the provider's own text, or not in force."""
    doubtful = row.confidence is not Confidence.OFFICIAL or row.status is not Status.CURRENT
    return doubtful or today - first_day(row.as_of) > FRESH
