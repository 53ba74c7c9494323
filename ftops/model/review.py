"""Review: what a reviewer must know about a plan besides its changes."""

from __future__ import annotations

from dataclasses import dataclass

from ftops.errors import ExitCode


@dataclass(frozen=True, slots=True)
class CostEstimate:
    """What training may cost, in USD. An unknown cost is no CostEstimate at all, never zero."""

    low: float
    high: float
    currency: str = "USD"


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that forbids applying the plan, with the way to allow it where there is one."""

    rule: str
    message: str
    hint: str | None = None
    exit_code: ExitCode = ExitCode.REFUSED


@dataclass(frozen=True, slots=True)
class Review:
    """Violations forbid; each estimate covers its creates and replaces, and is None if any is unknown.

    `estimated_cost` is for what is done now, `estimated_cost_later` for what follows. `cost_unknown_because`
    says why, for people, where the project asks for costs by declaring prices. Each group of `same_training`
    names fine-tunes that train the same thing: all of them are paid.
    """

    violations: tuple[Violation, ...] = ()
    estimated_cost: CostEstimate | None = None
    cost_unknown_because: tuple[str, ...] = ()
    estimated_cost_later: CostEstimate | None = None
    same_training: tuple[tuple[str, ...], ...] = ()
