"""Metrics: the losses of a training, step by step."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct


class MetricPoint(Struct, frozen=True):
    """One step. A figure that the provider does not give, or gives as no number, is None."""

    step: int
    train_loss: float | None = None
    valid_loss: float | None = None
    train_accuracy: float | None = None
    valid_accuracy: float | None = None
    total_steps: int | None = None


def losses(points: Iterable[MetricPoint]) -> list[float]:
    """Return the training losses that are known, in order."""
    return [point.train_loss for point in points if point.train_loss is not None]
