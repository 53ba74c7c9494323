"""What a wait shows of the jobs that it waits for: one line each, short enough for a terminal. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ftops.model.change import Reason
from ftops.model.duration import duration
from ftops.model.job import JobStatus
from ftops.model.metrics import MetricPoint, losses
from ftops.report.status import StatusRow
from ftops.report.words import bar, cut, display_width, percent, printable

_NAME_WIDTH = 22
_MOST_LINES = 20
_ACTIVE = frozenset(status.value for status in JobStatus if status.active)
_WIDE = 95
"""Columns from which on there is room for a bar next to its number."""


def render_waiting(
    rows: Sequence[StatusRow],
    points: Mapping[str, Sequence[MetricPoint]],
    now: float,
    *,
    width: int,
) -> tuple[str, ...]:
    """Draw what is active: percent, step, loss and how long it has run; `points` by job id."""
    active = [row for row in rows if row.status in _ACTIVE]
    shown = [_line(row, points.get(row.job_id or "", ()), now, width) for row in active[:_MOST_LINES]]
    left = len(active) - len(shown)
    return (*shown, *((f"  and {left} more",) if left > 0 else ()))


def _line(row: StatusRow, points: Sequence[MetricPoint], now: float, width: int) -> str:
    name = cut(printable(row.name), _NAME_WIDTH)
    name += " " * (_NAME_WIDTH - display_width(name))
    cells = [f"{row.status:<10}", *_figures(row, points, wide=width >= _WIDE)]
    if row.created_at is not None:
        cells.append(duration(now - row.created_at))
    return cut(f"  {name}  {'  '.join(cells)}", width)


def _figures(row: StatusRow, points: Sequence[MetricPoint], *, wide: bool) -> list[str]:
    cells = []
    if row.progress is not None:
        cells.append(bar(row.progress) if wide else f"{percent(row.progress):>5}")
    if points:
        last = points[-1]
        cells.append(f"step {last.step}" + (f"/{last.total_steps}" if last.total_steps else ""))
    if known := losses(points):
        cells.append(f"loss {known[-1]:.3f}")
    return cells


def changed(before: Mapping[str, str], rows: Sequence[StatusRow]) -> tuple[str, ...]:
    """Return a line for each fine-tune whose status has changed, by name and status.

    What is new is left out: whoever creates it says so, and before these rows are drawn.
    """
    told = (row for row in rows if row.reason != Reason.NEW)
    return tuple(
        f"{row.name}: {row.message or row.status}" for row in told if before.get(row.name) != standing(row)
    )


def standing(row: StatusRow) -> str:
    """Return the status of a fine-tune, to see whether it has changed."""
    return f"{row.status} {row.message}"
