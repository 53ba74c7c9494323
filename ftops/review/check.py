"""Run every rule over a plan."""

from __future__ import annotations

from datetime import date

from ftops.model.plan import Plan
from ftops.model.review import Review
from ftops.model.steps import steps_later, steps_now
from ftops.review.horizon import judged_horizon
from ftops.review.policies import judged_plan
from ftops.review.reckoning import reckoned
from ftops.review.retirement import warnings
from ftops.review.rules import LIMITS, OLDER_COMMIT, RULES, Allowed
from ftops.review.waiving import Findings, Waivers


def review(plan: Plan, allowed: Allowed) -> Review:
    """Say whether the plan may be applied."""
    reckoning = reckoned(plan, allowed.so_far)
    guarded = (one for rule in RULES for one in rule(plan, allowed))
    limited = (one for limit in LIMITS for one in limit(reckoning, allowed))
    found = _policies(plan, allowed)
    ruled = (one for part in found for one in part.violations)
    violations = (*guarded, *ruled, *limited)
    # To lift a limit for an older commit would be bad advice: what it declares is no longer wanted.
    older = tuple(one for one in violations if one.rule == OLDER_COMMIT)
    return Review(
        violations=older or violations,
        estimated_cost=steps_now(plan.changes).cost,
        estimated_cost_later=steps_later(plan.changes).cost,
        cost_unknown_because=tuple(allowed.cost_unknown_because),
        same_training=plan.facts.same_training,
        warnings=(
            *(warnings(plan, allowed.ends) if allowed.ends else ()),
            *(one for part in found for one in part.warnings),
        ),
        waived=tuple(one for part in found for one in part.waived),
        max_cost=allowed.limits.max_cost,
    )


def _policies(plan: Plan, allowed: Allowed) -> tuple[Findings, ...]:
    waivers = allowed.basis.waivers if allowed.basis else Waivers((), date.min)
    return (
        *((judged_horizon(plan, allowed.ends, waivers),) if allowed.ends else ()),
        *((judged_plan(plan, allowed.basis),) if allowed.basis else ()),
    )
