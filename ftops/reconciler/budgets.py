"""What the budgets of a project hold in one run, and what of a plan waits because they hold too little."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial

from ftops.model.observation import Observation
from ftops.model.plan import Plan
from ftops.model.planning import Inputs, Planning
from ftops.model.state import State
from ftops.model.value import replace
from ftops.planner.planner import plan
from ftops.reconciler.pricing import job_rates, project_prices
from ftops.reconciler.retirement import opened_facts
from ftops.reconciler.values import Loaded
from ftops.records.charges import with_charges
from ftops.records.spending import spendings
from ftops.review.budgets import lifted_by
from ftops.review.deferring import deferred
from ftops.review.purse import EMPTY, Purse, purse
from ftops.review.selection import Selection

Priced = Callable[[Plan], tuple[Plan, tuple[str, ...]]]
"""A plan -> the plan with its costs, and why some are unknown."""


def charged(loaded: Loaded, seen: Mapping[str, Observation], state: State, now: float) -> State:
    """Return the state with the costs of its ended jobs, as far as they are known by now."""
    if loaded.partly:
        return state
    facts = opened_facts(loaded, seen)
    book = cache(partial(project_prices, loaded.root, loaded.project, facts, now))
    return with_charges(state, job_rates(book))


def held_by(loaded: Loaded, state: State, now: float) -> Purse:
    """Return what the budgets of a project hold; nothing is counted where there is none."""
    if not loaded.project.budgets:
        return EMPTY
    recorded = [record.labels for record in state.fine_tunes.values()]
    labels = [*(one.labels for one in loaded.fine_tunes), *recorded]
    return purse(loaded.project.budgets, spendings(state), now, labels)


def within_budgets(
    inputs: Inputs, planning: Planning, held: Purse, selection: Selection, priced: Priced
) -> Planning:
    """Plan again without what no budget has room for, until all the rest fits.

    What waits leaves its place at a full provider to another, which has to fit in turn.
    """
    if not selection.defers or not held.funds:
        return planning
    priorities = {one.name: one.lifecycle.priority for one in inputs.fine_tunes}
    lift = lifted_by(selection.lifted)
    while True:
        shown, because = priced(planning.plan)
        late = deferred(shown, held, lift, priorities, because)
        if not late:
            return planning
        inputs = replace(inputs, deferred={**inputs.deferred, **late})
        planning = plan(inputs)
