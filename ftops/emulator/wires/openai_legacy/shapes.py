"""The wire format of the founding `/fine-tunes`: decode a create, show a job; routes in `routes_legacy`."""

from typing import Any

from ftops.emulator.wires import refusals
from ftops.emulator.wires.files import show_file
from ftops.emulator.wires.orders import result_file_id
from ftops.emulator.world.fields import Fields
from ftops.emulator.world.file_table import StoredFile
from ftops.emulator.world.history import Happening, Moment, reached
from ftops.emulator.world.job import Job
from ftops.emulator.world.lifecycle import Status, planned_end, status_at, time_at, training_has_begun
from ftops.emulator.world.models import base_of

CREATE_PARAMETERS = (
    "training_file",
    "validation_file",
    "model",
    "n_epochs",
    "batch_size",
    "learning_rate_multiplier",
    "prompt_loss_weight",
    "compute_classification_metrics",
    "classification_n_classes",
    "classification_positive_class",
    "classification_betas",
    "suffix",
    "hyperparameters",
)
DEFAULT_MODEL = "curie"
DEFAULT_EPOCHS = 4
DEFAULT_PROMPT_LOSS_WEIGHT = 0.01
LONGEST_SUFFIX = 40
STATUSES = {
    Status.VALIDATING: "pending",
    Status.QUEUED: "pending",
    Status.RUNNING: "running",
    Status.PAUSED: "running",
    Status.SUCCEEDED: "succeeded",
    Status.FAILED: "failed",
    Status.CANCELLED: "cancelled",
}
DOLLARS_PER_1000_TOKENS = {"ada": 0.0004, "babbage": 0.0006, "curie": 0.003, "davinci": 0.03}
CLASSIFICATION = (
    "compute_classification_metrics",
    "classification_n_classes",
    "classification_positive_class",
    "classification_betas",
)


def decode_request(body: Fields) -> dict[str, Any]:
    """Return the hyperparameters as asked, None where the provider is to choose."""
    later = body.child("hyperparameters") or Fields({})
    decoded: dict[str, Any] = {
        "n_epochs": body.integer("n_epochs", 1, 1000) or later.integer("n_epochs", 1, 50, auto=True),
        "batch_size": body.integer("batch_size", 1, 1_000_000),
        "learning_rate_multiplier": body.number("learning_rate_multiplier", 0, 1e9) or None,
        "prompt_loss_weight": body.number("prompt_loss_weight", -1e9, 1e9),
        "compute_classification_metrics": body.flag("compute_classification_metrics"),
        "classification_n_classes": body.integer("classification_n_classes", 0, 1_000_000),
        "classification_positive_class": body.text("classification_positive_class"),
        "classification_betas": body.numbers("classification_betas"),
    }
    if decoded["compute_classification_metrics"]:
        _check_classification(body, decoded)
    return decoded


def _check_classification(body: Fields, decoded: dict[str, Any]) -> None:
    if body.text("validation_file") is None:
        raise refusals.Refusal(
            400, "A validation file is required to compute classification metrics.", param="validation_file"
        )
    if decoded["classification_n_classes"] is None and decoded["classification_positive_class"] is None:
        raise refusals.Refusal(
            400,
            "Either classification_n_classes or classification_positive_class is required to compute "
            "classification metrics.",
            param="classification_n_classes",
        )


def automatic_learning_rate(batch_size: int) -> float:
    """0.05, 0.1 or 0.2 depending on the batch size, says the founding document; where it turns is a guess."""
    if batch_size < 16:  # noqa: PLR2004
        return 0.05
    return 0.1 if batch_size < 128 else 0.2  # noqa: PLR2004


def show_job(
    job: Job, now: float, organization: str, files: dict[str, StoredFile], *, by_the_book: bool
) -> dict[str, Any]:
    """Return a job as lists show it: without events, and never with its suffix or metadata."""
    status = status_at(job, now)
    succeeded = status is Status.SUCCEEDED
    return {
        "object": "fine-tune",
        "id": job.id,
        "hyperparams": _hyperparams(job, now, by_the_book=by_the_book),
        "organization_id": organization,
        "model": job.model,
        "training_files": _embedded(files, job.training_file, now),
        "validation_files": _embedded(files, job.validation_file, now),
        "result_files": _embedded(files, result_file_id(job), now) if succeeded else [],
        "created_at": int(job.created_at),
        "updated_at": int(_updated_at(job, now)),
        "status": STATUSES[status],
        "fine_tuned_model": job.fine_tuned_model if succeeded else None,
    }


def _hyperparams(job: Job, now: float, *, by_the_book: bool) -> dict[str, Any]:
    """Batch size and learning rate were recorded as null until the job runs; the OpenAPI file forbids it."""
    asked = job.request
    known = by_the_book or training_has_begun(job, now)
    weight = asked.get("prompt_loss_weight")
    shown = {
        "n_epochs": job.run.epochs,
        "batch_size": job.run.batch_size if known else asked.get("batch_size"),
        "prompt_loss_weight": DEFAULT_PROMPT_LOSS_WEIGHT if weight is None else weight,
        "learning_rate_multiplier": (
            job.run.learning_rate_multiplier if known else asked.get("learning_rate_multiplier")
        ),
    }
    return shown | {name: asked[name] for name in CLASSIFICATION if asked.get(name)}


def _embedded(files: dict[str, StoredFile], file_id: str | None, now: float) -> list[dict[str, Any]]:
    """Complete File objects, including one that was deleted since, as recorded."""
    file = None if file_id is None else files.get(file_id)
    if file is None:
        return []
    status = "processed" if file.visible(now) else "deleted"
    return [show_file(file) | {"status": status, "status_details": None}]


def _updated_at(job: Job, now: float) -> float:
    """Return the emulated time of the last change of status."""
    marks = (time_at(job, job.run.active_at_step(0)), planned_end(job))
    return max([job.created_at, *(mark for mark in marks if mark <= now)])


def show_events(job: Job, now: float) -> list[dict[str, Any]]:
    """Return the events so far, oldest first. They have neither id nor type, and the list only grows."""
    happenings = reached(job, _moments(job), now)
    if job.cancelled_at is not None:
        happenings.append(Happening(job.cancelled_at, "Fine-tune cancelled"))
    return [
        {
            "object": "fine-tune-event",
            "created_at": int(happening.at),
            "level": happening.level,
            "message": happening.message,
        }
        for happening in happenings
    ]


def _moments(job: Job) -> list[Moment]:
    """Return all that can happen in the job's life, in the recorded words."""
    run = job.run
    dollars = run.trained_tokens / 1000 * DOLLARS_PER_1000_TOKENS.get(base_of(job.model), 0)
    story = [
        Moment(0, f"Created fine-tune: {job.id}"),
        Moment(run.queue_seconds / 3, f"Fine-tune costs ${dollars:.2f}"),
        Moment(run.queue_seconds / 3, "Fine-tune enqueued. Queue number: 0"),
        Moment(run.queue_seconds, "Fine-tune started"),
        *(
            Moment(run.active_at_step(epoch * run.steps_per_epoch), f"Completed epoch {epoch}/{run.epochs}")
            for epoch in range(1, run.epochs + 1)
        ),
        Moment(run.seconds, f"Uploaded model: {job.fine_tuned_model}"),
        Moment(run.seconds, f"Uploaded result file: {result_file_id(job)}"),
        Moment(run.seconds, "Fine-tune succeeded"),
    ]
    if job.failure is None:
        return story
    before = [moment for moment in story if moment.active < job.failure.after]
    return [*before, Moment(job.failure.after, f"Fine-tune failed. {job.failure.message}", "error")]
