"""Together's `/fine-tunes`: decode a create, show a job in each of its shapes.

From the document of 2026-04-28 and the SDK 3.1.1. What the client did not say is filled in and shown like
what it said.
"""

from datetime import UTC, datetime
from typing import Any

from ftops.emulator.wires import refusals
from ftops.emulator.wires.together.catalog import (
    LARGEST_BATCH,
    LARGEST_RATE,
    LEAST_RATE,
    MOST_CHECKPOINTS,
    MOST_EVALS,
    SHORTEST_SEQUENCE,
    Base,
    dollars,
)
from ftops.emulator.world.billing import tokens_done
from ftops.emulator.world.fields import Fields
from ftops.emulator.world.job import Job
from ftops.emulator.world.lifecycle import TERMINAL, Status, active_seconds, planned_end, status_at, time_at

LONGEST_SUFFIX = 40
DEFAULT_SEED = 42
CANCEL_SECONDS = 30.0
"""From the request to the end: a cancel is not at once."""
NANO = 1_000_000_000
WRAPPING_UP = {0.95: "compressing", 0.97: "uploading"}
"""From which part of the training on it is no longer `running`."""
CREATE_PARAMETERS = (
    *("training_file", "validation_file", "packing", "max_seq_length", "model", "n_epochs", "n_checkpoints"),
    *(
        "n_evals",
        "batch_size",
        "gradient_accumulation_steps",
        "learning_rate",
        "lr_scheduler",
        "warmup_ratio",
    ),
    *("max_grad_norm", "weight_decay", "random_seed", "suffix", "wandb_api_key", "wandb_key"),
    *("wandb_base_url", "wandb_project_name", "wandb_name", "wandb_entity", "train_on_inputs"),
    *("training_method", "training_type", "multimodal_params", "from_checkpoint", "from_hf_model"),
    *("hf_model_revision", "hf_api_token", "hf_output_repo_name", "early_stopping_enabled"),
    *("early_stopping_patience", "early_stopping_min_delta", "early_stopping_warmup_evals"),
)
STATUSES = {
    Status.VALIDATING: "pending",
    Status.QUEUED: "queued",
    Status.PAUSED: "running",
    Status.SUCCEEDED: "completed",
    Status.FAILED: "error",
    Status.CANCELLED: "cancelled",
}
TRUNCATED_ALONE = ("packing", "max_seq_length", "random_seed", "wandb_name", "wandb_entity")
"""Settings that a retrieve does not show; nor does it show the suffix."""


def without_empty(body: Fields) -> Fields:
    """The SDK writes an empty text for a file or a name that is not given."""
    empty = (
        "model",
        "validation_file",
        "from_checkpoint",
        "wandb_project_name",
        "wandb_name",
        "wandb_entity",
        "suffix",
    )
    kept = {name: value for name, value in body.values.items() if not (name in empty and value == "")}
    return Fields(kept)


def decode_settings(body: Fields, base: Base) -> dict[str, Any]:
    """Return every setting of a job, those that the client left out filled in."""
    evals = body.integer("n_evals", 0, MOST_EVALS) or 0
    settings = {
        "packing": body.values.get("packing") is None or body.flag("packing"),
        "max_seq_length": body.integer("max_seq_length", SHORTEST_SEQUENCE, base.context) or base.context,
        "n_epochs": body.integer("n_epochs", 1, base.epochs) or 1,
        "n_checkpoints": body.integer("n_checkpoints", 0, MOST_CHECKPOINTS) or 1,
        "n_evals": evals,
        "batch_size": _batch_size(body),
        "learning_rate": _or(body.number("learning_rate", LEAST_RATE, LARGEST_RATE), 1e-5),
        "lr_scheduler": _scheduler(body.child("lr_scheduler")),
        "warmup_ratio": _or(body.number("warmup_ratio", 0, 1), 0),
        "max_grad_norm": _or(body.number("max_grad_norm", 0, 1e9), 1),
        "weight_decay": _or(body.number("weight_decay", 0, 1e9), 0),
        "training_type": _training_type(body.child("training_type"), base),
        "training_method": _training_method(body),
        "random_seed": _or(body.integer("random_seed", 0, 2**63 - 1), DEFAULT_SEED),
        "wandb_project_name": body.text("wandb_project_name") or "",
        "wandb_name": body.text("wandb_name") or "",
        "wandb_entity": body.text("wandb_entity") or "",
        "from_checkpoint": body.text("from_checkpoint") or "",
        "from_hf_model": body.text("from_hf_model") or "",
        "hf_model_revision": body.text("hf_model_revision") or "",
    }
    body.integer("gradient_accumulation_steps", 0, 10_000)
    _check_early_stopping(body, evals)
    return settings


def _or(value: Any, default: Any) -> Any:
    return default if value is None else value


def _batch_size(body: Fields) -> int:
    if body.values.get("batch_size") == "max":
        return LARGEST_BATCH
    return body.integer("batch_size", 1, LARGEST_BATCH) or LARGEST_BATCH


def _scheduler(asked: Fields | None) -> dict[str, Any]:
    kind = "cosine" if asked is None else asked.choice("lr_scheduler_type", ("linear", "cosine"))
    if kind is None:
        raise refusals.missing("lr_scheduler.lr_scheduler_type")
    given = (asked.child("lr_scheduler_args") if asked else None) or Fields({}, "lr_scheduler_args.")
    arguments: dict[str, Any] = {"min_lr_ratio": _or(given.number("min_lr_ratio", 0, 1), 0)}
    if kind == "cosine":
        arguments["num_cycles"] = _or(given.number("num_cycles", 0, 1e9), 0.5)
    return {"lr_scheduler_type": kind, "lr_scheduler_args": arguments}


def _training_type(asked: Fields | None, base: Base) -> dict[str, Any]:
    """Without one it is LoRA, with the model's default rank."""
    kind = "Lora" if asked is None else asked.choice("type", ("Full", "Lora"))
    if kind is None:
        raise refusals.missing("training_type.type")
    if kind == "Full":
        if not base.full:
            raise refusals.bad_value("training_type", f"Full training is not supported for {base.name}.")
        return {"type": "Full"}
    given = asked or Fields({"lora_r": base.rank, "lora_alpha": 2 * base.rank})
    rank, alpha = given.integer("lora_r", 1, base.rank), given.integer("lora_alpha", 1, 100_000)
    if rank is None or alpha is None:
        raise refusals.missing(f"training_type.{'lora_r' if rank is None else 'lora_alpha'}")
    return {
        "type": "Lora",
        "lora_r": rank,
        "lora_alpha": alpha,
        "lora_dropout": _or(given.number("lora_dropout", 0, 0.999999), 0),
        "lora_trainable_modules": given.text("lora_trainable_modules") or "all-linear",
    }


def _training_method(body: Fields) -> dict[str, Any]:
    asked = body.child("training_method")
    if asked is None:
        return {"method": "sft", "train_on_inputs": _on_inputs(body)}
    method = asked.choice("method", ("sft", "dpo"))
    if method is None:
        raise refusals.missing("training_method.method")
    if method == "sft":
        if "train_on_inputs" not in asked.values:
            raise refusals.missing("training_method.train_on_inputs")
        return {"method": "sft", "train_on_inputs": _on_inputs(asked)}
    return {
        "method": "dpo",
        "dpo_beta": _or(asked.number("dpo_beta", 0, 1e9), 0.1),
        "rpo_alpha": _or(asked.number("rpo_alpha", 0, 1e9), 0),
        "simpo_gamma": _or(asked.number("simpo_gamma", 0, 1e9), 0),
        "dpo_normalize_logratios_by_length": asked.flag("dpo_normalize_logratios_by_length"),
        "dpo_reference_free": asked.flag("dpo_reference_free"),
    }


def _on_inputs(fields: Fields) -> bool | str:
    if fields.values.get("train_on_inputs") in (None, "auto"):
        return "auto"
    return fields.flag("train_on_inputs")


def _check_early_stopping(body: Fields, evals: int) -> None:
    """The SDK says that it mirrors the server's checks."""
    patience = _or(body.integer("early_stopping_patience", 1, 10_000), 2)
    warmup = _or(body.integer("early_stopping_warmup_evals", 0, 10_000), 1)
    body.number("early_stopping_min_delta", 0, 1e9)
    if not body.flag("early_stopping_enabled"):
        return
    if body.text("validation_file") is None:
        raise refusals.Refusal(400, "Early stopping requires a validation file.", param="validation_file")
    if evals < patience + warmup + 1:
        raise refusals.bad_value("n_evals", f"Early stopping requires at least {patience + warmup + 1}.")


def instant(at: float) -> str:
    """Return an emulated time as the format writes it."""
    shown = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    return shown.removesuffix("+00:00") + "Z"


def shown_status(job: Job, now: float, *, by_the_book: bool) -> str:
    """Return the status; bad data is `user_error`, which is in the SDK and in no document."""
    status = status_at(job, now)
    if job.cancelled_at is not None and now < job.cancelled_at + CANCEL_SECONDS:
        return "cancel_requested"
    if status is Status.FAILED and job.failure is not None and job.failure.param and not by_the_book:
        return "user_error"
    if status is not Status.RUNNING:
        return STATUSES[status]
    begun = job.run.validation_seconds + job.run.queue_seconds
    done = (active_seconds(job, now) - begun) / job.run.training_seconds
    return next((word for part, word in reversed(WRAPPING_UP.items()) if done >= part), "running")


def show_truncated(job: Job, now: float, base: Base, owner: str, *, by_the_book: bool) -> dict[str, Any]:
    """Return a job as a create, a list and a cancel show it."""
    status = shown_status(job, now, by_the_book=by_the_book)
    return {
        **_common(job, now, base, status, by_the_book=by_the_book),
        "user_id": "usr_1",
        "owner_address": owner,
        "events": [],
        "suffix": job.suffix or "",
        **{name: job.request[name] for name in TRUNCATED_ALONE},
    }


def show_full(
    job: Job, now: float, base: Base, events: list[dict[str, Any]], *, by_the_book: bool
) -> dict[str, Any]:
    """Return a job as a retrieve shows it: without its suffix and some settings, with its events."""
    status = shown_status(job, now, by_the_book=by_the_book)
    begun = [epoch for epoch in range(1, job.run.epochs + 1) if _epoch_end(job, epoch) <= now]
    done = status == "completed"
    return {
        **_common(job, now, base, status, by_the_book=by_the_book),
        # The document says that this one is a bare UUID, and shows `ft-...` in every example.
        "id": job.id.removeprefix("ft-") if by_the_book else job.id,
        "job_id": job.id,
        "model_output_path": f"s3://together-dev/finetune/{job.id}" if done else "",
        "events": events,
        "queue_depth": 0,
        "epochs_completed": len(begun),
        "eval_steps": 0,
        "param_count": 0,
        "trainingfile_numlines": job.run.examples,
        "train_on_inputs": job.request["training_method"].get("train_on_inputs", "auto"),
    }


def _epoch_end(job: Job, epoch: int) -> float:
    return time_at(job, job.run.active_at_step(epoch * job.run.steps_per_epoch))


def _common(job: Job, now: float, base: Base, status: str, *, by_the_book: bool) -> dict[str, Any]:
    """What every shape shows. The price is in billionths of a dollar.

    The document's schema of a scheduler's arguments fits none that has `num_cycles`.
    """
    completed = status == "completed"
    tokens = tokens_done(job, now) if status_at(job, now) in TERMINAL else 0
    left = max(0, round(planned_end(job) - now))
    return {
        "id": job.id,
        "status": status,
        "created_at": instant(job.created_at),
        "updated_at": instant(_updated_at(job, now)),
        "total_price": round(NANO * dollars(base, tokens, full=is_full(job))),
        "token_count": tokens,
        "training_file": job.training_file,
        "validation_file": job.validation_file or "",
        "model": base.name,
        "model_output_name": job.fine_tuned_model,
        "progress": {"estimate_available": not completed, "seconds_remaining": left},
        **{name: value for name, value in job.request.items() if name not in TRUNCATED_ALONE},
        **({"lr_scheduler": _without_cycles(job.request["lr_scheduler"])} if by_the_book else {}),
    }


def is_full(job: Job) -> bool:
    """Return whether all weights are trained, which has a price of its own."""
    return bool(job.request["training_type"]["type"] == "Full")


def _without_cycles(scheduler: dict[str, Any]) -> dict[str, Any]:
    kept = {"min_lr_ratio": scheduler["lr_scheduler_args"]["min_lr_ratio"]}
    return scheduler | {"lr_scheduler_args": kept}


def _updated_at(job: Job, now: float) -> float:
    marks = [
        time_at(job, job.run.validation_seconds),
        time_at(job, job.run.active_at_step(0)),
        planned_end(job),
    ]
    if job.cancelled_at is not None:
        marks = [job.cancelled_at, job.cancelled_at + CANCEL_SECONDS]
    return max([job.created_at, *(mark for mark in marks if mark <= now)])
