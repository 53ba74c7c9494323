"""A job's life as a function of stored times and the clock. Pure."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ftops.emulator.store import StoredJob


class Phase(StrEnum):
    """Where a job is, before a wire format gives it its own word."""

    VALIDATING = "validating"
    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def over(self) -> bool:
        """Tell whether the job has ended."""
        return self in (Phase.SUCCEEDED, Phase.FAILED, Phase.CANCELLED)


VALIDATING_SECONDS = 20.0
QUEUED_SECONDS = 40.0
MOST_TRAINING_SECONDS = 3600.0


def training_seconds(examples: int, epochs: int) -> float:
    """Give a training time that grows with the work: about four minutes for 60 examples, 3 epochs."""
    return min(60.0 + examples * epochs, MOST_TRAINING_SECONDS)


def elapsed(job: StoredJob, now: float) -> float:
    """Give the seconds that a job has really been going on; a pause stops them, an end too."""
    end = min(now, job.cancelled_at) if job.cancelled_at is not None else now
    pause = max(0.0, end - job.paused_at) if job.paused_at is not None else 0.0
    return max(0.0, end - job.created_at - job.paused_for - pause)


def phase(job: StoredJob, now: float) -> Phase:
    """Tell where the job is."""
    if job.cancelled_at is not None and now >= job.cancelled_at:
        return Phase.CANCELLED
    age = elapsed(job, now)
    if age < job.waits:
        return Phase.PAUSED if job.paused_at is not None else Phase.VALIDATING
    if job.problem is not None:
        return Phase.FAILED
    if age >= job.waits + job.queues + job.trains:
        return Phase.SUCCEEDED
    if job.paused_at is not None:
        return Phase.PAUSED
    return Phase.QUEUED if age < job.waits + job.queues else Phase.RUNNING


def finished_at(job: StoredJob, now: float) -> float | None:
    """Give the emulated second at which the job ended."""
    match phase(job, now):
        case Phase.CANCELLED:
            return job.cancelled_at
        case Phase.FAILED:
            return job.created_at + job.paused_for + job.waits
        case Phase.SUCCEEDED:
            return job.created_at + job.paused_for + job.waits + job.queues + job.trains
    return None


def estimated_finish(job: StoredJob) -> float:
    """Give the second at which it will end if nothing happens."""
    return job.created_at + job.paused_for + job.waits + job.queues + job.trains


@dataclass(frozen=True, slots=True)
class LifeEvent:
    """Something that happened to a job; `metrics` is set for a training step."""

    at: float
    message: str
    level: str = "info"
    metrics: dict[str, Any] | None = None


METRIC_STEPS = 20


def events(job: StoredJob, now: float, words: dict[str, str]) -> list[LifeEvent]:
    """List what has happened so far, oldest first. `words` are the wire format's sentences by moment."""
    start = job.created_at + job.paused_for
    training = start + job.waits + job.queues
    moments = [LifeEvent(start, words["created"])]
    if job.problem is not None:
        moments.append(LifeEvent(start + job.waits, job.problem, "error"))
    else:
        moments += [LifeEvent(start + job.waits, words["enqueued"]), LifeEvent(training, words["started"])]
        moments += metric_events(job, training)
        done = training + job.trains
        moments += [LifeEvent(done, words["uploaded"]), LifeEvent(done, words["succeeded"])]
    limit = min(now, job.cancelled_at) if job.cancelled_at is not None else now
    if job.paused_at is not None:
        limit = min(limit, job.paused_at + job.paused_for)
    happened = [moment for moment in moments if moment.at <= limit]
    if job.cancelled_at is not None and now >= job.cancelled_at:
        happened.append(LifeEvent(job.cancelled_at, words["cancelled"]))
    return happened


def metric_events(job: StoredJob, training: float) -> list[LifeEvent]:
    """Make a loss curve that falls, the same one each time for the same job."""
    steps = max(1, min(METRIC_STEPS, job.examples * job.epochs))
    return [
        LifeEvent(
            training + job.trains * step / steps,
            f"Step {step}/{steps}: training loss={loss(job.id, step, steps):.4f}",
            metrics={
                "step": step,
                "total_steps": steps,
                "train_loss": round(loss(job.id, step, steps), 4),
                "valid_loss": round(loss(job.id, step, steps) * 1.08 + 0.02, 4),
                "train_mean_token_accuracy": round(1 - loss(job.id, step, steps) / 4, 4),
            },
        )
        for step in range(1, steps + 1)
    ]


def loss(job_id: str, step: int, steps: int) -> float:
    """Give the training loss at a step: from about 2.5 down to about 0.5, with a little noise."""
    noise = hashlib.sha256(f"{job_id}:{step}".encode()).digest()[0] / 255 - 0.5
    return 0.5 + 2.0 * math.exp(-3.0 * step / steps) + 0.04 * noise
