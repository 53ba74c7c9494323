"""How long something takes or took, in words: one format for messages and tables."""

from __future__ import annotations

import re

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def duration(seconds: float) -> str:
    """Write seconds in the one or two units that matter: 42 s, 5 min, 3 h 12 min, 4 h, 1 d 3 h, 4 d."""
    whole = max(0, int(seconds))
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min"
    if whole < _DAY:
        minutes = whole % _HOUR // _MINUTE
        return f"{whole // _HOUR} h {minutes:02} min" if minutes else f"{whole // _HOUR} h"
    return f"{whole // _DAY} d" if whole >= 2 * _DAY else f"1 d {whole % _DAY // _HOUR} h"


def span(text: str) -> float:
    """Return the seconds of a span as people write it: 90s, 10m, 36h, 60d, 8w. Raises ValueError."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhdw])", text)
    if found is None:
        raise ValueError(f"{text!r} is not a span such as 60d")
    return float(found[1]) * {"s": 1, "m": _MINUTE, "h": _HOUR, "d": _DAY, "w": 7 * _DAY}[found[2]]
