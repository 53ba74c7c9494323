"""The form of a table of prices: what training costs at the providers, dated and sourced."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct, field

from ftops.model.retirement import Confidence, NotFound


class Unit(StrEnum):
    """What an amount is for. A million *trained* tokens is after epochs."""

    MILLION_TOKENS = "per_million_trained_tokens"
    TRAINING_HOUR = "per_training_hour"
    GPU_HOUR = "per_gpu_hour"
    MINIMUM = "minimum_per_job"
    CAP = "cap_per_job"
    HOSTING_HOUR = "hosting_per_hour"
    STORAGE_MONTH = "storage_per_model_month"


class Status(StrEnum):
    """How a row is meant: `closed` takes no new jobs; `range` and `floor` are no price of one model."""

    CURRENT = "current"
    CLOSED = "closed"
    LEGACY = "legacy"
    UNCONFIRMED = "unconfirmed"
    RANGE = "range"
    FLOOR = "floor"
    CONFLICT = "conflict"


class Sized(Struct, frozen=True, forbid_unknown_fields=True):
    """A bracket of parameters, in billions; those of a mixture of experts count all together."""

    least: Decimal | None = field(name="from", default=None)
    above: Decimal | None = None
    up_to: Decimal | None = None

    def holds(self, billions: Decimal) -> bool:
        """Return whether a model of this size is in it."""
        low = self.above is None or billions > self.above
        return low and (self.least or 0) <= billions and (self.up_to is None or billions <= self.up_to)


class Price(Struct, frozen=True, forbid_unknown_fields=True):
    """One row of `prices.json` (`schemas/prices.v1.json`).

    `provider` is the word for the service. One of `model` (a name or glob), `size` and `gpu` says what it is
    for; `aliases` cost the same, `unpriced` look alike and have no price there. `methods`, `training` (full,
    lora) and `tiers` are those it holds for, all where there are none. Either `amount`, or `low` and `high`.
    """

    provider: str
    unit: Unit
    currency: str
    status: Status
    as_of: str
    source: str
    confidence: Confidence
    model: str | None = None
    size: Sized | None = None
    gpu: str | None = None
    aliases: tuple[str, ...] = ()
    unpriced: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    training: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    region: str | None = None
    amount: Decimal | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    note: str | None = None


class CutShort(StrEnum):
    """What a job that failed or was cancelled is billed for. No service says that it is free."""

    WORK_DONE = "work_done"
    UNKNOWN = "unknown"


class Choice(Struct, frozen=True, forbid_unknown_fields=True):
    """A field of a fine-tune that decides the price, and what its values mean to the table.

    Values are compared in lower case; `absent` is what the provider does without one, None where unknown.
    """

    values: Mapping[str, str]
    path: str = field(name="field")
    absent: str | None = None


class Billing(Struct, frozen=True, forbid_unknown_fields=True):
    """How a provider computes the bill of a job that is paid by its tokens.

    Fields are dotted paths in a fine-tune's spec. `epochs` may be absent: then the provider takes from
    `fewest_epochs` to `most_epochs`, None if unknown. `steps` may stand in their place, of one
    million bytes each. `validation` says whether its tokens are paid: `free`, `unknown` or
    `per_evaluation`, as often as `evaluations` says. `failed` and `cancelled` say what is billed of a job
    that ended so. `longest` is the length that examples are `cut` to or `dropped` above. Without
    `packing` every example is as long as that. `mixed_in` adds tokens of the provider's own, which cannot
    be counted in advance. `afterwards` says what a tuned model costs later, where no row has a price for it.
    """

    provider: str
    source: str
    as_of: str
    confidence: Confidence
    epochs: str
    validation: str
    fewest_epochs: int | None = None
    most_epochs: int | None = None
    steps: str | None = None
    evaluations: str | None = None
    longest: str | None = None
    beyond: str = "cut"
    packing: str | None = None
    mixed_in: str | None = None
    afterwards: str | None = None
    training: Choice | None = None
    tier: Choice | None = None
    failed: CutShort = CutShort.UNKNOWN
    cancelled: CutShort = CutShort.UNKNOWN


class Rule(Struct, frozen=True, forbid_unknown_fields=True):
    """What a provider says of its bills, in words; for people, never computed with."""

    provider: str
    about: str
    rule: str
    source: str
    as_of: str
    confidence: Confidence


class Conflict(Struct, frozen=True, forbid_unknown_fields=True):
    """Two sources that disagree, and what is done about it."""

    topic: str
    one: str
    other: str
    decided: str


class PriceTable(Struct, frozen=True, forbid_unknown_fields=True):
    """The table; `collected` is the day when its sources were last looked for."""

    format_version: int
    collected: date
    prices: tuple[Price, ...] = ()
    billing: tuple[Billing, ...] = ()
    rules: tuple[Rule, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    not_found: tuple[NotFound, ...] = ()
