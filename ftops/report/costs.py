"""What was spent, for a terminal, a page of Markdown, and as data."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import to_builtins

from ftops.model.job import JobStatus
from ftops.model.prices import CutShort
from ftops.model.spending import Amount, ChargeSource
from ftops.model.spent import Spending
from ftops.report.escaping import safe
from ftops.report.layout import narrowed
from ftops.report.words import Styler, amount_words, amounts_words, counted, plain
from ftops.review.costs import LABEL, CostReport, Tally
from ftops.review.forecast import Forecast
from ftops.review.purse import Fund

MOST_JOBS = 30
"""Jobs that are listed one by one where people read them; data has all."""

_TITLES: Mapping[str, str] = {"name": "FINE-TUNE", "provider": "PROVIDER", "who": "WHO", "commit": "COMMIT"}
_SUMS = ("JOBS", "EXPECTED", "SPENT", "WASTED", "RUNNING", "UNKNOWN")
_JOB_TITLES = ("FINE-TUNE", "JOB", "DATE", "END", "EXPECTED", "COST", "KNOWN BY", "WHO", "COMMIT")
_LEFT_OUT = ((), ("COMMIT",), ("COMMIT", "KNOWN BY"), ("COMMIT", "KNOWN BY", "EXPECTED", "JOB"))
_CUT_SHORT: Mapping[CutShort, str] = {
    CutShort.WORK_DONE: "it is billed for the work done, but the amount is not reported",
    CutShort.UNKNOWN: "its cost is not published",
}
_NONE = "(none)"
_COMMIT_SIGNS = 12


def render_costs(report: CostReport, *, width: int | None = None, style: Styler = plain) -> str:
    """Draw the groups with their sums, what was wasted and is unknown, and the newest jobs."""
    if not report.jobs:
        return "".join(f"{line}\n" for line in _lines(report))
    table = [(_title(report.by), *_SUMS), *_rows(report)]
    groups = narrowed(table, ((), _empty(table)), width)
    head, *rest = groups.splitlines()
    sums = "\n".join([style(head, "bold"), *rest])
    jobs = narrowed([_JOB_TITLES, *map(_job, _newest(report))], _LEFT_OUT, width)
    return "\n\n".join([sums, "\n".join(_lines(report)), jobs.rstrip("\n")]) + "\n"


def render_costs_markdown(report: CostReport) -> str:
    """Draw the same as Markdown; what others wrote in it draws nothing but its own letters."""
    lines = [f"## Costs of {report.month or 'all time'}", ""]
    if report.jobs:
        titles = (_title(report.by).capitalize(), *(title.capitalize() for title in _SUMS))
        lines += _markdown_table([titles, *_rows(report)])
    lines += [f"{safe(line)}  " for line in _lines(report)]
    if report.jobs:
        titles = tuple(title.capitalize() for title in _JOB_TITLES)
        table = _markdown_table([titles, *map(_job, _newest(report))])
        lines += ["", "<details><summary>Jobs</summary>", "", *table, "</details>"]
    return "\n".join(lines) + "\n"


def costs_document(report: CostReport) -> dict[str, Any]:
    """Write it as data; every amount is a decimal in a string, by currency."""
    return {
        "month": report.month,
        "by": report.by,
        "groups": [{report.by: name or None, **_sums(one)} for name, one in report.groups.items()],
        "total": _sums(report.whole),
        "undated": report.undated,
        "jobs": [_job_document(one) for one in report.jobs],
    }


def forecast_document(seen: Forecast) -> dict[str, Any]:
    """Write the month as data; an unknown plan is null, never zero."""
    return {
        "month": seen.month,
        "spent": _amounts(seen.spent),
        "running": _amounts(seen.running),
        "planned": _amount(seen.planned) if seen.planned else None,
        "unknown": seen.unknown,
        "budgets": [_fund(fund) for fund in seen.funds],
    }


def _fund(fund: Fund) -> dict[str, Any]:
    return {
        "of": fund.title,
        "period": fund.span.period.value,
        "when": fund.span.label,
        "budget": str(fund.most),
        "spent": str(fund.spent),
        "running": str(fund.running),
        "left": str(fund.left),
        "unknown": fund.unknown,
    }


def _title(by: str) -> str:
    return _TITLES.get(by) or by.removeprefix(LABEL).upper()


def _empty(table: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the titles under which nothing stands: the first to go where a terminal is narrow."""
    titles, *rows = table
    return tuple(title for n, title in enumerate(titles) if all(row[n] == "-" for row in rows))


def _rows(report: CostReport) -> Iterator[tuple[str, ...]]:
    for name, one in report.groups.items():
        yield _cells(_short(name, report.by) or _NONE, one)
    yield _cells("Total", report.whole)


def _cells(name: str, one: Tally) -> tuple[str, ...]:
    sums = (one.expected, one.spent, one.wasted, one.open)
    return name, str(one.jobs), *map(amounts_words, sums), str(one.unknown) if one.unknown else "-"


def _lines(report: CostReport) -> Iterator[str]:
    """Say in sentences what the sums are, and what they leave out."""
    whole, when = report.whole, f"in {report.month} (UTC)" if report.month else "in all"
    if not report.jobs:
        yield f"No job was created {when}."
    else:
        spent = amounts_words(whole.spent) if whole.spent else "an unknown amount"
        ended = f"{spent} on {counted(whole.ended, 'ended job')}" if whole.ended else "no job has ended yet"
        yield f"Spent {when}: {ended}."
    if whole.expected and whole.unexpected:
        jobs = counted(whole.unexpected, "ended job has", "ended jobs have")
        yield f"{jobs} no estimate: what is expected is the sum of the others."
    if whole.waste:
        parts = ", ".join(f"{amounts_words(sums)} {why}" for why, sums in whole.waste.items())
        yield f"Of that wasted: {amounts_words(whole.wasted)} ({parts})."
    if whole.jobs - whole.ended:
        running = counted(whole.jobs - whole.ended, "job is", "jobs are")
        expected = f"{amounts_words(whole.open)} more" if whole.open else "cost unknown"
        yield f"{running} running or in doubt, as of the last apply or reconcile: {expected}."
    if whole.unknown:
        jobs = counted(whole.unknown, "job is", "jobs are")
        yield f"{jobs} of unknown cost and not in these sums."
    yield from _bounds(report)
    if report.undated:
        yield f"{counted(report.undated, 'job is', 'jobs are')} in no month: the creation time is unknown."


def _bounds(report: CostReport) -> Iterator[str]:
    """Say why estimates bound the costs of ended jobs, by what their providers say about such jobs."""
    bounded = [one for one in report.jobs if one.source is ChargeSource.ESTIMATE and not one.open]
    if any(one.cut_short is None for one in bounded):
        yield "The cost of some ended jobs is not reported: each counts as up to its estimate."
    for rule, words in _CUT_SHORT.items():
        for status in (JobStatus.FAILED, JobStatus.CANCELLED):
            some = [one for one in bounded if one.cut_short is rule and one.status is status]
            providers = ", ".join(sorted({one.provider for one in some}))
            if some:
                yield f"A {status} job at {providers} counts as up to its estimate: {words}."


def _newest(report: CostReport) -> list[Spending]:
    return sorted(report.jobs, key=lambda one: -(one.at or 0.0))[:MOST_JOBS]


def _job(one: Spending) -> tuple[str, ...]:
    return (
        one.name,
        one.job_id or "(in doubt)",
        _day(one.at),
        one.waste or (one.status.value if one.status else "in doubt"),
        "-" if one.estimate is None else amount_words(one.estimate),
        amount_words(one.amount),
        "-" if one.source is None else one.source.value,
        one.by or "-",
        (one.commit or "-")[:_COMMIT_SIGNS],
    )


def _day(at: float | None) -> str:
    """Write a day of UTC; of a found job the provider says it, who may say what is no time."""
    try:
        return "-" if at is None else time.strftime("%Y-%m-%d", time.gmtime(at))
    except (OSError, OverflowError, ValueError):
        return "-"


def _short(name: str, by: str) -> str:
    return name[:_COMMIT_SIGNS] if by == "commit" else name


def _markdown_table(table: Sequence[tuple[str, ...]]) -> list[str]:
    head, *rows = [f"| {' | '.join(safe(cell) for cell in row)} |" for row in table]
    return [head, f"|{'---|' * len(table[0])}", *rows, ""]


def _sums(one: Tally) -> dict[str, Any]:
    return {
        "jobs": one.jobs,
        "ended": one.ended,
        "expected": _amounts(one.expected),
        "without_estimate": one.unexpected,
        "spent": _amounts(one.spent),
        "wasted": _amounts(one.wasted),
        "wasted_by_reason": {why: _amounts(sums) for why, sums in one.waste.items()},
        "running": _amounts(one.open),
        "unknown": one.unknown,
    }


def _amounts(amounts: Sequence[Amount]) -> list[dict[str, str]]:
    return [_amount(one) for one in amounts]


def _amount(one: Amount) -> dict[str, str]:
    return {"currency": one.currency, "low": str(one.low), "high": str(one.high)}


def _job_document(one: Spending) -> dict[str, Any]:
    told: dict[str, Any] = to_builtins(one)
    return {
        "name": one.name,
        "provider": one.provider,
        "job_id": one.job_id,
        "status": told["status"] or "in doubt",
        "created_at": one.at,
        "cost": _amount(one.amount) if one.amount else None,
        "known_by": told["source"],
        "estimate": _amount(one.estimate) if one.estimate else None,
        "wasted": told["waste"],
        "cut_short": told["cut_short"],
        "labels": dict(one.labels),
        "by": one.by,
        "commit": one.commit,
    }
