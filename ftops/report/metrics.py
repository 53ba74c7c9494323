"""Metrics from what providers offer: a result file (CSV) or metric events; as table, curve, sparkline.

Facts: the modern `step_metrics.csv` names `train_loss`, `valid_loss`, `train_accuracy` and
`valid_mean_token_accuracy`, and was seen base64-encoded; the founding `compiled_results.csv` names
`training_loss`, `validation_loss`, `training_token_accuracy` and `validation_token_accuracy`.
"""

from __future__ import annotations

import base64
import binascii
import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence

from ftops.model.job import JobEvent
from ftops.model.metrics import MetricPoint
from ftops.report.layout import columns

NAMES: Mapping[str, tuple[str, ...]] = {
    "train_loss": ("train_loss", "training_loss"),
    "valid_loss": ("valid_loss", "full_valid_loss", "validation_loss"),
    "train_accuracy": ("train_accuracy", "train_mean_token_accuracy", "training_token_accuracy"),
    "valid_accuracy": (
        "valid_accuracy",
        "valid_mean_token_accuracy",
        "full_valid_mean_token_accuracy",
        "validation_token_accuracy",
    ),
}
"""Our name of a figure -> what providers call it."""

_LARGEST_STEP = 10**12


class NotMetrics(ValueError):
    """A result file that holds no metrics."""


def read_metrics_file(content: bytes) -> tuple[MetricPoint, ...]:
    """Read a result file. Raises NotMetrics when it is not a table with a step and a loss."""
    text = _decoded(content)
    rows = csv.DictReader(io.StringIO(text))
    try:
        header = [(name or "").strip() for name in rows.fieldnames or ()]
        if "step" not in header or not any(name in header for name in NAMES["train_loss"]):
            raise NotMetrics(
                f"it lacks the columns step and train_loss; it has {', '.join(header)[:80] or 'none'}"
            )
        rows.fieldnames = header
        points = [_point(row) for row in rows]
    except csv.Error as error:
        raise NotMetrics(f"it is not CSV: {error}") from error
    return tuple(point for point in points if point is not None)


def metrics_of_events(events: Iterable[JobEvent]) -> tuple[MetricPoint, ...]:
    """Read the metric events among these, by step; what is reported twice counts once."""
    points = {}
    for event in events:
        if event.type == "metrics" and isinstance(event.data, Mapping):
            point = _point(event.data)
            if point is not None:
                points[point.step] = point
    return tuple(points[step] for step in sorted(points))


def render_metrics(points: Sequence[MetricPoint]) -> str:
    """Draw the steps as a table; columns without figures are left out."""
    fields = [name for name in NAMES if any(getattr(point, name) is not None for point in points)]
    head = ("STEP", *(name.replace("_", "-").upper() for name in fields))
    body = [(str(point.step), *(_figure(getattr(point, name)) for name in fields)) for point in points]
    return columns([head, *body])


def render_plot(
    points: Sequence[MetricPoint], *, width: int = 80, height: int = 24, colour: bool = False
) -> str:
    """Draw the losses over the steps as curves in `width` columns (at least 40) and `height` lines (14)."""
    import plotille

    figure = plotille.Figure()
    # The axes with their labels take 23 columns.
    figure.width = max(width, 40) - 23
    # The other lines are the axis and the legend, with two curves.
    figure.height = max(4, min(16, height - 10))
    figure.color_mode = "names"
    figure.with_colors = colour
    figure.x_ticks_fkt = lambda low, _: f"{low:,.0f}"
    figure.x_label, figure.y_label = "step", "loss"
    figure.register_label_formatter(float, lambda value, chars, *_, **__: f"{value:.2f}".rjust(chars))
    drawn = False
    for name, label, line in (("train_loss", "train", "blue"), ("valid_loss", "valid", "yellow")):
        known = [(point.step, getattr(point, name)) for point in points if getattr(point, name) is not None]
        if known:
            steps, values = zip(*known, strict=True)
            figure.plot(steps, values, lc=line, label=label, marker=None if name == "train_loss" else "·")
            drawn = True
    if not drawn:
        return "No losses are known.\n"
    figure.origin = False
    figure.set_x_limits(min_=0.0, max_=float(max(1, *(point.step for point in points))))
    figure.set_y_limits(min_=0.0)
    return "\n".join(line.rstrip() for line in figure.show(legend=True).splitlines()) + "\n"


def metrics_document(name: str, job_id: str, points: Iterable[MetricPoint]) -> dict[str, object]:
    """Return the metrics as data."""
    listed = [{"step": point.step, **{field: getattr(point, field) for field in NAMES}} for point in points]
    return {"name": name, "job_id": job_id, "metrics": listed}


def metrics_csv(points: Iterable[MetricPoint]) -> str:
    """Return the metrics as CSV with our names, whatever the provider's are; unknown is empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("step", *NAMES))
    for point in points:
        figures = (getattr(point, field) for field in NAMES)
        writer.writerow((point.step, *("" if figure is None else figure for figure in figures)))
    return out.getvalue()


def _decoded(content: bytes) -> str:
    text = content.decode("utf-8-sig", errors="replace")
    if "," not in text:
        try:
            return base64.b64decode(content).decode("utf-8-sig")
        except (binascii.Error, UnicodeDecodeError):
            return text
    return text


def _point(row: Mapping[str, object]) -> MetricPoint | None:
    step, total = _number(row.get("step")), _number(row.get("total_steps"))
    if step is None or not 0 <= step < _LARGEST_STEP:
        return None
    figures = {ours: _first(row, theirs) for ours, theirs in NAMES.items()}
    total_steps = int(total) if total and 0 < total < _LARGEST_STEP else None
    return MetricPoint(int(step), **figures, total_steps=total_steps)


def _first(row: Mapping[str, object], names: Iterable[str]) -> float | None:
    return next((number for name in names if (number := _number(row.get(name))) is not None), None)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    # Providers write -1 for "not measured at this step".
    return number if math.isfinite(number) and number != -1 else None


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
