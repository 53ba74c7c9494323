"""Run every rule over a plan."""

from __future__ import annotations

from ftops.model.plan import Plan
from ftops.model.review import Review
from ftops.model.steps import steps_later, steps_now
from ftops.review.reckoning import reckoned
from ftops.review.retirement import warnings
from ftops.review.rules import LIMITS, OLDER_COMMIT, RULES, Allowed


def review(plan: Plan, allowed: Allowed) -> Review:
    """Say whether the plan may be applied."""
    reckoning = reckoned(plan, allowed.so_far)
    guarded = (found for rule in RULES for found in rule(plan, allowed))
    limited = (found for limit in LIMITS for found in limit(reckoning, allowed))
    violations = (*guarded, *limited)
    # To lift a limit for an older commit would be bad advice: what it declares is no longer wanted.
    older = tuple(found for found in violations if found.rule == OLDER_COMMIT)
    return Review(
        violations=older or violations,
        estimated_cost=steps_now(plan.changes).cost,
        estimated_cost_later=steps_later(plan.changes).cost,
        cost_unknown_because=tuple(allowed.cost_unknown_because),
        same_training=plan.facts.same_training,
        warnings=tuple(warnings(plan, allowed.ends)) if allowed.ends else (),
    )
