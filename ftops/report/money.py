"""Money in words: estimates, prices, what follows a training. "About": the price may be another one."""

from __future__ import annotations

from decimal import Decimal

from ftops.model.review import Afterwards, CostEstimate, PriceUsed
from ftops.model.steps import Steps

UNKNOWN = "unknown"
NOTHING_PAID = "\u2013"
_CENT = 0.01
_NO_CENTS_FROM = 1000

_UNITS = {
    "per_million_trained_tokens": "for 1M tokens",
    "per_training_hour": "an hour",
    "per_gpu_hour": "a GPU hour",
}
_ARTICLES = {"hour": "an hour", "month": "a month"}


def money(dollars: float) -> str:
    """Write USD: two digits, none from $1,000 on; a known cost never reads as none."""
    if 0 < dollars < _CENT:
        return f"less than ${_CENT}"
    return f"${dollars:,.0f}" if dollars >= _NO_CENTS_FROM else f"${dollars:.2f}"


def price(dollars: float) -> str:
    """Write a price: every digit that it has, and two at least."""
    written = Decimal(str(dollars))
    exponent = written.as_tuple().exponent
    digits = max(2, -exponent if isinstance(exponent, int) else 2)
    return f"${written:,.{digits}f}"


def money_range(cost: CostEstimate, about: str = "") -> str:
    """Write an estimate: one amount, or from the least to the most."""
    low, high = money(cost.low), money(cost.high)
    if cost.low < _CENT <= cost.high:
        return f"up to {about}{high}"
    if cost.high < _CENT:
        about = ""  # What is less than a cent is not about a cent.
    return f"{about}{low if low == high else f'{low} to {high}'}"


def about_range(cost: CostEstimate) -> str:
    """Write an estimate within a sentence, where one "about" is enough."""
    return money_range(cost, "about " if cost.about else "")


def cost_words(steps: Steps) -> str:
    """Say what creates cost together; what is unknown of it is said to be unknown, never zero."""
    total, known = steps.cost, steps.known
    if total is not None:
        return f"{_begun(total)}."
    if known is None:
        return "Cost unknown."
    unknown = sum(1 for cost in steps.creates.values() if cost is None)
    return f"At least {money(known.low)}; the cost of {unknown} is unknown."


def more_words(steps: Steps) -> str:
    """Say the same of what is paid later."""
    words = cost_words(steps)
    return f"{words.removesuffix('.')} more." if steps.cost is not None else words


def _begun(cost: CostEstimate) -> str:
    words = about_range(cost)
    return words[0].upper() + words[1:] if words[0].isalpha() else f"Costs {words}"


def price_words(used: PriceUsed) -> str:
    """Say what price was taken, whose, and when it was seen."""
    amount = price(used.low) if used.low == used.high else f"{price(used.low)} to {price(used.high)}"
    whose = "price_table" if used.confidence else "ftops.yaml"
    told = (whose if used.project else None, used.confidence, used.as_of)
    from_whom = ", ".join(part for part in told if part)
    words = f"at {'about ' if used.about else ''}{amount} {_UNITS.get(used.per, used.per)}"
    return f"{words} ({from_whom})" if from_whom else words


def afterwards_words(after: Afterwards) -> str:
    """Say what a tuned model costs once it is trained."""
    if after.low is None or after.high is None:
        return after.words
    amount = price(after.low) if after.low == after.high else f"{price(after.low)} to {price(after.high)}"
    often = _ARTICLES.get(after.per or "", after.per)
    told = ", ".join(part for part in (after.confidence, after.as_of) if part)
    return f"{'about ' if after.about else ''}{amount} {often} {after.words}{f' ({told})' if told else ''}"
