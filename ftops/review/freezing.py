"""Which freeze windows are open at an instant, and until when nothing is done. Deny wins. Pure.

A window is open from each time of its expression until `duration` later: that is what has passed, so that a
change of clocks in it moves its end on the clocks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from ftops.model.change import Change, Reason
from ftops.model.duration import span
from ftops.model.freezing import Freeze, Freezes, FreezeWindow, FrozenWhat
from ftops.review.cron import latest, shown_at

LIFTED = "freeze"
"""What `--allow` takes to do in a window what it forbids."""

MOST_JOINED = 32
"""Windows in a row whose end is looked for; after that, or a year, a freeze has no end worth naming."""
_FAR = 366 * 86_400.0
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WEEK = 6 * 86_400.0
"""Seconds in which a day of the week is meant by its name alone."""
_MOST_NAMED = 3
_NOTHING: Mapping[str, float] = MappingProxyType({})


def freezes(windows: Sequence[FreezeWindow], now: float, lifted: Mapping[str, float] = _NOTHING) -> Freezes:
    """Return what is frozen at an instant; nothing in a run for which a person has lifted that."""
    if not windows or LIFTED in lifted:
        return Freezes()
    return Freezes(
        creates=frozen(windows, now),
        stops=frozen([one for one in windows if one.what is FrozenWhat.ALL], now),
    )


def freeze_notes(
    changes: Iterable[Change], windows: Sequence[FreezeWindow], lifted: Mapping[str, float], now: float
) -> Iterator[str]:
    """Say once what a freeze keeps back, and how a person lifts it; or that one is lifted in this run."""
    found = list(changes)
    waiting = sum(1 for one in found if one.reason is Reason.FREEZE)
    acts = LIFTED in lifted and any(one.action.creates or one.stops for one in found)
    open_now = frozen(windows, now) if waiting or acts else None
    if open_now is None:
        return
    if acts:
        yield f"--allow {LIFTED} lifts what is {open_now.message}"
    else:
        what = "1 fine-tune waits" if waiting == 1 else f"{waiting} fine-tunes wait"
        yield f"{what}, {open_now.message}; `--allow {LIFTED}` lifts it for one run"


def frozen(windows: Sequence[FreezeWindow], now: float) -> Freeze | None:
    """Return until when windows are open one after the other; None where none is now."""
    until, last, joined = now, None, dict[str, None]()
    for _ in range(MOST_JOINED):
        ends = [(end, one) for one in windows if (end := _end(one, until)) > until]
        if not ends or until - now > _FAR:
            break
        joined.update(dict.fromkeys(str(one) for _, one in ends))
        until, last = max(ends, key=lambda pair: pair[0])
    if last is None:
        return None
    least = "at least " if _end_of_all(windows, until) > until else ""
    return Freeze(until, f"frozen until {least}{_when(until, last.zone, now)} ({_named(list(joined))})")


def _end_of_all(windows: Sequence[FreezeWindow], at: float) -> float:
    return max(_end(one, at) for one in windows)


def _end(window: FreezeWindow, at: float) -> float:
    """Return the end of a window that was opened last by an instant; it may be long over."""
    opened = latest(window.cron, window.zone, at)
    return float("-inf") if opened is None else opened + span(window.duration)


def _when(until: float, zone: str, now: float) -> str:
    shown = shown_at(zone, until)
    day = _DAYS[shown.weekday()]
    date = "" if until - now < _WEEK else f" {shown:%Y-%m-%d}"
    return f"{day}{date} {shown:%H:%M} {zone}"


def _named(windows: Sequence[str]) -> str:
    more = f" and {len(windows) - _MOST_NAMED} more" if len(windows) > _MOST_NAMED else ""
    return ", ".join(windows[:_MOST_NAMED]) + more
