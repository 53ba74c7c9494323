"""Budget: what may be spent in a calendar day and month of UTC, in USD."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from msgspec import Struct, field

from ftops.model.calendar import Period


class Budget(Struct, frozen=True):
    """One budget; None means none for that period. `line` is where ftops.yaml has it."""

    day: Decimal | None = None
    month: Decimal | None = None
    line: int = 0

    def amounts(self) -> Mapping[Period, Decimal]:
        """Return what may be spent, by period."""
        both = {Period.DAY: self.day, Period.MONTH: self.month}
        return {period: most for period, most in both.items() if most is not None}


class Budgets(Struct, frozen=True):
    """All budgets of a project: its own, those of its providers by name, those of labels by `KEY=VALUE`."""

    project: Budget = Budget()
    providers: Mapping[str, Budget] = field(default_factory=dict)
    labels: Mapping[str, Budget] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return any(one.amounts() for one in (self.project, *self.providers.values(), *self.labels.values()))
