"""One process of a job on its node: what it has written and done by an emulated time. Pure."""

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson

from ftops.emulator.wires.ray.plans import Plan, Trouble
from ftops.emulator.world.training import TrainingRun, metrics_at

IMPORT_SECONDS = 10.0
"""What the libraries of a trainer take to load."""
SAVE_SECONDS = 2.0
MOST_REPORTS = 500


class Way(StrEnum):
    """What a process finds when it starts, and so what it does."""

    TRAIN = "train"
    REFUSE = "refuse"
    DONE = "done"
    BUSY = "busy"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class Event:
    """A line of the trainer, at its emulated time."""

    at: float
    type: str
    message: str
    data: dict[str, Any]
    level: str = "info"


@dataclass(slots=True, kw_only=True)
class Run:
    """A process; it lives from `started_at` to `ends_at`, and does nothing more from `cut_at` on."""

    number: int = 0
    job_id: str
    plan: Plan
    way: Way
    started_at: float
    first_event: int = 1
    """Number of its first event; those of an output folder are counted over all starts."""
    from_step: int = 0
    """The checkpoint from which it goes on."""
    result: dict[str, Any] | None = None
    """What it found in the output folder."""
    ends_at: float = 0.0
    cut_at: float | None = None
    saves: bool = False
    """Whether it is given the time to write a checkpoint when it is cut."""
    over: bool = False

    @property
    def trained_whole(self) -> bool:
        """Say whether it gets to the end of its training."""
        return self.way is Way.TRAIN and self.plan.trouble is None and self.cut_at is None

    @property
    def exit_code(self) -> int:
        """What it ends with when nobody cuts it."""
        if self.way is Way.COMMAND:
            return self.plan.exit_code
        if self.way is Way.BUSY:
            return busy(self.plan).exit_code
        return self.plan.trouble.exit_code if self.plan.trouble and self.way is not Way.DONE else 0

    def step_at(self, time: float) -> int:
        """Return the optimiser steps that are in the weights by a time, those of a checkpoint included."""
        if self.way is not Way.TRAIN:
            return 0
        until = time if self.cut_at is None else min(time, self.cut_at)
        done = (until - self.started_at - IMPORT_SECONDS) / self.plan.seconds * self.plan.steps
        return max(self.from_step, min(self._last_step, self.from_step + math.floor(done + 1e-6)))

    @property
    def _last_step(self) -> int:
        return max(self.from_step, self.plan.steps // 2) if self.plan.trouble else self.plan.steps

    def time_of(self, step: int) -> float:
        """Return when a step is done."""
        share = (step - self.from_step) / self.plan.steps
        return self.started_at + IMPORT_SECONDS + self.plan.seconds * share

    def natural_end(self) -> float:
        """Return when it ends when nobody cuts it."""
        if self.way is Way.COMMAND:
            return self.started_at + self.plan.seconds
        if self.way is not Way.TRAIN:
            return self.started_at + IMPORT_SECONDS
        return self.time_of(self._last_step) + (0 if self.plan.trouble else SAVE_SECONDS)

    def saved_step(self, time: float) -> int:
        """Return the step of the last checkpoint by a time, 0 for none."""
        step = self.step_at(time)
        if self.saves and self.cut_at is not None and time >= self.ends_at:
            return step
        whole = step // self.plan.save_every * self.plan.save_every
        return max(whole, self.from_step)

    def events(self, time: float) -> list[Event]:
        """Return what it has said by a time, oldest first."""
        until = time if self.cut_at is None else min(time, self.cut_at)
        told = [event for event in self._story() if event.at <= until]
        if self.way is Way.TRAIN and self.cut_at is not None and self.saves and time >= self.ends_at:
            told += self._last_words()
        return told

    def _story(self) -> Iterator[Event]:
        begin, trouble = self.started_at + IMPORT_SECONDS, self.plan.trouble
        if self.way is Way.BUSY:
            yield _error(begin, busy(self.plan))
        elif self.way is Way.DONE and self.result is not None:
            yield Event(begin, "result", "Already done: an earlier start has trained this.", self.result)
        elif self.way is Way.REFUSE and trouble is not None:
            if trouble.code != "killed":
                yield _error(begin, trouble)
        elif self.way is Way.TRAIN:
            yield from self._training(begin)

    def _training(self, begin: float) -> Iterator[Event]:
        plan = self.plan
        going_on = f", from step {self.from_step} on" if self.from_step else ""
        yield Event(begin, "message", f"Training {plan.steps} steps{going_on}.", {"total_steps": plan.steps})
        every = max(plan.report_every, math.ceil(plan.steps / MOST_REPORTS))
        for step in range(self.from_step + 1, self._last_step + 1):
            if step in (1, plan.steps) or step % every == 0:
                yield self._metrics(step)
            if step % plan.save_every == 0 or step == plan.steps:
                yield self._checkpoint(step, self.time_of(step))
        end = self.natural_end()
        if plan.trouble is None:
            yield Event(end, "result", "The training has succeeded.", result_of(self))
        elif plan.trouble.code != "killed":
            yield _error(end, plan.trouble)

    def _last_words(self) -> list[Event]:
        """Return what a trainer says that was told to stop, and had the time for it."""
        step = self.step_at(self.ends_at)
        if not step:
            return [
                Event(self.ends_at, "cancelled", "Stopped before the first step.", {"step": 0, "path": None})
            ]
        told = self._checkpoint(step, self.ends_at)
        return [
            told,
            Event(self.ends_at, "cancelled", f"Stopped at step {step}; a checkpoint is kept.", told.data),
        ]

    def _metrics(self, step: int) -> Event:
        plan = self.plan
        figures = metrics_at(plan.decisive, training_run(plan), step, validated=plan.validated)
        ends_epoch = step % plan.steps_per_epoch == 0
        data = {
            "step": step,
            "total_steps": plan.steps,
            "epoch": round(step / plan.steps_per_epoch, 4),
            "train_loss": figures.train_loss,
            "valid_loss": figures.valid_loss if ends_epoch else None,
            "learning_rate": round(2e-4 * (1 - (step - 1) / plan.steps), 10),
            "tokens": plan.tokens * step // plan.steps,
        }
        return Event(self.time_of(step), "metrics", f"Step {step} of {plan.steps}.", data)

    def _checkpoint(self, step: int, at: float) -> Event:
        data = {"step": step, "path": f"{self.plan.output}/checkpoint-{step}"}
        return Event(at, "checkpoint", f"Checkpoint at step {step}.", data)

    def log(self, time: float) -> str:
        """Return what it has written by a time, the trainer's events as its lines."""
        if self.way is Way.COMMAND:
            return self.plan.says if time >= self.started_at else ""
        return "".join(
            f"FTOPS {orjson.dumps(_document(event, self.first_event + place)).decode()}\n"
            for place, event in enumerate(self.events(time))
        )


def _document(event: Event, number: int) -> dict[str, Any]:
    return {
        "object": "ftops.trainer.event",
        "id": number,
        "created_at": round(event.at, 3),
        "level": event.level,
        "type": event.type,
        "message": event.message,
        "data": event.data,
    }


def _error(at: float, trouble: Trouble) -> Event:
    return Event(at, "error", trouble.message, trouble.data, "error")


def busy(plan: Plan) -> Trouble:
    """Return why a second process does not train into a folder that is being trained into."""
    return Trouble("already_running", f"{plan.output} is locked: another run is training into it")


def training_run(plan: Plan) -> TrainingRun:
    """Return a training as the other formats have it: their curve is this one's."""
    epochs = max(1, plan.steps // plan.steps_per_epoch)
    return TrainingRun(plan.steps_per_epoch, plan.tokens // epochs, epochs, 1, 1.0, 0, 0, plan.seconds)


def result_of(run: Run) -> dict[str, Any]:
    """Return what a whole training leaves in its folder: equal weights for what decides them."""
    plan = run.plan
    figures = metrics_at(plan.decisive, training_run(plan), plan.steps, validated=plan.validated)
    steps = [step for step in range(1, plan.steps + 1) if step % plan.save_every == 0 or step == plan.steps]
    kept = steps if plan.keep is None else steps[-plan.keep :]
    return {
        "format_version": 1,
        "id": plan.job_id,
        "status": "succeeded",
        "fine_tuned_model": plan.model,
        "base_model": plan.base_model or plan.continue_from,
        "steps": plan.steps,
        "trained_tokens": plan.tokens,
        "train_loss": figures.train_loss,
        "valid_loss": figures.valid_loss,
        "seconds": round(run.natural_end() - run.started_at, 3),
        "checkpoints": [{"step": step, "path": f"{plan.output}/checkpoint-{step}"} for step in kept],
        "weights_sha256": hashlib.sha256(plan.decisive.encode()).hexdigest(),
    }
