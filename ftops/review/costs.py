"""What was spent, in groups: what was expected, spent and wasted, and what is unknown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct, field

from ftops.errors import UsageError
from ftops.model.calendar import Span
from ftops.model.job import JobStatus
from ftops.model.nearest import did_you_mean
from ftops.model.prices import CutShort
from ftops.model.spending import Amount, ChargeSource, total
from ftops.model.spent import Spending, Waste
from ftops.model.value import replace

Grouping = Callable[[Spending], str | None]
"""What a job is counted under, None where it has no such thing."""

GROUPINGS: Mapping[str, Grouping] = {
    "name": lambda one: one.name,
    "provider": lambda one: one.provider,
    "who": lambda one: one.by,
    "commit": lambda one: one.commit,
}
LABEL = "label="

CutShortRules = Callable[[str, JobStatus], CutShort | None]
"""(provider, failed or cancelled) -> what is billed of such a job, None where no service's word holds."""


class Tally(Struct, frozen=True):
    """Sums of some jobs, by currency. Each is of those jobs alone of which it is known.

    `expected` is what the ended ones were expected to cost, `spent` what they cost and `wasted` the part
    of it that bought nothing; `open` is what those that run, or are in doubt, were expected to cost.
    `unknown` counts the jobs whose cost is unknown: they are in no sum.
    """

    jobs: int = 0
    ended: int = 0
    expected: tuple[Amount, ...] = ()
    unexpected: int = 0
    spent: tuple[Amount, ...] = ()
    wasted: tuple[Amount, ...] = ()
    waste: Mapping[str, tuple[Amount, ...]] = field(default_factory=dict)
    open: tuple[Amount, ...] = ()
    unknown: int = 0


class CostReport(Struct, frozen=True):
    """What was spent in a month, or ever: in groups, whole, and job by job.

    `undated` counts jobs that are in no month because their creation time is unknown.
    """

    month: str | None
    by: str
    groups: Mapping[str, Tally]
    whole: Tally
    jobs: tuple[Spending, ...]
    undated: int = 0


def grouping(by: str) -> Grouping:
    """Return what `--by` names. Raises UsageError."""
    if by.startswith(LABEL) and by != LABEL:
        key = by.removeprefix(LABEL)
        return lambda one: one.labels.get(key)
    if by not in GROUPINGS:
        known = [*GROUPINGS, f"{LABEL}KEY"]
        hint = did_you_mean(by, known) or f"use one of: {', '.join(known)}"
        raise UsageError(f"costs cannot be grouped by {by!r}", hint=hint)
    return GROUPINGS[by]


def cost_report(
    spent: Iterable[Spending], month: Span | None, by: str, rules: CutShortRules | None = None
) -> CostReport:
    """Add up what was spent in a month (None: ever). Raises UsageError for an unknown grouping."""
    everything, group = tuple(spent), grouping(by)
    in_month = (one for one in everything if month is None or (one.at is not None and one.at in month))
    jobs = tuple(_ruled(one, rules) for one in in_month)
    members: dict[str, list[Spending]] = {}
    for one in jobs:
        members.setdefault(group(one) or "", []).append(one)
    # What has no such label or author comes last.
    names = sorted(members, key=lambda name: (not name, name))
    return CostReport(
        month=month.label if month else None,
        by=by,
        groups={name: tally(members[name]) for name in names},
        whole=tally(jobs),
        jobs=jobs,
        undated=sum(1 for one in everything if one.at is None) if month else 0,
    )


def _ruled(one: Spending, rules: CutShortRules | None) -> Spending:
    """Return a job with its provider's rule, if it ended early and its cost is not reported."""
    bounded = one.status in (JobStatus.FAILED, JobStatus.CANCELLED) and one.source is ChargeSource.ESTIMATE
    if rules is None or one.status is None or not bounded:
        return one
    return replace(one, cut_short=rules(one.provider, one.status))


def tally(jobs: Iterable[Spending]) -> Tally:
    """Add up some jobs."""
    every = list(jobs)
    ended = [one for one in every if not one.open]
    wasted = {why: [one for one in ended if one.waste is why] for why in Waste}
    return Tally(
        jobs=len(every),
        ended=len(ended),
        expected=total(one.estimate for one in ended if one.estimate),
        unexpected=sum(1 for one in ended if one.estimate is None),
        spent=_sum(ended),
        wasted=_sum(one for one in ended if one.waste),
        waste={why.value: _sum(some) for why, some in wasted.items() if some},
        open=_sum(one for one in every if one.open),
        unknown=sum(1 for one in every if one.amount is None),
    )


def _sum(jobs: Iterable[Spending]) -> tuple[Amount, ...]:
    return total(one.amount for one in jobs if one.amount is not None)
