"""Cron expressions on the clocks of a zone (the only cronsim import; loaded only where a window is).

A time of an expression is a reading of the zone's clocks. Where the clocks are put back and show it twice it
comes twice; where they are put forward and skip it, it comes at the instant at which they are. Which instants
those are the tz database says, of the system or else of the package tzdata. No clock is read here.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ftops.model.nearest import did_you_mean

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

FIELDS = ("minute", "hour", "day of month", "month", "day of week")
_ARTICLES = ("a", "an", "a", "a", "a")
_THEIR_NAMES = ("minute", "hour", "day-of-month", "month", "day-of-week")
_NEVER = "names days that never come"
_SOMETIME = datetime(2024, 1, 1)  # noqa: DTZ001 -- readings of a clock have no zone.


def cron_problem(expression: str) -> str | None:
    """Say what is wrong with a cron expression; None where it has times."""
    parts = expression.split()
    if len(parts) != len(FIELDS):
        return f"has {len(parts)} fields, not {len(FIELDS)} ({', '.join(FIELDS)})"
    from cronsim import CronSimError

    try:
        known = next(_readings(expression, _SOMETIME), None) is not None
    except CronSimError as error:
        found = next((i for i, one in enumerate(_THEIR_NAMES) if str(error) == f"Bad {one}"), None)
        if found is None:
            return f"is not a cron expression: {error}"
        impossible = parts[3] != "*" and cron_problem(f"0 0 {parts[2]} * *") is None
        if found == FIELDS.index("day of month") and impossible:
            return _NEVER
        return f"{parts[found]!r} is not {_ARTICLES[found]} {FIELDS[found]}"
    except (AssertionError, ValueError):  # What the library takes for something else than it is.
        return "is not a cron expression"
    return None if known else _NEVER


def zone_problem(name: str) -> tuple[str, str | None] | None:
    """Say what is wrong with the name of a zone, and what may be meant; None for one of the tz database."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return f"unknown time zone {name!r}", did_you_mean(
            name, (one for one in available_timezones() if one[0] == name[0])
        )
    return None


def latest(expression: str, zone: str, at: float) -> float | None:
    """Return the newest time of an expression that is not after an instant; None: none in fifty years.

    Takes a few steps whatever the expression, and a second hour's worth where clocks were just put back.
    """
    here = _zone(zone)
    now = datetime.fromtimestamp(at, here)
    shown = now.replace(tzinfo=None, fold=0)
    reading = next(_readings(expression, shown), None)
    found = [] if reading is None else [one for one in _instants(reading, here) if one <= at]
    if now.fold:  # Readings later than the one that is shown have been already, before clocks were put back.
        found += _before_the_fold(expression, now, at)
    return max(found, default=None)


def shown_at(zone: str, at: float) -> datetime:
    """Return what the clocks of a zone show at an instant."""
    return datetime.fromtimestamp(at, _zone(zone))


def _zone(name: str) -> ZoneInfo:
    from zoneinfo import ZoneInfo

    return ZoneInfo(name)


def _before_the_fold(expression: str, now: datetime, at: float) -> Iterator[float]:
    zone, shown = now.tzinfo, now.replace(tzinfo=None, fold=0)
    back = datetime.fromtimestamp(at, UTC) - now.replace(fold=0).astimezone(UTC)
    for reading in _readings(expression, shown + back):
        if reading <= shown:
            return
        first = reading.replace(tzinfo=zone).timestamp()
        if first <= at:
            yield first
            return


def _readings(expression: str, shown: datetime) -> Iterator[datetime]:
    """Yield the times of an expression as readings of a clock, from this one backwards."""
    from cronsim import CronSim

    # Without a zone the library knows no change of clocks. It begins before the instant that it is given.
    after = shown.replace(second=0, microsecond=0) + timedelta(seconds=1)
    yield from CronSim(expression, after, reverse=True)


def _instants(reading: datetime, zone: ZoneInfo) -> tuple[float, ...]:
    """Return when clocks show this: twice where they are put back, at the change where they skip it."""
    first, second = (reading.replace(tzinfo=zone, fold=fold).timestamp() for fold in (0, 1))
    return (first, second) if first <= second else (_change(second, first, zone),)


def _change(low: float, high: float, zone: ZoneInfo) -> float:
    """Return the instant between two at which the offset of a zone changes."""
    before = datetime.fromtimestamp(low, zone).utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        same = datetime.fromtimestamp(middle, zone).utcoffset() == before
        low, high = (middle, high) if same else (low, middle)
    return high
