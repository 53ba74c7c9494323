"""`retirement_horizon`, with its waivers: it is judged by models, and waived by fine-tunes."""

from __future__ import annotations

from collections.abc import Collection

from ftops.model.plan import Plan
from ftops.model.value import replace
from ftops.review.retirement import HORIZON, Ends, within_horizon
from ftops.review.waiving import Findings, Waivers, lifted


def judged_horizon(plan: Plan, ends: Ends, waivers: Waivers) -> Findings:
    """Refuse what would not last as long as the project asks, except what a waiver lets pass."""
    mine = [one for one in waivers.waivers if one.rule == HORIZON]
    broken = {one: found for one in mine for found in within_horizon(_only(plan, {one.name}), ends)}
    in_force = {one.name: one for one in broken if waivers.why_not(one) is None}
    rest = _only(plan, {change.name for change in plan.changes} - in_force.keys())
    return Findings(
        tuple(within_horizon(rest, ends)),
        waivers.lapsed(broken),
        tuple(lifted(one, broken[one].message.removeprefix(f"{one.name}: ")) for one in in_force.values()),
        frozenset(broken),
    )


def _only(plan: Plan, names: Collection[str]) -> Plan:
    return replace(plan, changes=tuple(change for change in plan.changes if change.name in names))
