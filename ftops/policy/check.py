"""Run every rule over a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ftops.model.plan import Plan
from ftops.model.project import Limits
from ftops.model.review import CostEstimate, Review
from ftops.policy.rules import RULES, Allowed


def review(
    plan: Plan,
    limits: Limits,
    cost: CostEstimate | None,
    *,
    lifted: Mapping[str, float] | None = None,
    allow_empty: bool = False,
    cost_unknown_because: Sequence[str] = (),
) -> Review:
    """Say whether the plan may be applied. `lifted` are the limits that this run was told to raise."""
    allowed = Allowed(limits, lifted or {}, allow_empty, cost, cost_unknown_because)
    violations = tuple(found for rule in RULES for found in rule(plan, allowed))
    return Review(violations, cost, tuple(cost_unknown_because))
