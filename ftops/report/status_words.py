"""What one fine-tune's status says, in cells as short as a table needs them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from ftops.model.change import Reason
from ftops.model.duration import duration
from ftops.model.job import FailureClass, JobStatus
from ftops.model.queue import ordinal
from ftops.model.spending import Amount, ChargeSource
from ftops.report.status import Group, StatusRow
from ftops.report.words import SPARK_WIDTH, amount_words, bar, sparkline
from ftops.review.alarms import acknowledged_words

NONE = "-"
UNKNOWN = "unknown"
PLANNED = "planned"

SIGNS: Mapping[str, str] = {
    JobStatus.SUCCEEDED: "✓",
    JobStatus.RUNNING: "▶",
    JobStatus.PENDING: "…",
    JobStatus.CANCELLING: "■",
    JobStatus.CANCELLED: "■",
    JobStatus.FAILED: "✕",
    JobStatus.PAUSED: "‖",
    JobStatus.UNKNOWN: "?",
    "held": "!",
    "waiting": "·",
    "absent": "·",
    PLANNED: "·",
}
"""A sign for each status; no two that matter are told apart by colour alone."""

_TO_DO = "ftops apply"
_WAITS: Mapping[str, str] = {
    Reason.PROVIDER_LIMIT: "for room at {provider}",
    Reason.BACKOFF: "to be retried",
    Reason.OVER_BUDGET: "for the budget",
    Reason.FREEZE: "for a freeze",
    Reason.NOT_READY: "for {provider}",
    Reason.SETTLING: "for {provider}'s list",
    Reason.MISSING: "for {provider}'s list",
    Reason.LOOKALIKE_IN_FLIGHT: "for its lookalike",
    Reason.DRAINING: "for its old job",
}


def to_do(row: StatusRow) -> bool:
    """Return whether an apply would do something about it now."""
    return row.next == _TO_DO


def state(row: StatusRow) -> str:
    """Name its status. Where an apply would train now, how an earlier job has ended is not what counts."""
    return PLANNED if row.group is Group.WAITING and to_do(row) else row.status


def sign(row: StatusRow) -> str:
    """Return the sign of its status; a status of another version has none of its own."""
    return SIGNS.get(state(row), "?")


def how_far(row: StatusRow, now: float) -> str:
    """Say in one short cell how far it is: a bar, when it ended, or what it waits for."""
    if row.group is Group.TRAINING:
        if (drawn := progress(row)) != NONE:
            return drawn
        return "in the queue" if row.status == JobStatus.PENDING else age(row, now, "for {}")
    if row.group is Group.WAITING:
        return waits_for(row)
    return age(row, now, "{} ago")


def progress(row: StatusRow) -> str:
    """Draw how far a training is, where that is known."""
    running = row.progress is not None and row.status == JobStatus.RUNNING
    return bar(row.progress or 0.0) if running else NONE


def waits_for(row: StatusRow) -> str:
    """Say what it waits for."""
    if row.reason in (Reason.WAITING_FOR, Reason.UPSTREAM) and row.depends_on:
        return f"for {row.depends_on[0]}"
    if to_do(row):
        return f"for {_TO_DO}"
    if row.queue is not None:
        return f"{ordinal(row.queue.position)} at {row.queue.provider}"
    return _WAITS.get(row.reason or "", NONE).format(provider=row.provider)


def age(row: StatusRow, now: float, form: str = "{}") -> str:
    """Say how long ago its job ended or, while it has not, began."""
    at = row.created_at if row.finished_at is None else row.finished_at
    return NONE if at is None else form.format(duration(now - at))


def next_words(row: StatusRow, now: float) -> str:
    """Say in one clause what comes next; never nothing."""
    if row.group is Group.NEEDS_PERSON:
        return "needs a person"
    if to_do(row):
        return _TO_DO
    if row.group is Group.WAITING:
        return waits_for(row)
    if row.group is Group.READY:
        return "model is ready"
    if row.status == JobStatus.PENDING:
        return "in the provider's queue"
    if row.status == JobStatus.RUNNING:
        return _left(row, now)
    return row.message or row.reason or NONE


def _left(row: StatusRow, now: float) -> str:
    """Say how long a training still takes, as its provider has it: rounded, for it is a guess."""
    left = (row.estimated_finish or 0) - now
    return f"about {duration(_rounded(left))} left" if left > 0 else "is training"


def _rounded(seconds: float) -> float:
    step = next((step for below, step in _STEPS if seconds < below), 3600)
    return max(step, round(seconds / step) * step)


_STEPS = ((120, 10), (1200, 60), (7200, 300), (36_000, 900))
"""Seconds up to which, and the unit to which, what is left is rounded: about a twentieth of it."""


def loss(row: StatusRow, *, curve: bool) -> str:
    """Write the training loss, of one that is over as it was kept, with its curve if there is one."""
    if row.losses:
        drawn = f"{sparkline(row.losses, SPARK_WIDTH)} " if curve else ""
        return f"{drawn}{_figure(row.losses[-1])}"
    last = row.result.get("train_loss")
    return _figure(last) if isinstance(last, int | float) and not isinstance(last, bool) else NONE


def _figure(value: float) -> str:
    return f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.3f}"  # noqa: PLR2004 - two signs that count


def cost(row: StatusRow) -> str:
    """Write what it cost, what it has cost of what it may cost, or what is to come."""
    if row.group is Group.TRAINING:
        return _spent(row)
    if row.group is Group.WAITING:
        return f"{amount_words(row.expected)} to come" if row.expected else UNKNOWN
    if row.cost is not None:
        return amount_words(row.cost.amount)
    paid = row.job_id is not None or row.reason == Reason.AMBIGUOUS_CREATE
    return UNKNOWN if paid else NONE


def _spent(row: StatusRow) -> str:
    """Write spent of expected. What is spent is a share of the estimate: its provider bills at the end."""
    if row.cost is not None and row.cost.source is ChargeSource.PROVIDER:
        return amount_words(row.cost.amount)
    if row.expected is None:
        return UNKNOWN
    share = 0.0 if row.status == JobStatus.PENDING else row.progress
    if share is None or not row.expected.known:
        return f"of {amount_words(row.expected)}"
    spent = row.expected.high * Decimal(str(round(share, 4)))
    return f"{_cents(Amount(spent, spent, row.expected.currency))} of {amount_words(row.expected)}"


def _cents(spent: Amount) -> str:
    """Write what is spent so far, to the cent: beside what is expected, less than one is none."""
    return amount_words(Amount(spent.low.quantize(_CENT), spent.high.quantize(_CENT), spent.currency))


_CENT = Decimal("0.01")


def known(row: StatusRow) -> str:
    """Say until when, by whom and why what is wrong with it is acknowledged."""
    told = row.acknowledged
    if told is None:
        return NONE
    return acknowledged_words(told.until, told.by, told.reason, expired=told.expired)


def why(row: StatusRow) -> str:
    """Say why it is as it is: the provider's own words where a job has failed."""
    if row.group is Group.WAITING and row.message and not to_do(row):
        return f"{row.message}; {row.error}" if row.error else row.message
    if row.error and row.failure_class and row.failure_class != FailureClass.UNKNOWN:
        return f"{row.failure_class.replace('_', ' ')}: {row.error}"
    return row.error or row.message or row.reason or NONE
