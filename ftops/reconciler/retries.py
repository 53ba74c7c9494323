"""What of a plan is held because its retries would cost more than their declaration allows."""

from __future__ import annotations

from ftops.model.planning import Inputs, Planning
from ftops.model.state import State
from ftops.model.value import replace
from ftops.planner.planner import plan
from ftops.reconciler.budgets import Priced
from ftops.review.retry_costs import capped, retries, too_dear


def within_max_costs(
    inputs: Inputs, planning: Planning, settled: State, priced: Priced
) -> tuple[Inputs, Planning]:
    """Plan again without the retries that cost too much. `settled` has the charges that are known by now."""
    limits = capped(inputs.fine_tunes)
    if not limits or not retries(planning.plan, limits):
        return inputs, planning
    held = too_dear(priced(planning.plan)[0], settled, limits)
    if not held:
        return inputs, planning
    inputs = replace(inputs, deferred={**inputs.deferred, **held})
    return inputs, plan(inputs)
