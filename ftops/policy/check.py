"""Run every rule over a plan."""

from __future__ import annotations

from ftops.model.plan import Plan
from ftops.model.review import Review
from ftops.policy.rules import RULES, Allowed


def review(plan: Plan, allowed: Allowed) -> Review:
    """Say whether the plan may be applied."""
    violations = tuple(found for rule in RULES for found in rule(plan, allowed))
    return Review(violations, allowed.cost, tuple(allowed.cost_unknown_because))
