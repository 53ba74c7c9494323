"""The words and signs that every report shares."""

from __future__ import annotations

from collections.abc import Callable, Mapping

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


def plain(text: str, _: str) -> str:
    """Colour nothing."""
    return text


def printable(text: object) -> str:
    """Make text of a provider or manifest safe for a terminal: one line, no control characters."""
    return "".join(sign if sign.isprintable() else " " for sign in str(text))


def size(count: int) -> str:
    """Write a number of bytes."""
    if count < _STEP:
        return f"{count} B"
    amount = count / _STEP
    return f"{amount:.1f} KiB" if amount < _STEP else f"{amount / _STEP:.1f} MiB"


def counted(count: int, one: str, many: str | None = None) -> str:
    """Write a number with its noun."""
    return f"{count} {one if count == 1 else many or one + 's'}"


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
    low, high = f"${cost.low:.2f}", f"${cost.high:.2f}"
    return f"About {low}." if low == high else f"About {low} to {high}."
