"""The text and symbols that every report shares."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from ftops.model.change import Action, DataUse, Then
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
    whole = str(text)
    if whole.isprintable():
        return whole
    return "".join(sign if sign.isprintable() else _stand_in(sign) for sign in whole)


def display_width(text: str) -> int:
    """Count the columns that printable text takes in a terminal: East Asian signs take two, accents none."""
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
    """Say what a reader must know besides the changes, one sentence each."""
    resting = [
        f"Nothing is created or cancelled at provider {name}: {why}" for name, why in plan.incomplete.items()
    ]
    return [*resting, *plan.notes]


def summary_lines(plan: Plan, review: Review) -> tuple[str, ...]:
    """Sum a plan up in its last lines: what is done now and, where something follows, what trains later."""
    count = plan.summary
    always, sometimes = ("create", "replace", "cancel"), ("adopt", "forget", "update")
    names = (*always, *(name for name in sometimes if count[name]))
    actions = ", ".join(f"{count[name]} to {name}{_stops(plan, name)}" for name in names)
    rest = f"{count['wait']} waiting, {count['hold']} held, {count['keep']} unchanged."
    cost = cost_words(review.estimated_cost) if count["create"] + count["replace"] else ""
    now = f"Plan: {actions}; {rest} {cost}".rstrip()
    return (now, f"Later: {_later(plan)}. {_more(review.estimated_cost_later)}") if count["later"] else (now,)


def _stops(plan: Plan, name: str) -> str:
    """Count the jobs that replaces or adopts stop; a cancel says it by its name."""
    stopped = sum(1 for change in plan.changes if change.action == name and change.stops)
    return f" (stops {counted(stopped, 'job')})" if stopped and name != Action.CANCEL else ""


def _later(plan: Plan) -> str:
    counts = Counter(change.then.action for change in plan.changes if change.then is not None)
    return ", ".join(f"{counts[action]} to {action}" for action in Action if counts[action])


def _more(cost: CostEstimate | None) -> str:
    words = cost_words(cost)
    return f"{words.removesuffix('.')} more." if cost is not None else words


def cost_words(cost: CostEstimate | None) -> str:
    """Say what it costs; an unknown cost is said to be unknown, never zero."""
    if cost is None:
        return "Cost unknown."
    if cost.high < _LEAST_SHOWN and cost.high != 0:
        return f"Less than ${_LEAST_SHOWN}."
    return f"About {money_range(cost)}."


def money_range(cost: CostEstimate) -> str:
    """Write an estimate: one amount, or from the least to the most."""
    low, high = money(cost.low), money(cost.high)
    return low if low == high else f"{low} to {high}"


def same_training_words(names: Sequence[str]) -> str:
    """Say that several fine-tunes are the same training, paid each time."""
    listed = f"{', '.join(names[:-1])} and {names[-1]}"
    return f"{listed} train the same thing (same model, data and settings), and each of them is paid for."


def then_words(then: Then) -> str:
    """Say what follows, under which number and why."""
    return f"{then.action} (generation {then.generation}.{then.attempt}): {then.message}"


def data_words(use: DataUse) -> str:
    """Name a file that is trained on, with its size where it is known."""
    if use.path is None:
        return f"{use.file_id} ({use.role})"
    return f"{use.path} ({use.role}, {counted(use.examples or 0, 'example')}, {size(use.bytes or 0)})"


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
