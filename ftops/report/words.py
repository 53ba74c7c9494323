"""The words and signs that every report shares."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence

from ftops.model.change import Action
from ftops.model.plan import Plan
from ftops.model.review import CostEstimate, Review

SYMBOLS: Mapping[Action, str] = {
    Action.CREATE: "+",
    Action.REPLACE: "±",
    Action.CANCEL: "-",
    Action.FORGET: "x",
    Action.ADOPT: "←",
    Action.UPDATE: "~",
    Action.WAIT: "·",
    Action.HOLD: "!",
    Action.KEEP: "=",
}

Styler = Callable[[str, str], str]
"""(text, role) -> text, coloured for a role: an action, `dim`, `bold` or `error`."""

_STEP = 1024.0
_SURROGATES = range(0xD800, 0xE000)
_CENTS_BELOW = 0.1
_LEAST_SHOWN = 0.0001


def plain(text: str, _: str) -> str:
    """Colour nothing."""
    return text


def printable(text: object) -> str:
    """Make text of a provider or manifest safe for a terminal: one line, no control characters.

    Bidi overrides, zero-width signs and escapes become spaces, halves of a surrogate pair U+FFFD.
    """
    return "".join(sign if sign.isprintable() else _stand_in(sign) for sign in str(text))


def display_width(text: str) -> int:
    """Count the columns that a terminal gives to printable text: East Asian signs take two, accents none."""
    if text.isascii():
        return len(text)
    return sum(_columns(sign) for sign in text)


def cut(text: str, width: int) -> str:
    """Shorten printable text to at most `width` columns, with a mark that something is missing."""
    if display_width(text) <= width:
        return text
    kept, used = [], 1
    for sign in text:
        used += _columns(sign)
        if used > width:
            break
        kept.append(sign)
    return "".join(kept) + "…"


def size(count: int) -> str:
    """Write a number of bytes."""
    if count < _STEP:
        return f"{count} B"
    amount = count / _STEP
    return f"{amount:.1f} KiB" if amount < _STEP else f"{amount / _STEP:.1f} MiB"


def counted(count: int, one: str, many: str | None = None) -> str:
    """Write a number with its noun."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def remarks(plan: Plan) -> list[str]:
    """Say what a reader must know beside the changes, one sentence each."""
    resting = [
        f"Nothing is created or cancelled at provider {name}: {why}" for name, why in plan.incomplete.items()
    ]
    return [*resting, *plan.notes]


def summary_line(plan: Plan, review: Review) -> str:
    """Sum a plan up in its last line."""
    count = plan.summary
    first = [f"{count[name]} to {name}" for name in ("create", "replace", "cancel")]
    extra = [f"{count[name]} to {name}" for name in ("adopt", "forget", "update") if count[name]]
    rest = f"{count['wait']} waiting, {count['hold']} held, {count['keep']} unchanged."
    cost = cost_words(review.estimated_cost) if count["create"] + count["replace"] else ""
    return f"Plan: {', '.join([*first, *extra])}; {rest} {cost}".rstrip()


def cost_words(cost: CostEstimate | None) -> str:
    """Say what it costs; not known is said, never zero."""
    if cost is None:
        return "Cost unknown."
    low, high = money(cost.low), money(cost.high)
    if cost.high < _LEAST_SHOWN and cost.high != 0:
        return f"Less than ${_LEAST_SHOWN}."
    return f"About {low}." if low == high else f"About {low} to {high}."


def money(dollars: float) -> str:
    """Write USD; little money keeps more digits, so that a known cost never reads as none."""
    if dollars >= _CENTS_BELOW or dollars == 0:
        return f"${dollars:.2f}"
    return f"${dollars:.4f}" if dollars >= _LEAST_SHOWN else f"less than ${_LEAST_SHOWN}"


def _stand_in(sign: str) -> str:
    return "\ufffd" if ord(sign) in _SURROGATES else " "


def _columns(sign: str) -> int:
    if unicodedata.combining(sign):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1


BARS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float], width: int = 12) -> str:
    """Draw values as a line of bars, the highest a full one; many values are thinned out."""
    if not values:
        return ""
    count = min(width, len(values))
    last = len(values) - 1
    chosen = [values[round(index * last / max(1, count - 1))] for index in range(count)]
    low, high = min(chosen), max(chosen)
    reach = (high - low) or 1.0
    return "".join(BARS[round((value - low) / reach * (len(BARS) - 1))] for value in chosen)


def duration(seconds: float) -> str:
    """Write seconds in the one or two units that matter: 42s, 5m, 3h 12m, 4d."""
    whole = max(0, int(seconds))
    minutes, hours, days = whole // 60, whole // 3600, whole // 86_400
    if days:
        return f"{days}d"
    if hours:
        return f"{hours}h {minutes % 60}m"
    return f"{minutes}m" if minutes else f"{whole}s"
