"""The first lines of a status: how many are where, and what the month costs."""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from ftops.model.calendar import Period
from ftops.model.change import Reason
from ftops.report.layout import edges, wrapped
from ftops.report.status import StatusRow
from ftops.report.status_table import Screen, counts
from ftops.report.status_words import to_do
from ftops.report.words import amount_words, amounts_words, counted, printable
from ftops.review.forecast import NOTHING, Forecast
from ftops.review.purse import Fund, cents, dollars

MOST_FUNDS = 3
"""Budgets that have a line of their own; data has all."""


def head_lines(
    project: str, rows: Sequence[StatusRow], seen: Forecast, now: float, screen: Screen, note: str = ""
) -> tuple[str, ...]:
    """Say what there is and what the month costs; `note` is of a watch: how often it looks."""
    time = f"{datetime.fromtimestamp(now, UTC):%H:%M:%S} UTC"
    first = edges(printable(f"{project}  {counts(rows)}"), time, screen.width)
    lines = [
        *((line, "") for line in month_lines(seen, screen.width)),
        *_fund_lines(seen, screen.width),
        *_frozen(rows, screen.width),
        *_to_do(rows),
    ]
    return (
        *(screen.style(line, "bold") for line in first),
        *(screen.style(line, role) for line, role in _noted(lines, note, screen.width)),
    )


def _noted(lines: Sequence[tuple[str, str]], note: str, width: int) -> Iterator[tuple[str, str]]:
    """Put the note at the right edge of the first line that has room for it."""
    for line, role in lines:
        both = edges(line, note, width)
        if len(both) == 1:
            note = ""
        yield both[0], role
    if note:
        yield edges("", note, width)[0], ""


def month_lines(seen: Forecast, width: int) -> Iterator[str]:
    """Say what the month has cost, of how much, what runs, and what the plan will cost."""
    if not seen:
        return
    fund = next((one for one in seen.funds if _is_months(one)), None)
    most = f" of {dollars(fund.most)}" if fund else ""
    told = [f"{amounts_words(seen.spent) if seen.spent else '$0.00' if fund else 'nothing'}{most} spent"]
    told += [f"{amounts_words(seen.running)} running"] if seen.running else []
    more = amount_words(seen.planned) if seen.planned else "an unknown amount"
    told += [] if seen.planned == NOTHING else [f"{more} to come"]
    told += [f"{counted(seen.unknown, 'job')} unknown"] if seen.unknown else []
    told += [f"over by {cents(-fund.left)}"] if fund and fund.left < 0 else []
    yield from wrapped(f"{_month(seen.month)}: {', '.join(told)}", width, "", hang=2)


def _fund_lines(seen: Forecast, width: int) -> Iterator[tuple[str, str]]:
    """Say how much of each other budget is used, that with the least left first."""
    funds = sorted((one for one in seen.funds if not _is_months(one)), key=lambda one: one.left)
    for fund in funds[:MOST_FUNDS]:
        over = f", over by {cents(-fund.left)}" if fund.left < 0 else ""
        unknown = f", {counted(fund.unknown, 'job')} unknown" if fund.unknown else ""
        when = _month(fund.span.label) if fund.span.period is Period.MONTH else fund.span.label
        text = f"{fund.title}, {when}: {cents(fund.used)} of {dollars(fund.most)} used{unknown}{over}"
        yield from ((line, "error" if over else "") for line in wrapped(text, width, "", hang=2))
    if (more := len(funds) - MOST_FUNDS) > 0:
        yield f"and {counted(more, 'more budget')}", ""


def _frozen(rows: Sequence[StatusRow], width: int) -> Iterator[tuple[str, str]]:
    """Say until when what waits is frozen; what becomes of a job meanwhile stands at its fine-tune."""
    waiting = (row.message or "" for row in rows if row.reason == Reason.FREEZE)
    for text in dict.fromkeys(message.partition("; job ")[0] for message in waiting):
        yield from ((line, "") for line in wrapped(printable(text), width, "", hang=2))


def _to_do(rows: Sequence[StatusRow]) -> Iterator[tuple[str, str]]:
    if number := sum(1 for row in rows if to_do(row)):
        yield f"ftops apply has {counted(number, 'change')} to make", ""


def _is_months(fund: Fund) -> bool:
    """Return whether it is the budget of the project for the month."""
    return fund.provider is None and fund.label is None and fund.span.period is Period.MONTH


def _month(label: str) -> str:
    """Name a month that is written as 2026-11."""
    return calendar.month_name[int(label[-2:])]
