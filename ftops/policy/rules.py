"""One small function a rule. Each looks at the plan as a whole and yields what forbids applying it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Decimal, localcontext

from ftops.errors import ExitCode
from ftops.model.change import Action
from ftops.model.plan import Plan
from ftops.model.project import Limits
from ftops.model.review import CostEstimate, Violation

FEWEST_FOR_PERCENT = 4
"""Below so many records a percentage says nothing: one of three is 33 %."""
FEWEST_VANISHED = 2
VANISHED_PERCENT = 30

OLDER_COMMIT = "older-commit"

LIFTABLE = ("creates", "cancels", "cancels_percent", "cost", "vanished")
"""The names that `--allow NAME=N` takes."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """What the plan is judged by: its cost, the project's limits, and what this run was told to accept."""

    limits: Limits
    cost: CostEstimate | None = None
    lifted: Mapping[str, float] = field(default_factory=dict)
    allow_empty: bool = False
    allow_older: bool = False
    cost_unknown_because: Sequence[str] = ()

    def limit(self, name: str, default: float | None) -> float | None:
        """Give the limit of this name, None for none. An option can only raise what the project allows."""
        return None if default is None else max(default, self.lifted.get(name, default))


def empty_project(plan: Plan, allowed: Allowed) -> Iterator[Violation]:
    """A wrong branch or directory looks like a wish to cancel everything."""
    if plan.facts.declared == 0 and plan.facts.recorded > 0 and not allowed.allow_empty:
        message = f"the project declares no fine-tune, the state has {plan.facts.recorded}"
        yield Violation("empty-project", message, "if everything is to go, pass --allow-empty")


def older_commit(plan: Plan, allowed: Allowed) -> Iterator[Violation]:
    """What a newer commit added looks removed to an older one, and what it changed, changed back."""
    facts = plan.facts
    if facts.older_than is not None and plan.effective_changes and not allowed.allow_older:
        message = (
            f"this is commit {facts.commit}, and the state was last applied from a newer one, "
            f"{facts.older_than}: this run could take back what that one brought"
        )
        hint = (
            "pull, or rebase onto it (a shallow clone can only compare times: `git fetch --unshallow`); "
            "to go back on purpose, pass --allow-older"
        )
        yield Violation(OLDER_COMMIT, message, hint, ExitCode.NEEDS_PERSON)


def mass_vanish(plan: Plan, allowed: Allowed) -> Iterator[Violation]:
    """Many known jobs gone at once mean a wrong account.

    A single one is left to the table's rows for missing jobs: one of one would be "all" each time.
    """
    gone, known = plan.facts.newly_missing, plan.facts.known_active
    everything = gone == known and gone >= FEWEST_VANISHED
    many = gone > FEWEST_VANISHED and gone * 100 > known * VANISHED_PERCENT
    if (everything or many) and _exceeds(gone, allowed.limit("vanished", 0)):
        message = (
            f"{gone} of {known} active jobs are gone from the provider at once: is this the right account?"
        )
        yield Violation("mass-vanish", message, f"if it is, pass --allow vanished={gone}")


def wrong_account(plan: Plan, _: Allowed) -> Iterator[Violation]:
    """A key of another account sees none of our jobs and would create them all again."""
    for found in plan.facts.wrong_accounts:
        yield Violation("wrong-account", found, "check api_key and organization in ftops.yaml")


def max_creates(plan: Plan, allowed: Allowed) -> Iterator[Violation]:
    """Limit what one apply may start."""
    count = sum(1 for change in plan.changes if change.action.creates)
    yield from _over("creates", "creates", count, allowed.limit("creates", allowed.limits.max_creates))


def max_cancels(plan: Plan, allowed: Allowed) -> Iterator[Violation]:
    """Limit what one apply may stop."""
    count = _cancels(plan)
    yield from _over("cancels", "cancels", count, allowed.limit("cancels", allowed.limits.max_cancels))


def max_cancels_percent(plan: Plan, allowed: Allowed) -> Iterator[Violation]:
    """Limit which share of the records one apply may stop."""
    if plan.facts.recorded < FEWEST_FOR_PERCENT:
        return
    percent = 100 * _cancels(plan) / plan.facts.recorded
    limit = allowed.limit("cancels_percent", allowed.limits.max_cancels_percent)
    if limit is not None and _exceeds(percent, limit):
        least = lifting(percent)
        message = f"it cancels {least} % of the recorded fine-tunes, the limit is {_written(limit)} %"
        yield Violation("max_cancels_percent", message, f"--allow cancels_percent={least} lifts it")


def max_cost(plan: Plan, allowed: Allowed) -> Iterator[Violation]:
    """Limit what one apply may spend; an unknown cost cannot be within a limit."""
    limit = allowed.limit("cost", allowed.limits.max_cost)
    if limit is None or not any(change.action.creates for change in plan.changes):
        return
    if allowed.cost is None or not math.isfinite(allowed.cost.high):
        message = f"the cost is not known, and max_cost is ${_written(limit)}"
        causes = "; ".join(allowed.cost_unknown_because)
        message = f"{message}: {causes}" if causes else message
        yield Violation("max_cost", message, "make it known, or set max_cost: null in ftops.yaml")
    elif _exceeds(allowed.cost.high, limit):
        least = lifting(allowed.cost.high)
        message = f"it may cost ${least}, the limit is ${_written(limit)}"
        yield Violation("max_cost", message, f"--allow cost={least} lifts it")


def lifting(amount: float) -> str:
    """Write the least number of at most two decimals that, typed after --allow, is not below `amount`."""
    with localcontext(prec=400):  # the largest float has 309 digits
        least = Decimal(amount).quantize(Decimal("0.01"), rounding=ROUND_CEILING)
    return f"{least:.0f}" if least == least.to_integral_value() else f"{least:f}"


Rule = Callable[[Plan, Allowed], Iterator[Violation]]

RULES: Sequence[Rule] = (
    empty_project,
    older_commit,
    mass_vanish,
    wrong_account,
    max_creates,
    max_cancels,
    max_cancels_percent,
    max_cost,
)
"""Every rule, in the order in which they are told."""


def _cancels(plan: Plan) -> int:
    return sum(
        1
        for change in plan.changes
        if change.action in (Action.CANCEL, Action.REPLACE) or change.cancel_first is not None
    )


def _over(name: str, what: str, count: int, limit: float | None) -> Iterator[Violation]:
    if limit is not None and _exceeds(count, limit):
        message = f"{count} {what} are more than the limit of {_written(limit)}"
        yield Violation(f"max_{name}", message, f"--allow {name}={count} lifts it")


def _exceeds(amount: float, limit: float | None) -> bool:
    """Fail closed: what does not compare, such as a limit that is no number, is over."""
    return limit is not None and not amount <= limit


def _written(limit: float) -> str:
    return str(int(limit)) if math.isfinite(limit) and limit == int(limit) else str(limit)
