"""What has happened to a job by an emulated time: moments and checkpoints. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from ftops.emulator.world.job import Job
from ftops.emulator.world.lifecycle import active_seconds, time_at
from ftops.emulator.world.training import Metrics, metric_steps, metrics_at

MOST_CHECKPOINTS = 3
"""The real API keeps those of the last three epochs."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happens after so many active seconds, if the job lives so long."""

    active: float
    message: str
    level: str = "info"
    metrics: Metrics | None = None


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that has happened, at an emulated time."""

    at: float
    message: str
    level: str = "info"
    metrics: Metrics | None = None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The model as it was after an epoch."""

    step: int
    at: float


def reached(job: Job, moments: Iterable[Moment], now: float) -> list[Happening]:
    """Return the moments that have come, in order; the list only grows as time passes."""
    active = active_seconds(job, now)
    return [
        Happening(time_at(job, moment.active), moment.message, moment.level, moment.metrics)
        for moment in moments
        if moment.active <= active
    ]


def metric_moments(job: Job) -> list[Moment]:
    """Return the metric events of a whole training, words left to the wire format."""
    return [
        Moment(job.run.active_at_step(step), "", metrics=metrics_of(job, step))
        for step in metric_steps(job.run)
    ]


def checkpoints(job: Job, now: float) -> list[Checkpoint]:
    """Return the checkpoints made so far, oldest first."""
    if job.failure is not None and job.failure.after <= job.run.active_at_step(0):
        return []
    active = active_seconds(job, now)
    epochs = range(max(1, job.run.epochs - MOST_CHECKPOINTS + 1), job.run.epochs + 1)
    steps = [epoch * job.run.steps_per_epoch for epoch in epochs]
    return [
        Checkpoint(step, time_at(job, job.run.active_at_step(step)))
        for step in steps
        if job.run.active_at_step(step) <= active
    ]


def metrics_of(job: Job, step: int) -> Metrics:
    """Return the figures of a step; a checkpoint shows its own."""
    return metrics_at(job.id, job.run, step, validated=job.validation_file is not None)
