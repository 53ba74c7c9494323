"""Run every rule over a plan."""

from __future__ import annotations

from ftops.model.plan import Plan
from ftops.model.review import Review
from ftops.policy.rules import OLDER_COMMIT, RULES, Allowed


def review(plan: Plan, allowed: Allowed) -> Review:
    """Say whether the plan may be applied."""
    violations = tuple(found for rule in RULES for found in rule(plan, allowed))
    # To lift a limit for an older commit would be bad advice: what it declares is no longer wanted.
    older = tuple(found for found in violations if found.rule == OLDER_COMMIT)
    return Review(older or violations, allowed.cost, tuple(allowed.cost_unknown_because))
