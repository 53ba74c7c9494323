"""Review: what a reviewer must know about a plan besides its changes."""

from __future__ import annotations

from math import isfinite
from typing import Annotated

from msgspec import Meta, Struct

from ftops.errors import ExitCode
from ftops.model.finetune import Source
from ftops.model.retirement import Ending


class PriceUsed(Struct, frozen=True):
    """What an estimate was made with: USD `per` unit, from whom and when.

    `project`: its own price, of its ftops.yaml or, with a `confidence`, of its price_table. `low` and `high`
    differ where nothing says which of several prices holds.
    """

    low: float
    high: float
    per: str
    project: bool = False
    about: bool = False
    as_of: str | None = None
    confidence: str | None = None
    source: str | None = None


class CostEstimate(Struct, frozen=True):
    """What training may cost, in USD. An unknown cost is no CostEstimate at all, never zero.

    `about`: the price is old or not official, or the tokens are not counted exactly. `because` says why it is
    a range, or that the provider estimated it. A sum has no `price` of its own, nor has such an estimate.
    """

    low: float
    high: float
    currency: str = "USD"
    about: bool = False
    because: tuple[str, ...] = ()
    price: PriceUsed | None = None

    def __post_init__(self) -> None:
        if not (isfinite(self.low) and isfinite(self.high)):
            raise ValueError("a cost without bounds is an unknown cost")


class Afterwards(Struct, frozen=True):
    """What a tuned model costs once it is trained, `per` hour or month, beside what is asked of it.

    `words` say while what. Without `low` and `high` there is no one price for it.
    """

    words: str
    low: float | None = None
    high: float | None = None
    per: str | None = None
    currency: str = "USD"
    about: bool = False
    as_of: str | None = None
    confidence: str | None = None
    source: str | None = None


class Violation(Struct, frozen=True):
    """A rule that forbids applying the plan, with the way to allow it where there is one.

    `source` is where what it forbids is declared, None where it is about the plan as a whole. `name` is the
    fine-tune that it is about, likewise.
    """

    rule: str
    message: str
    hint: str | None = None
    exit_code: ExitCode = ExitCode.REFUSED
    source: Source | None = None
    name: str | None = None


class Waived(Struct, frozen=True):
    """A rule that a waiver lifts: whose, why, and until when (a day, UTC; it holds on that day)."""

    rule: str
    name: str
    message: str
    reason: str
    until: str
    source: Source | None = None


class Warned(Struct, frozen=True):
    """What a rule has to say of some fine-tunes and does not forbid, with the dates that it judged by."""

    rule: str
    message: str
    names: tuple[str, ...] = ()
    provider: str | None = None
    model: str | None = None
    endings: tuple[Ending, ...] = ()
    source: Source | None = None


class Review(Struct, frozen=True):
    """Violations forbid, warnings do not.

    Each estimate covers its creates and replaces, and is None if any is unknown.
    `estimated_cost` is for what is done now, `estimated_cost_later` for what follows. `cost_unknown_because`
    says why, for people. Each group of `same_training`
    names fine-tunes that train the same thing: all of them are paid. `waived` are rules that would forbid or
    warn. `max_cost` is the limit of one apply in USD, None for none.
    """

    violations: tuple[Violation, ...] = ()
    estimated_cost: CostEstimate | None = None
    cost_unknown_because: tuple[str, ...] = ()
    estimated_cost_later: CostEstimate | None = None
    same_training: tuple[Annotated[tuple[str, ...], Meta(min_length=2)], ...] = ()
    warnings: tuple[Warned, ...] = ()
    waived: tuple[Waived, ...] = ()
    max_cost: float | None = None
