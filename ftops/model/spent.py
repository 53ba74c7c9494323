"""Spending: one job as money, whatever record it stands in."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field

from ftops.model.job import JobStatus
from ftops.model.prices import CutShort
from ftops.model.spending import Amount, ChargeSource


class Waste(StrEnum):
    """Why money bought nothing. `superseded`: another job of the name took its place."""

    FAILED = "failed"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"


class Spending(Struct, frozen=True):
    """One job, or one create in doubt (without `job_id` and `status`), as money.

    `at` (Unix seconds) is the instant whose day and month it counts in, None if unknown. `amount` is
    what it cost, or may cost while it is `open`; None if that is unknown. `estimate` is what was
    expected as it was bought. `cut_short` is what its provider bills of a job that failed or was cancelled,
    where an estimate is all that bounds it; None where no service's word holds.
    """

    name: str
    provider: str
    job_id: str | None
    status: JobStatus | None
    at: float | None
    open: bool
    amount: Amount | None
    source: ChargeSource | None
    estimate: Amount | None
    labels: Mapping[str, str] = field(default_factory=dict)
    by: str | None = None
    commit: str | None = None
    waste: Waste | None = None
    cut_short: CutShort | None = None
