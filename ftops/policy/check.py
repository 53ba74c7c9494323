"""Run every rule over a plan."""

from __future__ import annotations

from collections.abc import Mapping

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
) -> Review:
    """Say whether the plan may be applied. `lifted` are the limits that this run was told to raise."""
    allowed = Allowed(limits, lifted or {}, allow_empty, cost)
    return Review(tuple(found for rule in RULES for found in rule(plan, allowed)), cost)
