"""Which creates an unattended round defers, because a budget has no room for them yet."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from decimal import Decimal

from ftops.model.change import Action, Change, Reason
from ftops.model.plan import Plan
from ftops.model.planning import Deferred
from ftops.model.review import CostEstimate
from ftops.model.spending import ZERO
from ftops.review.purse import Fund, Purse, at_least, at_most, price


def deferred(
    plan: Plan, held: Purse, lift: Decimal, priorities: Mapping[str, int], because: Sequence[str]
) -> dict[str, Deferred]:
    """Return which creates of a plan have no room, by name. Who has a higher priority goes first.

    What is small may go before what is large and does not fit: a budget is never left unused by rank.
    What a create leads to is not counted: it has to fit when its time comes. What waits for a place at a full
    provider is deferred along with what leaves it one: one by one, each would cost another plan. `because`
    says why costs are unknown.
    """
    left = {fund: fund.left + lift for fund in held.funds}
    late: dict[str, Deferred] = {}
    next_ones: dict[str, Deferred] = {}
    ranked = sorted(plan.changes, key=lambda change: -priorities.get(change.name, 0)) if left else ()
    for change in [*filter(_buys_soon, ranked), *filter(_buys_later, ranked)]:
        cost = change.then.estimated_cost if change.then else change.estimated_cost
        mine = {fund: left[fund] for fund in held.of(change)}
        found = _put_off(cost, mine, lift, because)
        if found is not None:
            (next_ones if _is_next(change) else late)[change.name] = found
        elif change.action.creates and cost:
            left.update({fund: room - price(cost) for fund, room in mine.items()})
    return {**late, **next_ones} if late else late


def _buys_soon(change: Change) -> bool:
    return change.action.creates or _is_next(change)


def _is_next(change: Change) -> bool:
    """A create that only waits for a place, which others may leave it."""
    return change.reason is Reason.PROVIDER_LIMIT and change.then is not None and change.then.action.creates


def _buys_later(change: Change) -> bool:
    """A replace that has to wait for its base: it would stop its job now, and pay later."""
    return change.action is Action.CANCEL and change.reason is Reason.CHANGED and change.then is not None


def _put_off(
    cost: CostEstimate | None, left: Mapping[Fund, Decimal], lift: Decimal, because: Sequence[str]
) -> Deferred | None:
    if cost is None:
        fund = next(iter(left), None)
        why = f": {'; '.join(because)}" if because else ""
        return Deferred(f"its cost is unknown, so it cannot count against {fund}{why}") if fund else None
    asked = price(cost)
    never = next((fund for fund in left if asked > fund.most + lift), None)
    if never is not None:
        return Deferred(f"it may cost {at_most(asked)}, more than {never}")
    full = [fund for fund, room in left.items() if asked and asked > room]
    if not full:
        return None
    last = max(full, key=lambda fund: fund.span.end)
    day = time.strftime("%Y-%m-%d", time.gmtime(last.span.end))
    words = f"it may cost {at_most(asked)}, but {last} has {at_least(max(left[last], ZERO))} left"
    return Deferred(f"{words}; it waits until {day} (UTC)", last.span.end)
