"""Azure's jobs: decode a create, show a job. Routes are in `routes`."""

import re
from typing import Any

from ftops.emulator.wires import refusals as shared
from ftops.emulator.wires.azure_openai import refusals
from ftops.emulator.wires.azure_openai.versions import Version
from ftops.emulator.wires.orders import result_file_id
from ftops.emulator.world.fields import Fields
from ftops.emulator.world.history import Moment, metric_moments
from ftops.emulator.world.identifiers import derived_number
from ftops.emulator.world.job import Job
from ftops.emulator.world.lifecycle import TERMINAL, Status, planned_end, status_at, training_has_begun

DEFAULT = -1
"""What a hyperparameter is shown as that was left to the service (every example of the documents)."""
NAMES = ("n_epochs", "batch_size", "learning_rate_multiplier")
TRAINING_TYPES = frozenset({"standard", "globalstandard", "developertier", "1", "2", "3"})
"""As strings or numbers, upper and lower case alike; no document lists them."""
LARGEST_SEED = 2**31 - 1
TURNING_SECONDS = 5.0
"""Emulated seconds for which a job is `pausing`, and `resuming`."""
STATUSES = {
    Status.VALIDATING: "pending",
    Status.QUEUED: "pending",
    Status.RUNNING: "running",
    Status.PAUSED: "paused",
    Status.SUCCEEDED: "succeeded",
    Status.FAILED: "failed",
    Status.CANCELLED: "cancelled",
}


def decode_suffix(body: Fields, version: Version) -> str | None:
    """Return the suffix: under a date 40 letters, digits, hyphens and underscores, else 64 signs."""
    suffix = body.text("suffix", longest=40 if version.dated else 64)
    if version.dated and suffix is not None and re.search("[^A-Za-z0-9_-]", suffix):
        raise shared.bad_value("suffix", "only a-z, A-Z, 0-9, - and _ are allowed.")
    return suffix


def decode_request(body: Fields, version: Version) -> dict[str, Any]:
    """Return what only this format has: method, hyperparameters, seed, integrations, training type."""
    training_type = body.values.get("trainingType")
    if not version.methods and training_type is not None:
        raise refusals.no_job_in_it()
    if version.methods:
        _check_training_type(training_type)
    name, holder = "supervised", body
    method = body.child("method") if version.methods else None
    if method is not None:
        kinds = ["supervised", "dpo"] if version.dated else ["supervised", "dpo", "reinforcement"]
        chosen = method.choice("type", kinds)
        if chosen is None:
            raise shared.missing("method.type")
        name = chosen
        holder = method.child(name) or Fields({}, f"method.{name}.")
    words = version.methods and (method is not None or not version.dated)
    return {
        "method": name,
        "hyperparameters": _hyperparameters(holder.child("hyperparameters") or Fields({}), auto=words),
        "grader": _grader(holder) if name == "reinforcement" else None,
        "seed": body.integer("seed", 0, LARGEST_SEED),
        "integrations": _integrations(body) if version.methods else [],
        "methods": version.methods,
    }


def _check_training_type(value: object) -> None:
    if value is None:
        raise refusals.no_such_training()
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise refusals.no_job_in_it()
    if str(value).lower() not in TRAINING_TYPES:
        raise refusals.no_job_in_it()


def _grader(holder: Fields) -> dict[str, Any]:
    grader = holder.child("grader")
    if grader is None:
        raise shared.missing(holder.param("grader"))
    return grader.values


def _hyperparameters(fields: Fields, *, auto: bool) -> dict[str, Any]:
    """`auto` is known beside methods alone; -1 means the same everywhere."""
    kept = Fields({name: value for name, value in fields.values.items() if value != DEFAULT}, "")
    asked: dict[str, Any] = {
        "n_epochs": kept.integer("n_epochs", 1, 1_000_000, auto=auto),
        "batch_size": kept.integer("batch_size", 1, 1_000_000, auto=auto),
        "learning_rate_multiplier": kept.number("learning_rate_multiplier", 0, 1e9, auto=auto) or None,
    }
    more = {name: value for name, value in kept.values.items() if name not in asked and value != "auto"}
    return asked | more


def _integrations(body: Fields) -> list[dict[str, Any]]:
    integrations = body.children("integrations")
    for integration in integrations:
        if integration.choice("type", ["wandb"]) is None:
            raise shared.missing(integration.param("type"))
        wandb = integration.child("wandb")
        if wandb is None:
            raise shared.missing(integration.param("wandb"))
        wandb.required_text("project")
    return [integration.values for integration in integrations]


def status_word(job: Job, now: float) -> str:
    """Return the status, on its way into a pause and out of it too."""
    status = status_at(job, now)
    last = job.pauses[-1] if job.pauses else None
    if last is not None and status is Status.PAUSED and now - last.start < TURNING_SECONDS:
        return "pausing"
    if last is not None and last.end is not None and status not in TERMINAL:
        return "resuming" if now - last.end < TURNING_SECONDS else STATUSES[status]
    return STATUSES[status]


def show_job(job: Job, now: float, version: Version, *, by_the_book: bool) -> dict[str, Any]:
    """Return a job at an emulated time. A paused one shows `finished_at` (example of the documents)."""
    status = status_at(job, now)
    succeeded = status is Status.SUCCEEDED
    over = status in TERMINAL
    hyperparameters = _shown_hyperparameters(job, now)
    shown: dict[str, Any] = {
        "object": "fine_tuning.job",
        "id": job.id,
        "status": status_word(job, now),
        "model": job.model,
        "fine_tuned_model": job.fine_tuned_model if succeeded else None,
        "training_file": job.training_file,
        "validation_file": job.validation_file,
        "hyperparameters": {name: hyperparameters[name] for name in NAMES},
        "suffix": job.suffix,
        "seed": _seed(job),
        "created_at": int(job.created_at),
        "finished_at": _finished_at(job, status) if over or status is Status.PAUSED else None,
        "organization_id": None,
        "result_files": [result_file_id(job)] if succeeded and not job.request.get("seeded") else None,
        "trained_tokens": job.run.trained_tokens if succeeded else None,
        "error": _shown_error(job, status),
    }
    if version.methods:
        details = {"hyperparameters": hyperparameters}
        if job.request.get("grader"):
            details["grader"] = job.request["grader"]
        shown["method"] = {"type": job.method, job.method: details}
        shown["integrations"] = job.request.get("integrations") or None
    if not version.dated:
        shown["metadata"] = job.metadata
    # The documents have no null for most of these; real replies do.
    return {name: value for name, value in shown.items() if value is not None} if by_the_book else shown


def _finished_at(job: Job, status: Status) -> int:
    return int(job.pauses[-1].start if status is Status.PAUSED else planned_end(job))


def _shown_error(job: Job, status: Status) -> dict[str, str] | None:
    if status is not Status.FAILED or job.failure is None:
        return None
    code = "jsonlValidationFailed" if job.failure.param else job.failure.code
    return {"code": code, "message": job.failure.message}


def _seed(job: Job) -> int:
    seed: int | None = job.request.get("seed")
    return derived_number(job.id, "seed") % (LARGEST_SEED + 1) if seed is None else seed


def _shown_hyperparameters(job: Job, now: float) -> dict[str, Any]:
    """What was left to the service is -1 until the job runs; the learning rate is shown as 1."""
    asked = job.request.get("hyperparameters", {})
    known: dict[str, Any] = {"n_epochs": DEFAULT, "batch_size": DEFAULT, "learning_rate_multiplier": 1}
    if training_has_begun(job, now):
        known |= {
            "n_epochs": job.run.epochs,
            "batch_size": job.run.batch_size,
            "learning_rate_multiplier": job.run.learning_rate_multiplier,
        }
    return known | {name: value for name, value in asked.items() if value is not None}


def moments(job: Job) -> list[Moment]:
    """Return all that can happen in the job's life, in the words of the documents' example."""
    run = job.run
    story = [
        Moment(0, "Job enqueued. Waiting for jobs ahead to complete."),
        Moment(run.active_at_step(0), "Job started."),
    ]
    for moment in metric_moments(job):
        if moment.metrics is not None:
            text = f"Step {moment.metrics.step}: training loss={moment.metrics.train_loss:.2f}"
            story.append(Moment(moment.active, text, metrics=moment.metrics))
    story.append(Moment(run.seconds, "Job succeeded."))
    if job.failure is None:
        return story
    before = [moment for moment in story if moment.active < job.failure.after]
    return [*before, Moment(job.failure.after, f"Job failed: {job.failure.message}", "error")]
