"""The straight line: load, observe, plan, review, apply. Each run does what can be done now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

from ftops.applier.applier import Applied, apply
from ftops.applier.context import Context, Hands
from ftops.model.change import Change
from ftops.model.observation import Observation
from ftops.model.plan import Plan
from ftops.model.planning import Inputs, Planning
from ftops.model.review import Review
from ftops.model.spending import Purchase
from ftops.model.state import State
from ftops.model.value import replace
from ftops.planner.planner import plan
from ftops.reconciler.budgets import charged, held_by, within_budgets
from ftops.reconciler.commits import applied_commit, older_than
from ftops.reconciler.policies import basis_of
from ftops.reconciler.pricing import price_book, priced
from ftops.reconciler.retirement import Look, what_ends
from ftops.reconciler.retries import within_max_costs
from ftops.reconciler.values import Loaded, Reviewed
from ftops.records.stake import with_stakes
from ftops.review.alarms import acknowledgements, worth_keeping
from ftops.review.check import review
from ftops.review.freezing import freeze_notes, freezes
from ftops.review.prices import PriceBook
from ftops.review.purse import Purse
from ftops.review.retirement import Ends
from ftops.review.rules import Allowed
from ftops.review.selection import Selection, selected_names, unmatched

MOST_LOOKS = 2


def make_plan(
    loaded: Loaded,
    observations: Mapping[str, Observation],
    state: State,
    selection: Selection,
    now: float,
    look: Look = lambda seen, _: seen,
) -> Reviewed:
    """Decide what is to be done, what it costs and whether it may be done.

    `look` takes a second look at what the plan could not see in the lists. The files of what
    is created are read for tokens; where another commit was applied last, git is asked which is older; where
    something is created, `look` asks when its model ends, and what it costs. Else it is pure.
    """
    inputs = Inputs(
        project=loaded.project.name,
        fine_tunes=loaded.fine_tunes,
        datasets=loaded.datasets,
        observations=observations,
        state=state,
        now=now,
        selection=selected_names(selection, loaded.fine_tunes, state),
        configured=frozenset(loaded.facts),
        patient=selection.patient,
        unattended=selection.defers,
        data_problems=loaded.data_problems,
        fingerprints=loaded.fingerprints,
        freezes=freezes(loaded.project.freezes, now, selection.lifted),
    )
    planning = plan(inputs)
    # Listed files may show more jobs to look at, and those are looked at once.
    for _ in range(MOST_LOOKS):
        if not planning.doubts:
            break
        inputs = replace(inputs, observations=look(inputs.observations, planning.doubts))
        planning = plan(inputs)
    settled = charged(loaded, inputs.observations, planning.state, now)
    held = held_by(loaded, settled, now)
    prices = price_book(loaded, planning, inputs.observations, look, now)
    pricing = partial(priced, loaded, prices)
    inputs, planning = within_max_costs(inputs, planning, settled, pricing)
    planning = within_budgets(inputs, planning, held, selection, pricing)
    facts = replace(planning.plan.facts, commit=loaded.commit, older_than=older_than(loaded, state))
    frozen = freeze_notes(planning.plan.changes, loaded.project.freezes, selection.lifted, now)
    known = acknowledgements(planning.plan, settled.acks, now)
    notes = (*planning.plan.notes, *frozen, *unmatched(selection, loaded.fine_tunes, state), *known)
    changes = with_stakes(planning.plan.changes, settled, inputs.observations, now)
    whole = replace(planning.plan, facts=facts, notes=notes, changes=changes)
    ends, seen = what_ends(loaded, whole, inputs.observations, look, now)
    paid, verdict = _judged(loaded, whole, selection, (ends, held, prices))
    return Reviewed(Planning(paid, settled), verdict, seen, state, selection, now, ends, held, prices)


def carry_out(loaded: Loaded, reviewed: Reviewed, changes: Iterable[Change], hands: Hands) -> Applied:
    """Apply changes of a plan that may be applied; the lock must be held since before it was made.

    Settings are taken over for what the plan is about; of an older commit, for what it changes alone.
    """
    wanted, settled = tuple(changes), reviewed.planning.state
    # Where there is no state yet, a run that does nothing must not begin one.
    if wanted or settled.serial:
        settled = replace(settled, applied=applied_commit(loaded, reviewed))
    settled = _acks_pruned(reviewed, settled, acts=bool(wanted))
    about = wanted if reviewed.plan.facts.older_than else reviewed.plan.changes
    names = {change.name for change in about}
    context = Context(
        project=loaded.project.name,
        root=loaded.root,
        fine_tunes={one.name: one for one in loaded.fine_tunes if one.name in names},
        datasets=loaded.datasets,
        observations=reviewed.observations,
        hands=hands,
        purchase=Purchase(at=reviewed.at, by=hands.who, commit=loaded.commit.id if loaded.commit else None),
    )
    return apply(wanted, (reviewed.stored, settled), context)


def _acks_pruned(reviewed: Reviewed, settled: State, *, acts: bool) -> State:
    """Drop acknowledgements whose failure is gone where the state is written anyway; expired ones at once.

    So one that has expired is told by one round of an apply or reconcile, and by every plan before it.
    """
    everything = reviewed.selection.everything
    kept, expired = worth_keeping(reviewed.plan, settled.acks, reviewed.at, everything=everything)
    if len(kept) == len(settled.acks):
        return settled
    return replace(settled, acks=kept) if acts or expired or settled != reviewed.stored else settled


def narrowed(loaded: Loaded, reviewed: Reviewed, changes: Iterable[Change], selection: Selection) -> Reviewed:
    """Return the plan with these of its changes alone, and judge it again: limits are for what is done."""
    kept = tuple(changes)
    at = {change.provider for change in kept}
    resting = {name: why for name, why in reviewed.plan.incomplete.items() if name in at}
    narrower = replace(reviewed.plan, changes=kept, incomplete=resting)
    by = (reviewed.ends, reviewed.purse, reviewed.prices)
    part, verdict = _judged(loaded, narrower, selection, by)
    if part.effective_changes != reviewed.plan.effective_changes:
        selection = replace(selection, exactly=frozenset(change.name for change in part.changes))
    planning = replace(reviewed.planning, plan=part)
    return replace(reviewed, planning=planning, review=verdict, selection=selection)


def _judged(
    loaded: Loaded, planned: Plan, selection: Selection, by: tuple[Ends | None, Purse, PriceBook | None]
) -> tuple[Plan, Review]:
    ends, held, prices = by
    paid, unknown = priced(loaded, prices, planned)
    allowed = Allowed(
        loaded.project.limits,
        selection.lifted,
        selection.allow_empty,
        selection.accepts(planned.facts.older_than),
        unknown,
        selection.so_far,
        ends,
        # What would be over waits instead, and only a mistake in the budgets themselves is refused.
        replace(held, funds=()) if selection.defers else held,
        basis_of(loaded, planned, prices, unknown),
    )
    return paid, review(paid, allowed)
