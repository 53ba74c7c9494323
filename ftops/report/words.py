"""The text and symbols that every report shares."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence

from ftops.model.change import Action
from ftops.model.plan import Plan
from ftops.model.spending import USD, Amount
from ftops.model.steps import steps_later, steps_now
from ftops.report.money import cost_words, money, more_words

Styler = Callable[[str, str], str]
"""(text, role) -> text, coloured for a role: an action, `dim`, `bold` or `error`."""

_STEP = 1024.0
_SURROGATES = range(0xD800, 0xE000)


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


def summary_lines(plan: Plan) -> tuple[str, ...]:
    """Sum a plan up in its last lines: what is done now and, where something follows, what trains later."""
    count = plan.summary
    always, sometimes = ("create", "replace", "cancel"), ("adopt", "forget", "update")
    names = (*always, *(name for name in sometimes if count[name]))
    actions = ", ".join(f"{count[name]} to {name}{_stops(plan, name)}" for name in names)
    rest = f"{count['wait']} waiting, {count['hold']} held, {count['keep']} unchanged."
    cost = cost_words(steps_now(plan.changes)) if count["create"] + count["replace"] else ""
    now = f"Plan: {actions}; {rest} {cost}".rstrip()
    if not count["later"]:
        return (now,)
    return now, f"Later: {_later(plan)}. {more_words(steps_later(plan.changes))}"


def _stops(plan: Plan, name: str) -> str:
    """Count the jobs that replaces or adopts stop; a cancel says it by its name."""
    stopped = sum(1 for change in plan.changes if change.action == name and change.stops)
    return f" (stops {counted(stopped, 'job')})" if stopped and name != Action.CANCEL else ""


def _later(plan: Plan) -> str:
    counts = Counter(change.then.action for change in plan.changes if change.then is not None)
    return ", ".join(f"{counts[action]} to {action}" for action in Action if counts[action])


def same_training_words(names: Sequence[str]) -> str:
    """Say that several fine-tunes are the same training, paid each time."""
    listed = f"{', '.join(names[:-1])} and {names[-1]}"
    return f"{listed} train the same thing (same model, data and settings), and each of them is paid for."


def amount_words(amount: Amount | None) -> str:
    """Write a cost: one amount, or from the least to the most; an unknown one is said to be so."""
    if amount is None:
        return "unknown"
    low, high = (_written(one, amount.currency) for one in (float(amount.low), float(amount.high)))
    if low == high:
        return low
    return f"{low} to {high}" if amount.low else f"up to {high}"


def amounts_words(amounts: Sequence[Amount]) -> str:
    """Write the sums of several currencies."""
    return " and ".join(map(amount_words, amounts)) or "-"


def _written(value: float, currency: str) -> str:
    text = money(value)
    return text if currency == USD else f"{text.replace('$', '')} {currency}"


def _stand_in(sign: str) -> str:
    return "\ufffd" if ord(sign) in _SURROGATES else " "


def _columns(sign: str) -> int:
    if unicodedata.combining(sign):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1


BARS = "▁▂▃▄▅▆▇█"
SPARK_WIDTH = 8
_CELLS = 10

IN_ASCII = str.maketrans("▁▂▃▄▅▆▇█░✓▶…✕■‖·±←→↳\u2013", "_.:-=+*#-v>~x#|.%<>>-")
"""For an encoding that has none of our signs: each becomes one that it has, as wide."""


def bar(share: float) -> str:
    """Draw how far something is: ten cells and always the number; only what is done is full."""
    full = _CELLS if share >= 1 else min(_CELLS - 1, round(share * _CELLS))
    return f"{'█' * full}{'░' * (_CELLS - full)} {percent(share):>5}"


def percent(share: float) -> str:
    """Write a share of 1; nothing that goes on is at 100 %."""
    return f"{100 if share >= 1 else min(99, int(share * 100))} %"


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
