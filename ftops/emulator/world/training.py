"""Make-believe training: its length, its tokens, and how the loss falls. All deterministic."""

import hashlib
import math
from dataclasses import dataclass

MOST_TRAINING_SECONDS = 3600.0
MOST_METRIC_STEPS = 100
"""The real API reports about this many points of a long run as well."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """What a training file holds."""

    examples: int
    tokens: int
    """About four bytes of content each, for want of the real tokenizer."""


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """The numbers that decide a job's length; times in emulated seconds."""

    examples: int
    tokens: int
    epochs: int
    batch_size: int
    learning_rate_multiplier: float
    validation_seconds: float
    queue_seconds: float
    training_seconds: float

    @property
    def seconds(self) -> float:
        """The whole life of an undisturbed job."""
        return self.validation_seconds + self.queue_seconds + self.training_seconds

    @property
    def steps_per_epoch(self) -> int:
        """A last short batch is a step too."""
        return max(1, math.ceil(self.examples / self.batch_size))

    @property
    def steps(self) -> int:
        """Optimizer steps of all epochs."""
        return self.steps_per_epoch * self.epochs

    @property
    def trained_tokens(self) -> int:
        """What the provider bills: every token once an epoch."""
        return self.tokens * self.epochs

    def active_at_step(self, step: int) -> float:
        """Active seconds after which `step` is done."""
        return self.validation_seconds + self.queue_seconds + self.training_seconds * step / self.steps


@dataclass(frozen=True, slots=True)
class Metrics:
    """The figures of one step; those of validation are absent without a validation file."""

    step: int
    train_loss: float
    train_accuracy: float
    valid_loss: float | None
    valid_accuracy: float | None


def training_seconds(examples: int, epochs: int) -> float:
    """About six minutes for 60 examples at 3 epochs, never more than an hour."""
    return min(MOST_TRAINING_SECONDS, 120.0 + 1.5 * examples * epochs)


def automatic_epochs(examples: int) -> int:
    """Return what `auto` becomes by the provider's cookbook: 3, more for few examples, fewer for many."""
    examples = max(1, examples)
    if examples * 3 < 100:  # noqa: PLR2004 - the cookbook's own figures
        return min(25, 100 // examples)
    if examples * 3 > 25_000:  # noqa: PLR2004
        return max(1, 25_000 // examples)
    return 3


def automatic_batch_size(examples: int) -> int:
    """About 0.2 % of the examples, capped at 256 (documented for the legacy API)."""
    return max(1, min(256, examples // 500))


def metric_steps(run: TrainingRun) -> list[int]:
    """Evenly spaced steps, the first and the last among them."""
    count = min(run.steps, MOST_METRIC_STEPS)
    if count == 1:
        return [1]
    return [1 + round(index * (run.steps - 1) / (count - 1)) for index in range(count)]


def metrics_at(job_id: str, run: TrainingRun, step: int, *, validated: bool) -> Metrics:
    """Loss falls like an exponential with a little noise; the same job shows the same curve for ever."""
    floor = 0.25 + 0.35 * _chance(job_id, "floor")
    drop = 1.2 + 0.9 * _chance(job_id, "drop")
    curve = floor + drop * math.exp(-3.5 * step / run.steps)
    train = curve * (0.96 + 0.08 * _chance(job_id, f"train {step}"))
    valid = curve * (1.04 + 0.08 * _chance(job_id, f"valid {step}"))
    return Metrics(
        step=step,
        train_loss=round(train, 4),
        train_accuracy=_accuracy(train),
        valid_loss=round(valid, 4) if validated else None,
        valid_accuracy=_accuracy(valid) if validated else None,
    )


def _accuracy(loss: float) -> float:
    return round(math.exp(-0.6 * loss), 4)


def _chance(job_id: str, what: str) -> float:
    """Return a number in [0, 1) that looks random and never changes."""
    digest = hashlib.blake2b(f"{job_id} {what}".encode(), digest_size=6).digest()
    return int.from_bytes(digest, "big") / 2**48
