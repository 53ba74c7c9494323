"""What this month has cost, runs and will cost by the plan, and what its budgets have left. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from ftops.model.calendar import Period, span
from ftops.model.plan import Plan
from ftops.model.spending import Amount, amount
from ftops.model.spent import Spending
from ftops.model.steps import steps_later, steps_now
from ftops.review.costs import tally
from ftops.review.purse import Fund, Purse


class Forecast(Struct, frozen=True):
    """The present month of UTC. `planned` is what the plan does and leads to, None where that is unknown.

    `unknown` counts jobs of this month whose cost is unknown.
    """

    month: str
    spent: tuple[Amount, ...] = ()
    running: tuple[Amount, ...] = ()
    planned: Amount | None = None
    unknown: int = 0
    funds: tuple[Fund, ...] = ()

    def __bool__(self) -> bool:
        """Return whether there is anything to say."""
        return bool(self.spent or self.running or self.unknown or self.funds or self.planned != NOTHING)


NOTHING = amount(0)


def forecast(plan: Plan, spent: Iterable[Spending], held: Purse, now: float) -> Forecast:
    """Add up the month in which `now` is."""
    month = span(Period.MONTH, now)
    jobs = tally(one for one in spent if (one.open if one.at is None else one.at in month))
    return Forecast(month.label, jobs.spent, jobs.open, _planned(plan), jobs.unknown, held.funds)


def _planned(plan: Plan) -> Amount | None:
    cost = (steps_now(plan.changes) | steps_later(plan.changes)).cost
    try:
        return None if cost is None else amount(cost.low, cost.high)
    except ValueError:
        return None
