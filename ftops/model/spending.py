"""Money: what a job was expected to cost when it was created, and what it cost.

Amounts are decimals, in millionths of their currency at the finest, and those of two currencies are never
added. What is unknown is None, never zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct, field

from ftops.model.commit import Hash
from ftops.model.value import replace

USD = "USD"
Currency = Annotated[str, Meta(pattern=r"\A[A-Z]{3}\Z", title="a currency such as USD")]
MOST = Decimal(10) ** 12
"""No training costs as much: what does is damage."""

_MICRO = Decimal("0.000001")
ZERO = Decimal(0)


def micro(value: Decimal | float) -> Decimal:
    """Return an amount rounded to millionths, in its one written form: `1.2`, never `1.20` or `1E+2`.

    A float counts as what it is printed as. Raises ValueError if it is not an amount of money.
    """
    exact = value if isinstance(value, Decimal) else Decimal(str(value))
    if not (exact.is_finite() and ZERO <= exact < MOST):
        raise ValueError("it is not an amount of money")
    rounded = exact.quantize(_MICRO).normalize()
    return rounded.quantize(Decimal(1)) if rounded == rounded.to_integral_value() else rounded


class Amount(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """A cost between two bounds, which are equal where it is known."""

    low: Decimal
    high: Decimal
    currency: Currency = USD

    def __post_init__(self) -> None:
        if micro(self.low) > micro(self.high):
            raise ValueError("a cost whose low end is above its high end")

    def __add__(self, other: Amount) -> Amount:
        """Return the sum. Raises ValueError for another currency: there is no rate to add it by."""
        if other.currency != self.currency:
            raise ValueError(f"{self.currency} and {other.currency} cannot be added")
        return Amount(micro(self.low + other.low), micro(self.high + other.high), self.currency)

    @property
    def known(self) -> bool:
        """Return whether both bounds are the same."""
        return self.low == self.high


def amount(low: Decimal | float, high: Decimal | float | None = None, currency: str = USD) -> Amount:
    """Return the cost between two numbers, or of just one. Raises ValueError if it is not money."""
    return Amount(micro(low), micro(low if high is None else high), currency)


def total(amounts: Iterable[Amount]) -> tuple[Amount, ...]:
    """Add up by currency: one sum for each that there is, dollars first."""
    sums: dict[str, Amount] = {}
    for one in amounts:
        sums[one.currency] = sums[one.currency] + one if one.currency in sums else one
    return tuple(sums[currency] for currency in sorted(sums, key=lambda one: (one != USD, one)))


class ChargeSource(StrEnum):
    """How an actual cost is known; the first is the surest.

    `estimate` bounds an unreported cost, as is common for a job that failed or was cancelled.
    """

    PROVIDER = "provider"
    TOKENS = "tokens"
    GPU_HOURS = "gpu-hours"
    ESTIMATE = "estimate"


class Charge(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """What a job cost. Once recorded it is never recomputed: prices change, bills do not."""

    amount: Amount
    source: ChargeSource


class Purchase(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """What was known as a create was decided: for how much, by whom, for whom. No secret is in it.

    `at` (Unix seconds) is when the plan was made whose budgets allowed it: it belongs to that day and month,
    however long sending takes. `by` is the account or CI actor, `commit` what was checked out, `labels` those
    of the fine-tune then. `estimate` is None where the cost was unknown.
    """

    at: float | None = None
    estimate: Amount | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    by: str | None = None
    commit: Hash | None = None


def surest(charge: Charge | None, told: Amount | None) -> Charge | None:
    """Return what a job cost, once its provider reports an amount: that overrides any other source."""
    return charge if told is None else Charge(told, ChargeSource.PROVIDER)


def labelled(purchase: Purchase | None, labels: Mapping[str, str]) -> Purchase | None:
    """Return a purchase that knows the labels of its fine-tune; those of its own time stay."""
    if purchase is not None or not labels:
        return purchase
    return replace(Purchase(), labels=dict(labels))
