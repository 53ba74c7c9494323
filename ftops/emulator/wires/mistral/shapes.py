"""How Mistral's server shows a job, its events and its errors. Pure."""

import math
from typing import Any

from ftops.emulator.wires.refusals import Refusal
from ftops.emulator.world.history import checkpoints, metrics_of
from ftops.emulator.world.job import Job
from ftops.emulator.world.lifecycle import Status, active_seconds, status_at, time_at
from ftops.emulator.world.training import TrainingRun

CANCEL_SECONDS = 10.0
"""How long a cancellation stays requested. Not documented; a client must live with any."""
QUEUE_SECONDS = 2.0
VALIDATION_SECONDS = 10.0
START_SECONDS = 5.0
PRICE_PER_MILLION = 1.0
CURRENCY = "EUR"
NOT_FOUND, NOT_ALLOWED = 404, 405


def refusal_body(refusal: Refusal) -> dict[str, Any]:
    """FastAPI's shapes: a text, or for a request that does not fit its model a list with the place of each.

    A path that does not exist has FastAPI's own words, and only that.
    """
    if refusal.status == NOT_ALLOWED:
        return {"detail": "Method Not Allowed"}
    if refusal.status == NOT_FOUND and refusal.message.startswith("Invalid URL"):
        return {"detail": "Not Found"}
    if refusal.status == NOT_FOUND and refusal.message == "Not Found":
        return {"detail": "Resource not found"}
    if refusal.status >= 500:  # noqa: PLR2004 - any failure of the server
        return {"detail": "Internal Server Error"}
    if refusal.status != 422 or refusal.param is None:  # noqa: PLR2004 - a model that does not fit
        return {"detail": refusal.message}
    place = ["body", *refusal.param.split(".")]
    return {"detail": [{"type": "value_error", "loc": place, "msg": refusal.message, "input": None}]}


def shown_status(job: Job, now: float) -> str:
    """Return one of the ten words; a cancellation is requested first, and done a little later."""
    status = status_at(job, now)
    active = active_seconds(job, now)
    if status is Status.CANCELLED and job.cancelled_at is not None:
        return "CANCELLED" if now >= job.cancelled_at + CANCEL_SECONDS else "CANCELLATION_REQUESTED"
    if status is Status.FAILED and job.failure is not None:
        return "FAILED_VALIDATION" if job.failure.after <= job.run.validation_seconds else "FAILED"
    if status is Status.SUCCEEDED:
        return "SUCCESS"
    if status is Status.RUNNING:
        return "RUNNING"
    if active < QUEUE_SECONDS:
        return "QUEUED"
    if active < job.run.validation_seconds:
        return "VALIDATING"
    return "VALIDATED" if status is Status.PAUSED else "STARTED"


def show_job(job: Job, now: float) -> dict[str, Any]:
    """Return a job as lists and creates show it; the weights of its files are not echoed."""
    status = shown_status(job, now)
    succeeded = status == "SUCCESS"
    asked = job.request
    return {
        "id": job.id,
        "object": "job",
        "job_type": "completion",
        "auto_start": asked["auto_start"],
        "model": job.model,
        "status": status,
        "created_at": int(job.created_at),
        "modified_at": int(max(at for at, _, _ in story(job, now))),
        "training_files": asked["training_files"],
        "validation_files": [job.validation_file] if job.validation_file else [],
        "hyperparameters": asked["hyperparameters"],
        "suffix": job.suffix,
        "fine_tuned_model": job.fine_tuned_model if succeeded else None,
        "trained_tokens": job.run.trained_tokens if succeeded else None,
        "integrations": [],
        "metadata": _cost(job) if active_seconds(job, now) >= job.run.validation_seconds else None,
        "repositories": [],
    }


def show_detailed(job: Job, now: float) -> dict[str, Any]:
    """Return a job with its events, newest first, and its checkpoints."""
    events = [
        {"name": name, "data": data, "created_at": int(at)} for at, name, data in reversed(story(job, now))
    ]
    made = [
        {
            "metrics": _figures(job, checkpoint.step),
            "step_number": checkpoint.step,
            "created_at": int(checkpoint.at),
        }
        for checkpoint in checkpoints(job, now)
    ]
    return {**show_job(job, now), "events": events, "checkpoints": made}


def _figures(job: Job, step: int) -> dict[str, Any]:
    metrics = metrics_of(job, step)
    return {
        "train_loss": metrics.train_loss,
        "valid_loss": metrics.valid_loss,
        "valid_mean_token_accuracy": metrics.valid_accuracy,
    }


def story(job: Job, now: float) -> list[tuple[float, str, dict[str, Any]]]:
    """Return what has happened, oldest first: an event each time that the status changes."""
    run = job.run
    planned = [
        (0.0, "QUEUED"),
        (QUEUE_SECONDS, "VALIDATING"),
        (run.validation_seconds, "VALIDATED"),
        (run.validation_seconds + 0.001, "STARTED"),
        (run.active_at_step(0), "RUNNING"),
        (run.seconds, "SUCCESS"),
    ]
    until = active_seconds(job, now)
    end = math.inf if job.failure is None else job.failure.after
    told = [
        (time_at(job, active), "status-updated", {"status": status})
        for active, status in planned
        if active <= until and active < end
    ]
    if job.failure is not None and until >= end:
        word = "FAILED_VALIDATION" if end <= run.validation_seconds else "FAILED"
        told.append((time_at(job, end), "status-updated", {"status": word, "error": job.failure.message}))
    if job.cancelled_at is not None:
        told.append((job.cancelled_at, "status-updated", {"status": "CANCELLATION_REQUESTED"}))
        if now >= (done := job.cancelled_at + CANCEL_SECONDS):
            told.append((done, "status-updated", {"status": "CANCELLED"}))
    return told


def _cost(job: Job) -> dict[str, Any]:
    run = job.run
    return {
        "expected_duration_seconds": int(run.training_seconds),
        "cost": cost(run),
        "cost_currency": CURRENCY,
        "train_tokens_per_step": run.trained_tokens // run.steps,
        "train_tokens": run.trained_tokens,
        "data_tokens": run.tokens,
        "estimated_start_time": int(job.created_at + run.validation_seconds + run.queue_seconds),
    }


def cost(run: TrainingRun) -> float:
    """Return what a run would cost."""
    return round(PRICE_PER_MILLION * run.trained_tokens / 1e6, 4)


def show_dry_run(run: TrainingRun, asked: dict[str, Any]) -> dict[str, Any]:
    """Return what a create answers with `dry_run`: a cost, and no job."""
    return {
        "object": "job.metadata",
        "expected_duration_seconds": int(run.training_seconds),
        "cost": cost(run),
        "cost_currency": CURRENCY,
        "train_tokens_per_step": run.trained_tokens // run.steps,
        "train_tokens": run.trained_tokens,
        "data_tokens": run.tokens,
        "estimated_start_time": None,
        "deprecated": True,
        "details": "The estimate of a job that was not made.",
        "epochs": asked["epochs"],
        "training_steps": asked["training_steps"],
    }
