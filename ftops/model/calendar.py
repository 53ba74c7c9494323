"""Days and months of money: calendar ones, in UTC, wherever ftops runs. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum

from msgspec import Struct


class Period(StrEnum):
    """What a budget is for."""

    DAY = "day"
    MONTH = "month"


class Span(Struct, frozen=True):
    """One day or month: from `start` to just before `end` (Unix seconds). `label` is `2026-11` or a date."""

    period: Period
    label: str
    start: float
    end: float

    def __contains__(self, at: float) -> bool:
        """Return whether an instant is in it."""
        return self.start <= at < self.end


def span(period: Period, at: float) -> Span:
    """Return the day or month that an instant is in."""
    first = datetime.fromtimestamp(at, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if period is Period.DAY:
        return Span(period, f"{first:%Y-%m-%d}", first.timestamp(), (first + timedelta(days=1)).timestamp())
    first = first.replace(day=1)
    after = (first + timedelta(days=32)).replace(day=1)
    return Span(period, f"{first:%Y-%m}", first.timestamp(), after.timestamp())


def month(text: str) -> Span:
    """Return a month as it is written, `2026-11`. Raises ValueError."""
    try:
        found = span(Period.MONTH, datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC).timestamp())
    except OverflowError:  # The last month that there is has no month after it.
        raise ValueError(text) from None
    if found.label != text:
        raise ValueError(text)
    return found
