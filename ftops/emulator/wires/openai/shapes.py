"""The wire format of `/fine_tuning/jobs`: decode a create, show a job. Routes are in `routes_openai`."""

from typing import Any

from ftops.emulator.wires import refusals
from ftops.emulator.wires.orders import result_file_id
from ftops.emulator.world.fields import Fields
from ftops.emulator.world.history import Checkpoint, Moment, metric_moments, metrics_of
from ftops.emulator.world.identifiers import derived_id, derived_number
from ftops.emulator.world.job import Job
from ftops.emulator.world.lifecycle import TERMINAL, Status, planned_end, status_at, training_has_begun
from ftops.emulator.world.models import checkpoint_name
from ftops.emulator.world.training import Metrics

AUTO = "auto"
CREATE_PARAMETERS = (
    "model",
    "training_file",
    "validation_file",
    "hyperparameters",
    "suffix",
    "seed",
    "metadata",
    "method",
    "integrations",
)
METHODS = ("supervised", "dpo", "reinforcement")
LONGEST_SUFFIX = 64
LARGEST_SEED = 2**31 - 1
MOST_INTEGRATIONS = 5
STATUSES = {
    Status.VALIDATING: "validating_files",
    Status.QUEUED: "queued",
    Status.RUNNING: "running",
    Status.PAUSED: "paused",
    Status.SUCCEEDED: "succeeded",
    Status.FAILED: "failed",
    Status.CANCELLED: "cancelled",
}


def decode_request(body: Fields) -> dict[str, Any]:
    """Return what only this format echoes: method, hyperparameters, seed, integrations, grader."""
    method = body.child("method")
    name, holder, grader = "supervised", body, None
    if method is not None:
        chosen = method.choice("type", METHODS)
        if chosen is None:
            raise refusals.missing("method.type")
        name = chosen
        holder = method.child(name) or Fields({}, f"method.{name}.")
        grader = _grader(holder) if name == "reinforcement" else None
    return {
        "method": name,
        "hyperparameters": _hyperparameters(name, holder.child("hyperparameters")),
        "grader": grader,
        "seed": body.integer("seed", 0, LARGEST_SEED),
        "integrations": _integrations(body),
    }


def _grader(holder: Fields) -> dict[str, Any]:
    grader = holder.child("grader")
    if grader is None:
        raise refusals.missing(holder.param("grader"))
    grader.required_text("type")
    return grader.values


def _hyperparameters(method: str, fields: Fields | None) -> dict[str, Any]:
    if fields is None:
        fields = Fields({})
    asked: dict[str, Any] = {
        "n_epochs": fields.integer("n_epochs", 1, 50, auto=True),
        "batch_size": fields.integer("batch_size", 1, 256, auto=True),
        "learning_rate_multiplier": _positive(fields, "learning_rate_multiplier", 1e9),
    }
    if method == "dpo":
        asked["beta"] = _positive(fields, "beta", 2)
    if method == "reinforcement":
        asked["compute_multiplier"] = _positive(fields, "compute_multiplier", 10)
        asked["eval_interval"] = fields.integer("eval_interval", 1, 1_000_000, auto=True)
        asked["eval_samples"] = fields.integer("eval_samples", 1, 1_000_000, auto=True)
        efforts = ("default", "low", "medium", "high")
        asked["reasoning_effort"] = fields.choice("reasoning_effort", efforts) or "default"
    return asked


def _positive(fields: Fields, name: str, most: float) -> float | None:
    value = fields.number(name, 0, most, auto=True)
    if value == 0:
        raise refusals.bad_value(
            fields.param(name), "Expected a value > 0, but got 0 instead.", "number_below_min_value"
        )
    return value


def _integrations(body: Fields) -> list[dict[str, Any]]:
    integrations = body.children("integrations")
    if len(integrations) > MOST_INTEGRATIONS:
        raise refusals.bad_value("integrations", f"Expected at most {MOST_INTEGRATIONS} integrations.")
    for integration in integrations:
        if integration.choice("type", ["wandb"]) is None:
            raise refusals.missing(integration.param("type"))
        wandb = integration.child("wandb")
        if wandb is None:
            raise refusals.missing(integration.param("wandb"))
        wandb.required_text("project")
        wandb.text("name")
        wandb.text("entity")
        wandb.strings("tags")
    return [integration.values for integration in integrations]


def show_job(job: Job, now: float, organization: str, *, by_the_book: bool) -> dict[str, Any]:
    """Return a job as the API shows it at an emulated time."""
    status = status_at(job, now)
    over = status in TERMINAL
    succeeded = status is Status.SUCCEEDED
    end = int(planned_end(job)) if over or status is Status.RUNNING else None
    hyperparameters = _shown_hyperparameters(job, now)
    supervised = job.method == "supervised"
    return {
        "object": "fine_tuning.job",
        "id": job.id,
        "model": job.model,
        "created_at": int(job.created_at),
        "finished_at": end if over else None,
        "estimated_finish": None if over else end,
        "fine_tuned_model": job.fine_tuned_model if succeeded else None,
        "organization_id": organization,
        "result_files": [result_file_id(job)] if succeeded and not job.request.get("seeded") else [],
        "status": _shown_status(status, by_the_book=by_the_book),
        "validation_file": job.validation_file,
        "training_file": job.training_file,
        "hyperparameters": hyperparameters if supervised else ({} if by_the_book else None),
        "trained_tokens": job.run.trained_tokens if succeeded else None,
        "error": _shown_error(job, status, by_the_book=by_the_book),
        "user_provided_suffix": job.suffix,
        "seed": _seed(job),
        "integrations": job.request.get("integrations") or [],
        "metadata": job.metadata,
        "usage_metrics": None,
        "shared_with_openai": False,
        "method": _shown_method(job, hyperparameters),
    }


def _shown_status(status: Status, *, by_the_book: bool) -> str:
    """`paused` is in the published example and not in the published enum."""
    return "queued" if by_the_book and status is Status.PAUSED else STATUSES[status]


def _shown_error(job: Job, status: Status, *, by_the_book: bool) -> dict[str, Any] | None:
    """A healthy job's error was recorded as `{}`, and is shown as three nulls in the published example."""
    if status is Status.FAILED and job.failure is not None:
        return {"code": job.failure.code, "message": job.failure.message, "param": job.failure.param}
    if by_the_book:
        return None
    return {} if status is Status.SUCCEEDED else {"code": None, "message": None, "param": None}


def _seed(job: Job) -> int:
    seed: int | None = job.request.get("seed")
    return derived_number(job.id, "seed") % (LARGEST_SEED + 1) if seed is None else seed


def _shown_hyperparameters(job: Job, now: float) -> dict[str, Any]:
    """`auto` becomes a number once the job runs."""
    asked = job.request.get("hyperparameters", {})
    resolved: dict[str, Any] = {}
    if training_has_begun(job, now):
        resolved = {
            "n_epochs": job.run.epochs,
            "batch_size": job.run.batch_size,
            "learning_rate_multiplier": job.run.learning_rate_multiplier,
        }
    names = dict.fromkeys(["n_epochs", "batch_size", "learning_rate_multiplier", *asked])
    return {name: _first(asked.get(name), resolved.get(name), AUTO) for name in names}


def _first(*candidates: Any) -> Any:
    return next(candidate for candidate in candidates if candidate is not None)


def _shown_method(job: Job, hyperparameters: dict[str, Any]) -> dict[str, Any]:
    settings: dict[str, Any] = {"hyperparameters": hyperparameters}
    if job.request.get("grader") is not None:
        settings["grader"] = job.request["grader"]
    return {"type": job.method, job.method: settings}


def moments(job: Job) -> list[Moment]:
    """Return all that can happen in the job's life, in the words of the API's own events."""
    run = job.run
    story = [
        Moment(0, f"Created fine-tuning job: {job.id}"),
        Moment(0, f"Validating training file: {job.training_file}"),
        Moment(run.validation_seconds, "Files validated, moving job to queued state"),
        Moment(run.active_at_step(0), "Fine-tuning job started"),
    ]
    for metric in metric_moments(job):
        if metric.metrics is not None:
            message = f"Step {metric.metrics.step}/{run.steps}: training loss={metric.metrics.train_loss:.2f}"
            story.append(Moment(metric.active, message, metrics=metric.metrics))
    story += [
        Moment(run.seconds, "New fine-tuned model created"),
        Moment(run.seconds, "The job has successfully completed"),
    ]
    if job.failure is None:
        return story
    before = [moment for moment in story if moment.active < job.failure.after]
    return [*before, Moment(job.failure.after, f"The job failed: {job.failure.message}", "error")]


def show_metrics(metrics: Metrics, total_steps: int) -> dict[str, Any]:
    """Return the `data` of a metric event."""
    shown: dict[str, Any] = {
        "step": metrics.step,
        "total_steps": total_steps,
        "train_loss": metrics.train_loss,
        "train_mean_token_accuracy": metrics.train_accuracy,
    }
    if metrics.valid_loss is not None:
        shown |= {"valid_loss": metrics.valid_loss, "valid_mean_token_accuracy": metrics.valid_accuracy}
    return shown


def checkpoint_id(job: Job, checkpoint: Checkpoint) -> str:
    """Return the id of a checkpoint, `ftckpt_...`."""
    return derived_id("ftckpt_", job.id, "checkpoint", checkpoint.step)


def show_checkpoint(job: Job, checkpoint: Checkpoint) -> dict[str, Any]:
    """Return a checkpoint as the API shows it."""
    metrics = metrics_of(job, checkpoint.step)
    figures: dict[str, Any] = {
        "step": checkpoint.step,
        "train_loss": metrics.train_loss,
        "train_mean_token_accuracy": metrics.train_accuracy,
    }
    if metrics.valid_loss is not None:
        figures |= {
            "full_valid_loss": metrics.valid_loss,
            "full_valid_mean_token_accuracy": metrics.valid_accuracy,
        }
    return {
        "object": "fine_tuning.job.checkpoint",
        "id": checkpoint_id(job, checkpoint),
        "created_at": int(checkpoint.at),
        "fine_tuned_model_checkpoint": checkpoint_name(job.fine_tuned_model, checkpoint.step),
        "fine_tuning_job_id": job.id,
        "metrics": figures,
        "step_number": checkpoint.step,
    }
