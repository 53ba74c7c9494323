"""The gauges that one round comes to: drawn from what was planned and done, with no clock and no I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from ftops.api.rounds import Round
from ftops.controller import series
from ftops.controller.series import Labels, Series
from ftops.errors import ExitCode
from ftops.model.calendar import Period, span
from ftops.model.change import RESTING_REASONS, Action, Change
from ftops.model.event import ChangeResult, Outcome
from ftops.model.job import JobStatus
from ftops.model.spending import USD, ZERO, Amount, ChargeSource
from ftops.model.spent import Spending
from ftops.model.value import replace
from ftops.records.spending import spendings
from ftops.report.status import Group, StatusRow, status_rows
from ftops.review.alarms import alarm_code, alarms
from ftops.review.costs import tally
from ftops.review.purse import Fund, price

_ORDER = (Group.NEEDS_PERSON, Group.TRAINING, Group.WAITING, Group.STOPPED, Group.READY)
_PERSON = (ExitCode.NEEDS_PERSON, ExitCode.JOB_FAILED)


def gauges(run: Round) -> dict[str, dict[Labels, float]]:
    """Return every gauge that a round decides, by name; each replaces all that it said before."""
    rows = _statuses(run)
    changes = run.reviewed.plan.changes
    return {
        series.FINE_TUNE.name: _named(rows),
        series.FINE_TUNES.name: _counted(series.FINE_TUNES, (row.status for row in rows)),
        series.HOLDS.name: _counted(series.HOLDS, _reasons(changes, Action.HOLD)),
        series.WAITS.name: _counted(series.WAITS, _reasons(changes, Action.WAIT)),
        series.NEEDS_PERSON.name: {(): float(_needing_a_person(run))},
        **_costs(run),
        **_budgets(run),
    }


def outcome(result: ChangeResult) -> str:
    """Return the label of how a change ended."""
    return series.AMBIGUOUS if result.ambiguous else result.outcome.value


def succeeded(run: Round) -> bool:
    """Return whether a round listed every provider and did all that it wanted to."""
    return run.reviewed.plan.complete and all(one.outcome is Outcome.DONE for one in run.results)


def _made(run: Round) -> dict[str, ChangeResult]:
    """Return the creates of the round by name; the plan, which all else is drawn from, is older."""
    done = (one for one in run.results if one.outcome is Outcome.DONE)
    return {one.change.name: one for one in done if one.change.action.creates}


def _statuses(run: Round) -> list[StatusRow]:
    made = _made(run)
    rows = status_rows(run.reviewed.plan, run.reviewed.planning.state)
    pending = JobStatus.PENDING.value
    return [replace(row, status=pending, group=Group.TRAINING) if row.name in made else row for row in rows]


def _named(rows: Iterable[StatusRow]) -> dict[Labels, float]:
    """Return a series for each fine-tune, and of too many for the most urgent."""
    urgent = sorted(rows, key=lambda row: _ORDER.index(row.group))
    return {(row.name, row.provider or "", row.status): 1.0 for row in urgent[: series.MOST_NAMED]}


def _counted(one: Series, words: Iterable[str]) -> dict[Labels, float]:
    return {**one.start, **{(word,): float(count) for word, count in Counter(words).items()}}


def _reasons(changes: Iterable[Change], action: Action) -> Iterator[str]:
    return (change.reason.value for change in changes if change.action is action)


def _needing_a_person(run: Round) -> int:
    """Count what makes the exit code 4 or 5 and nobody has acknowledged.

    A create in doubt is not among it: another round finds its job, sends it again, or holds it.
    """
    reviewed = run.reviewed
    open_alarms = alarms(reviewed.plan, reviewed.planning.state.acks, reviewed.at, run.results)
    # A provider that cannot be listed holds each of its fine-tunes, and is one thing to look at.
    held = {
        (change.name, change.reason)
        for change in open_alarms
        if change.reason not in RESTING_REASONS and alarm_code(change) in _PERSON
    }
    return len(held) + len(reviewed.plan.incomplete)


def _costs(run: Round) -> dict[str, dict[Labels, float]]:
    """Add up every job, those of this round included, by provider: in its month, and ever."""
    reviewed = run.reviewed
    jobs = [*spendings(reviewed.planning.state), *(_bought(one, reviewed.at) for one in _made(run).values())]
    month = span(Period.MONTH, reviewed.at)
    found: dict[str, dict[Labels, float]] = {one.name: {} for one in _COSTS}
    for provider in sorted({*reviewed.observations, *(job.provider for job in jobs)}):
        mine = [job for job in jobs if job.provider == provider]
        # A running job of an unknown day counts in the month, as in its budgets.
        lately = [job for job in mine if (job.open if job.at is None else job.at in month)]
        for period, some in ((series.MONTH, lately), (series.EVER, mine)):
            sums = tally(some)
            found[series.SPENT.name][provider, period] = _dollars(sums.spent)
            found[series.RUNNING.name][provider, period] = _dollars(sums.open)
            found[series.WASTED.name][provider, period] = _dollars(sums.wasted)
            found[series.UNKNOWN.name][provider, period] = float(sums.unknown)
    return found


_COSTS = (series.SPENT, series.RUNNING, series.WASTED, series.UNKNOWN)


def _bought(result: ChangeResult, at: float) -> Spending:
    change = result.change
    high = ZERO if change.estimated_cost is None else price(change.estimated_cost)
    expected = None if change.estimated_cost is None else Amount(high, high)
    return Spending(
        name=change.name,
        provider=change.provider,
        job_id=result.job_id,
        status=JobStatus.PENDING,
        at=at,
        open=True,
        amount=expected,
        source=None if expected is None else ChargeSource.ESTIMATE,
        estimate=expected,
        labels=change.labels,
    )


def _dollars(sums: Iterable[Amount]) -> float:
    return next((float(one.high) for one in sums if one.currency == USD), 0.0)


def _budgets(run: Round) -> dict[str, dict[Labels, float]]:
    bought = [_bought(one, run.reviewed.at) for one in _made(run).values()]
    most: dict[Labels, float] = {}
    left: dict[Labels, float] = {}
    for fund in run.reviewed.purse.funds:
        labels = _whose(fund), fund.span.period.value
        mine = (job.amount.high for job in bought if job.amount and fund.covers(job.provider, job.labels))
        most[labels], left[labels] = float(fund.most), float(fund.left - sum(mine, ZERO))
    return {series.BUDGET.name: most, series.LEFT.name: left}


def _whose(fund: Fund) -> str:
    if fund.label is not None:
        return f"label:{fund.label[0]}={fund.label[1]}"
    return "project" if fund.provider is None else f"provider:{fund.provider}"
