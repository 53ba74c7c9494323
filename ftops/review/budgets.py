"""A plan against the budgets: what a day or a month has no room for is refused as a whole.

What is to be created has to be of known cost where a budget covers it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import ROUND_CEILING, Decimal

from msgspec import Struct

from ftops.model.change import Change
from ftops.model.plan import Plan
from ftops.model.review import CostEstimate, Violation
from ftops.model.spending import MOST, ZERO, micro
from ftops.review.purse import RULE, Fund, Purse, at_least, at_most, cents, price

MOST_NAMED = 10
"""Fine-tunes that a message names."""


def lifted_by(lifted: Mapping[str, float]) -> Decimal:
    """Return by how much each budget may be exceeded: `--allow budget=N` is N dollars more, for this once."""
    return micro(min(lifted.get(RULE, 0.0), float(MOST) / 2))


def over_budget(plan: Plan, held: Purse, lift: Decimal, because: Sequence[str]) -> Iterator[Violation]:
    """Refuse a plan that a budget has no room for, and what no budget can judge; say what would fit."""
    yield from held.unknown_labels
    wanted = [one for one in map(_wanted, plan.changes) if one is not None]
    if blind := [one for one in wanted if one.cost is None and held.of(one.change)]:
        yield _unknown_cost(blind, held, because)
    over = [fund for fund in held.funds if _asked(fund, wanted) > max(fund.left + lift, ZERO)]
    if not over:
        return
    fitting = [f"--target {name}" for name in _fitting(wanted, held, lift)]
    fits = f"what fits: {_named(fitting, ' ')}" if fitting else "none of it fits"
    least = _upwards(max(_asked(fund, wanted) - fund.left for fund in over))
    for fund in over:
        yield Violation(RULE, _exceeded(fund, wanted), f"{fits}; --allow budget={least} lifts it")


class _Wanted(Struct, frozen=True):
    """A training that a plan pays for now or leads to; None where its cost is unknown."""

    change: Change
    cost: CostEstimate | None
    now: bool

    @property
    def high(self) -> Decimal:
        return price(self.cost) if self.cost else ZERO


def _wanted(change: Change) -> _Wanted | None:
    if change.action.creates:
        return _Wanted(change, change.estimated_cost, now=True)
    return _Wanted(change, change.then.estimated_cost, now=False) if change.then else None


def _asked(fund: Fund, wanted: Iterable[_Wanted], *, now: bool | None = None) -> Decimal:
    mine = (one for one in wanted if fund.covers(one.change.provider, one.change.labels))
    return sum((one.high for one in mine if now in (None, one.now)), ZERO)


def _exceeded(fund: Fund, wanted: Sequence[_Wanted]) -> str:
    now, later = _asked(fund, wanted, now=True), _asked(fund, wanted, now=False)
    parts = f" ({cents(now)} now, {cents(later)} to follow)" if later else ""
    return f"{fund} has {fund.room(at_least)}, but this plan may cost {at_most(now + later)}{parts}"


def _unknown_cost(blind: Sequence[_Wanted], held: Purse, because: Sequence[str]) -> Violation:
    names = _named([one.change.name for one in blind], ", ")
    message = f"the cost of {names} is unknown, so it cannot count against {held.of(blind[0].change)[0]}"
    message = f"{message}: {'; '.join(because)}" if because else message
    return Violation(RULE, message, "make the cost known (`prices` in ftops.yaml), or remove the budget")


def _named(words: Sequence[str], between: str) -> str:
    more = f" and {len(words) - MOST_NAMED} more" if len(words) > MOST_NAMED else ""
    return between.join(words[:MOST_NAMED]) + more


def _fitting(wanted: Sequence[_Wanted], held: Purse, lift: Decimal) -> list[str]:
    """Return the names of what fits, each with all that it starts from, in the plan's order."""
    by_name = {one.change.name: one for one in wanted}
    left = {fund: fund.left + lift for fund in held.funds}
    chosen: dict[str, None] = {}
    for one in wanted:
        names = [name for name in _with_upstreams(one.change, by_name) if name not in chosen]
        some = [by_name[name] for name in names]
        asked = {fund: _asked(fund, some) for fund in left}
        known = all(each.cost is not None or not held.of(each.change) for each in some)
        if known and all(not asked[fund] or asked[fund] <= left[fund] for fund in left):
            left = {fund: left[fund] - asked[fund] for fund in left}
            chosen.update(dict.fromkeys(names))
    return list(chosen)


def _with_upstreams(change: Change, by_name: Mapping[str, _Wanted]) -> list[str]:
    names, waiting = [change.name], list(change.depends_on)
    while waiting:
        name = waiting.pop()
        if name in by_name and name not in names:
            names.append(name)
            waiting += by_name[name].change.depends_on
    return names


def _upwards(value: Decimal) -> str:
    """Write the least amount of at most two decimals that is not below a value."""
    cents = value.quantize(Decimal("0.01"), rounding=ROUND_CEILING)
    return f"{cents:.0f}" if cents == cents.to_integral_value() else f"{cents}"
