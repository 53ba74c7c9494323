"""One small function per rule. Each looks at the whole plan and yields what forbids applying it.

Limits hold for a command: what its earlier rounds did, what the plan does now and what follows from it are
counted together, each step once. So a base model whose change trains forty others is refused before it is
paid. A second payment may always be stopped: its cancel counts in no limit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import ROUND_CEILING, Decimal, localcontext

from msgspec import Struct, field

from ftops.errors import ExitCode
from ftops.model.plan import Plan
from ftops.model.project import Limits
from ftops.model.review import Violation
from ftops.model.steps import NOTHING_DONE, SoFar, Steps
from ftops.review.budgets import lifted_by, over_budget
from ftops.review.policies import Basis
from ftops.review.purse import EMPTY, RULE, Purse
from ftops.review.reckoning import Reckoning
from ftops.review.retirement import CLOSED, Ends, closed_creates

FEWEST_FOR_PERCENT = 4
"""Below so many records a percentage says nothing: one of three is 33 %."""
FEWEST_VANISHED = 2
VANISHED_PERCENT = 30

OLDER_COMMIT = "older-commit"

NOT_WAIVABLE = (
    "empty-project",
    OLDER_COMMIT,
    "mass-vanish",
    "wrong-account",
    CLOSED,
    RULE,
    "max_creates",
    "max_cancels",
    "max_cancels_percent",
    "max_cost",
)
"""Guards, budgets and limits, which no waiver lifts: a person does, for one command."""

LIFTABLE = ("creates", "cancels", "cancels_percent", "cost", "budget", "vanished")
"""The names that `--allow NAME=N` takes; `--allow freeze` has no number."""


class Allowed(Struct, frozen=True):
    """What the plan is judged by: the project's limits, what the run may accept, what it has done.

    `ends` is None where nothing is trained that a known end concerns, `basis` where the
    project has no policies. `purse` holds the budgets.
    """

    limits: Limits
    lifted: Mapping[str, float] = field(default_factory=dict)
    allow_empty: bool = False
    allow_older: bool = False
    cost_unknown_because: Sequence[str] = ()
    so_far: SoFar = NOTHING_DONE
    ends: Ends | None = None
    purse: Purse = EMPTY
    basis: Basis | None = None

    def limit(self, name: str, default: float | None) -> float | None:
        """Return the limit of this name, None for none. An option can only raise what the project allows."""
        return None if default is None else max(default, self.lifted.get(name, default))


def empty_project(plan: Plan, allowed: Allowed) -> Iterator[Violation]:
    """A wrong branch or directory looks like a wish to cancel everything."""
    if plan.facts.declared == 0 and plan.facts.recorded > 0 and not allowed.allow_empty:
        message = f"the project declares no fine-tunes, but the state has {plan.facts.recorded}"
        yield Violation("empty-project", message, "to remove everything, pass --allow-empty")


def older_commit(plan: Plan, allowed: Allowed) -> Iterator[Violation]:
    """What a newer commit added looks removed to an older one, and what it changed, changed back."""
    facts = plan.facts
    if facts.older_than is not None and plan.effective_changes and not allowed.allow_older:
        message = (
            f"this is commit {facts.commit}, but the state was last applied from a newer one, "
            f"{facts.older_than}: this run could undo what that one did"
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
            f"{gone} of {known} active jobs disappeared from the provider at once: is this the right account?"
        )
        yield Violation("mass-vanish", message, f"if it is, pass --allow vanished={gone}")


def wrong_account(plan: Plan, _: Allowed) -> Iterator[Violation]:
    """A key of another account sees none of our jobs and would create them all again."""
    for found in plan.facts.wrong_accounts:
        yield Violation("wrong-account", found, "check api_key and organization in ftops.yaml")


def max_creates(reckoning: Reckoning, allowed: Allowed) -> Iterator[Violation]:
    """Limit what one command may start."""
    limit = allowed.limit("creates", allowed.limits.max_creates)
    yield from _over("creates", _creates, reckoning, limit)


def max_cancels(reckoning: Reckoning, allowed: Allowed) -> Iterator[Violation]:
    """Limit what one command may stop."""
    limit = allowed.limit("cancels", allowed.limits.max_cancels)
    yield from _over("cancels", _cancels, reckoning, limit)


def max_cancels_percent(reckoning: Reckoning, allowed: Allowed) -> Iterator[Violation]:
    """Limit which share of the records that the command began with it may stop."""
    recorded = reckoning.recorded
    if recorded < FEWEST_FOR_PERCENT or not _cancels(reckoning.ahead):
        return
    percent = 100 * _cancels(reckoning.all) / recorded
    limit = allowed.limit("cancels_percent", allowed.limits.max_cancels_percent)
    if limit is not None and _exceeds(percent, limit):
        least = lifting(percent)
        message = f"it cancels {least} % of the recorded fine-tunes, the limit is {_written(limit)} %"
        yield Violation("max_cancels_percent", message, f"--allow cancels_percent={least} lifts it")


def max_cost(reckoning: Reckoning, allowed: Allowed) -> Iterator[Violation]:
    """Limit what one command may spend; an unknown cost cannot be within a limit."""
    limit = allowed.limit("cost", allowed.limits.max_cost)
    if limit is None or not reckoning.ahead.creates:
        return
    cost = reckoning.all.cost
    if cost is None:
        message = f"the cost is unknown, and max_cost is ${_written(limit)}"
        causes = "; ".join(allowed.cost_unknown_because)
        message = f"{message}: {causes}" if causes else message
        yield Violation("max_cost", message, "make the cost known, or set max_cost: null in ftops.yaml")
    elif _exceeds(cost.high, limit):
        least = lifting(cost.high)
        parts = reckoning.parts(lambda steps: steps.cost.high if steps.cost else 0, "${:.2f}".format)
        message = f"it may cost ${least}{parts}, the limit is ${_written(limit)}"
        yield Violation("max_cost", message, f"--allow cost={least} lifts it")


def retirement(plan: Plan, allowed: Allowed) -> Iterator[Violation]:
    """Refuse what nobody trains any more."""
    if allowed.ends is not None:
        yield from closed_creates(plan, allowed.ends)


def budget(plan: Plan, allowed: Allowed) -> Iterator[Violation]:
    """Limit what a day or a month may cost; an unknown cost cannot be within a budget."""
    lift = lifted_by(allowed.lifted)
    yield from over_budget(plan, allowed.purse, lift, allowed.cost_unknown_because)


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
    retirement,
    budget,
)
"""Every guard, in the order in which they are reported."""

LIMITS: Sequence[Callable[[Reckoning, Allowed], Iterator[Violation]]] = (
    max_creates,
    max_cancels,
    max_cancels_percent,
    max_cost,
)
"""Every limit; they are reported after the guards."""


def _creates(steps: Steps) -> int:
    return len(steps.creates)


def _cancels(steps: Steps) -> int:
    return len(steps.cancels)


def _over(
    name: str, measure: Callable[[Steps], int], reckoning: Reckoning, limit: float | None
) -> Iterator[Violation]:
    count = measure(reckoning.all)
    # What is done already is no reason to refuse a round that adds nothing to it.
    if measure(reckoning.ahead) and limit is not None and _exceeds(count, limit):
        what = name.removesuffix("s") if count == 1 else name
        parts, verb = reckoning.parts(measure, str), "is" if count == 1 else "are"
        message = f"{count} {what}{parts} {verb} more than the limit of {_written(limit)}"
        yield Violation(f"max_{name}", message, f"--allow {name}={count} lifts it")


def _exceeds(amount: float, limit: float | None) -> bool:
    """Fail closed: what does not compare, such as a limit that is not a number, is over."""
    return limit is not None and not amount <= limit


def _written(limit: float) -> str:
    return str(int(limit)) if math.isfinite(limit) and limit == int(limit) else str(limit)
