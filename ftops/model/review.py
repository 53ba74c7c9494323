"""Review: what a reviewer must know about a plan besides its changes."""

from __future__ import annotations

from math import isfinite

from msgspec import Struct

from ftops.errors import ExitCode
from ftops.model.retirement import Ending


class CostEstimate(Struct, frozen=True):
    """What training may cost, in USD. An unknown cost is no CostEstimate at all, never zero."""

    low: float
    high: float
    currency: str = "USD"

    def __post_init__(self) -> None:
        if not (isfinite(self.low) and isfinite(self.high)):
            raise ValueError("a cost without bounds is an unknown cost")


class Violation(Struct, frozen=True):
    """A rule that forbids applying the plan, with the way to allow it where there is one."""

    rule: str
    message: str
    hint: str | None = None
    exit_code: ExitCode = ExitCode.REFUSED


class Warned(Struct, frozen=True):
    """What a rule has to say of some fine-tunes and does not forbid, with the dates that it judged by."""

    rule: str
    message: str
    names: tuple[str, ...] = ()
    provider: str | None = None
    model: str | None = None
    endings: tuple[Ending, ...] = ()


class Review(Struct, frozen=True):
    """Violations forbid, warnings do not.

    Each estimate covers its creates and replaces, and is None if any is unknown.
    `estimated_cost` is for what is done now, `estimated_cost_later` for what follows. `cost_unknown_because`
    says why, for people, where the project asks for costs by declaring prices. Each group of `same_training`
    names fine-tunes that train the same thing: all of them are paid.
    """

    violations: tuple[Violation, ...] = ()
    estimated_cost: CostEstimate | None = None
    cost_unknown_because: tuple[str, ...] = ()
    estimated_cost_later: CostEstimate | None = None
    same_training: tuple[tuple[str, ...], ...] = ()
    warnings: tuple[Warned, ...] = ()
