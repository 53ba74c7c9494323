"""How long something takes or took, in words: one format for messages and tables."""

from __future__ import annotations

import re

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def duration(seconds: float) -> str:
    """Write seconds in the one or two units that matter: 42s, 5m, 3h 12m, 4d 3h."""
    whole = max(0, int(seconds))
    if whole < _MINUTE:
        return f"{whole}s"
    if whole < _HOUR:
        return f"{whole // _MINUTE}m"
    if whole < _DAY:
        return f"{whole // _HOUR}h {whole % _HOUR // _MINUTE}m"
    return f"{whole // _DAY}d {whole % _DAY // _HOUR}h"


def span(text: str) -> float:
    """Return the seconds of a span that a file of the user's has: 36h, 60d, 8w. Raises ValueError."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([hdw])", text)
    if found is None:
        raise ValueError(f"{text!r} is not a span such as 60d")
    return float(found[1]) * {"h": _HOUR, "d": _DAY, "w": 7 * _DAY}[found[2]]
