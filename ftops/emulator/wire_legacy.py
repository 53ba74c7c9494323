"""`/v1/fine-tunes`: requests and replies of the founding format, from its documents and recordings."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from ftops.emulator.jobs import cancel, data_file, new_job, text
from ftops.emulator.lifecycle import Phase, events, finished_at, phase
from ftops.emulator.replies import ApiError, bad_type, no_such_job
from ftops.emulator.store import Store, StoredJob
from ftops.emulator.wire_files import show_file

FAMILY = "openai_legacy"
BASE_MODELS = ("ada", "babbage", "curie", "davinci")
DEFAULT_EPOCHS = 4

STATUSES = {
    Phase.VALIDATING: "pending",
    Phase.QUEUED: "pending",
    Phase.RUNNING: "running",
    Phase.PAUSED: "running",
    Phase.SUCCEEDED: "succeeded",
    Phase.FAILED: "failed",
    Phase.CANCELLED: "cancelled",
}
_NUMBERS = (
    "n_epochs",
    "batch_size",
    "learning_rate_multiplier",
    "prompt_loss_weight",
    "classification_n_classes",
)


def create(store: Store, body: Any) -> dict[str, Any]:
    """Check a request as the provider would, data included, and store the job."""
    if not isinstance(body, dict):
        raise bad_type("body", "an object")
    file = data_file(store, text(body, "training_file", required=True) or "", "training_file")
    if file.problem is not None or file.form != "prompt-completion":
        message = file.problem or "The training file must have prompt and completion on each line."
        raise ApiError(400, message, param="training_file")
    validation = text(body, "validation_file")
    if validation is not None:
        data_file(store, validation, "validation_file")
    text(body, "suffix", longest=40)
    for name in _NUMBERS:
        value = body.get(name)
        if value is not None and (
            not isinstance(value, int | float) or isinstance(value, bool) or value <= 0
        ):
            raise bad_type(name, "a positive number")
    model = text(body, "model") or "curie"
    if model not in BASE_MODELS and model not in models(store):
        allowed = "(we don't support fine-tuning from this model)"
        raise ApiError(400, f"Invalid base model: {model} {allowed}", param="model")
    epochs = int(body.get("n_epochs") or DEFAULT_EPOCHS)
    job_id = new_job(store, FAMILY, "ft-", {**body, "model": model}, file, epochs)
    return retrieve(store, job_id)


def find(store: Store, job_id: str) -> StoredJob:
    """Find a job or say 404."""
    job = store.job(FAMILY, job_id)
    if job is None:
        raise no_such_job(job_id)
    return job


def retrieve(store: Store, job_id: str) -> dict[str, Any]:
    """Show one job, with its events."""
    job, now = find(store, job_id), store.now()
    return {**show(store, job, now), "events": job_events(job, now)}


def list_jobs(store: Store, older_than: float) -> dict[str, Any]:
    """Show every job, oldest first, without events: the format knows no pages."""
    now = store.now()
    jobs = store.jobs(FAMILY, newer_than_real=older_than)
    return {"object": "list", "data": [show(store, job, now) for job in jobs]}


def cancel_job(store: Store, job_id: str) -> dict[str, Any]:
    """Cancel a job at once."""
    cancel(store, find(store, job_id), STATUSES)
    return retrieve(store, job_id)


def show(store: Store, job: StoredJob, now: float) -> dict[str, Any]:
    """Write a job: whole file objects, no suffix, and nulls for what is not decided while it is pending."""
    request, where = job.request, phase(job, now)
    pending = STATUSES[where] == "pending"
    ended = finished_at(job, now)
    done = where is Phase.SUCCEEDED
    batch = None if pending else max(1, min(256, round(job.examples * 0.002)))
    multiplier = None if pending else 0.1
    return {
        "object": "fine-tune",
        "id": job.id,
        "hyperparams": {
            "n_epochs": job.epochs,
            "batch_size": request.get("batch_size") or batch,
            "prompt_loss_weight": request.get("prompt_loss_weight") or 0.01,
            "learning_rate_multiplier": request.get("learning_rate_multiplier") or multiplier,
        },
        "organization_id": "org-emulator",
        "model": request["model"],
        "training_files": _shown_files(store, request["training_file"]),
        "validation_files": _shown_files(store, request.get("validation_file")),
        "result_files": [_result_file(job, now)] if done else [],
        "created_at": int(job.created_at),
        "updated_at": int(ended if ended is not None else now),
        "status": STATUSES[where],
        "fine_tuned_model": model_name(job) if done else None,
    }


def job_events(job: StoredJob, now: float) -> list[dict[str, Any]]:
    """Show all events so far, oldest first; they have neither id nor type."""
    words = {
        "created": f"Created fine-tune: {job.id}",
        "enqueued": "Fine-tune enqueued. Queue number: 0",
        "started": "Fine-tune started",
        "uploaded": f"Uploaded model: {model_name(job)}",
        "succeeded": "Fine-tune succeeded",
        "cancelled": "Fine-tune cancelled",
    }
    return [
        {
            "object": "fine-tune-event",
            "created_at": int(event.at),
            "level": event.level,
            "message": event.message,
        }
        for event in events(job, now, words)
        if event.metrics is None
    ]


STREAM_POLL_SECONDS = 0.05


def stream_events(
    store: Store, job_id: str, most: int | None, sleep: Callable[[float], None] = time.sleep
) -> Iterator[bytes]:
    """Send events as they come, then `[DONE]` and the end of the connection; `most` cuts the stream."""
    find(store, job_id)
    sent = 0
    while True:
        now = store.now()
        job = find(store, job_id)
        for event in job_events(job, now)[sent:]:
            if most is not None and sent >= most:
                return
            yield b"data: " + orjson.dumps(event) + b"\n\n"
            sent += 1
        if phase(job, now).over:
            yield b"data: [DONE]\n\n"
            return
        sleep(STREAM_POLL_SECONDS)


def models(store: Store) -> dict[str, StoredJob]:
    """Give the fine-tuned models that exist, by name."""
    now, gone = store.now(), store.deleted_models()
    made = {model_name(job): job for job in store.jobs(FAMILY) if phase(job, now) is Phase.SUCCEEDED}
    return {name: job for name, job in made.items() if name not in gone}


def model_name(job: StoredJob) -> str:
    """Name the model as the provider did: `curie:ft-org:suffix-2022-02-15-04-21-04`."""
    base = str(job.request["model"]).split(":")[0]
    suffix = re.sub(r"[^a-z0-9]+", "-", str(job.request.get("suffix") or "").lower()).strip("-")
    # The name is fixed by the job alone; a real one holds the second at which it was made.
    moment = time.strftime("%Y-%m-%d-%H-%M-%S", time.gmtime(job.created_at))
    unique = job.id.rsplit("-", 1)[-1][:4]
    tail = f"{suffix}-{moment}-{unique}" if suffix else f"{moment}-{unique}"
    return f"{base}:ft-emulator:{tail}"


def result_file_id(job: StoredJob) -> str:
    """Name the file of metrics that a finished job leaves."""
    return f"file-result-{job.id}"


def _shown_files(store: Store, file_id: str | None) -> list[dict[str, Any]]:
    file = store.file(file_id) if file_id else None
    return [show_file(file)] if file else []


def _result_file(job: StoredJob, now: float) -> dict[str, Any]:
    ended = finished_at(job, now)
    return {
        "object": "file",
        "id": result_file_id(job),
        "purpose": "fine-tune-results",
        "filename": "compiled_results.csv",
        "bytes": 1024,
        "created_at": int(ended if ended is not None else now),
        "status": "processed",
        "status_details": None,
    }
