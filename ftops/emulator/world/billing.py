"""What a job costs, by the rules that the providers publish. Nothing is billed before a job has ended."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from ftops.emulator.world.job import Job
from ftops.emulator.world.lifecycle import TERMINAL, Status, active_seconds, planned_end, status_at

MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Billed:
    """One job on the bill."""

    job_id: str
    family: str
    status: str
    tokens: int
    dollars: Decimal


def tokens_done(job: Job, now: float) -> int:
    """Return the tokens of the steps that were completed: all of a success, part of what was cut short.

    Together bills a cancelled job for completed steps alone, Azure for the work done so far; queueing and
    validation are free at both. OpenAI does not state it of supervised training: it is billed the same here.
    """
    if status_at(job, now) is Status.SUCCEEDED:
        return job.run.trained_tokens
    trained = active_seconds(job, min(now, planned_end(job))) - job.run.active_at_step(0)
    share = min(1.0, max(0.0, trained / job.run.training_seconds)) if job.run.training_seconds else 1.0
    return job.run.trained_tokens * math.floor(job.run.steps * share + 1e-9) // job.run.steps


def billed(jobs: Iterable[tuple[Job, Decimal]], now: float) -> list[Billed]:
    """Return the bill of jobs, each with its price in dollars for a million trained tokens."""
    ended = [(job, rate) for job, rate in jobs if status_at(job, now) in TERMINAL]
    return [
        Billed(job.id, job.family, status_at(job, now).value, tokens, rate * tokens / MILLION)
        for job, rate in ended
        for tokens in (tokens_done(job, now),)
    ]
