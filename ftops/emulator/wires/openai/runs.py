"""What an order of `/fine_tuning/jobs` comes to: the form of its data, and its training."""

from typing import Any

from ftops.emulator.wires.orders import Order
from ftops.emulator.world.datasets import Format
from ftops.emulator.world.models import COMPLETION_BASES, base_of
from ftops.emulator.world.training import (
    Dataset,
    TrainingRun,
    automatic_batch_size,
    automatic_epochs,
    training_seconds,
)

VALIDATION_SECONDS = 20.0
QUEUE_SECONDS = 40.0
DEFAULT_LEARNING_RATE_MULTIPLIER = 2.0


def data_form(order: Order) -> Format:
    """Return the form that an order's data must have."""
    if order.method == "dpo":
        return Format.PREFERENCE
    if order.method == "reinforcement":
        return Format.REINFORCEMENT
    return Format.COMPLETION if base_of(order.model) in COMPLETION_BASES else Format.CHAT


def training_run(
    dataset: Dataset, asked: dict[str, Any], multiplier: float = DEFAULT_LEARNING_RATE_MULTIPLIER
) -> TrainingRun:
    """Return how long an order trains, and with what; what was not asked for is chosen."""
    epochs = asked["n_epochs"] or automatic_epochs(dataset.examples)
    return TrainingRun(
        examples=dataset.examples,
        tokens=dataset.tokens,
        epochs=epochs,
        batch_size=asked["batch_size"] or automatic_batch_size(dataset.examples),
        learning_rate_multiplier=asked.get("learning_rate_multiplier") or multiplier,
        validation_seconds=VALIDATION_SECONDS,
        queue_seconds=QUEUE_SECONDS,
        training_seconds=training_seconds(dataset.examples, epochs),
    )
