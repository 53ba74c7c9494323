"""`/v1/fine_tuning/jobs`: requests and replies of the modern format, written from OpenAI's documents."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from ftops.emulator.jobs import cancel, data_file, default_epochs, new_job, text
from ftops.emulator.lifecycle import Phase, elapsed, estimated_finish, events, finished_at, phase
from ftops.emulator.openai_checks import check_metadata, check_seed, method_of
from ftops.emulator.paging import page_limit, paged
from ftops.emulator.replies import ApiError, bad_type, no_such_job
from ftops.emulator.store import Store, StoredJob

FAMILY = "openai"

SNAPSHOTS = {
    "gpt-4o-mini": "gpt-4o-mini-2024-07-18",
    "gpt-4o": "gpt-4o-2024-08-06",
    "gpt-4.1": "gpt-4.1-2025-04-14",
    "gpt-4.1-mini": "gpt-4.1-mini-2025-04-14",
    "gpt-4.1-nano": "gpt-4.1-nano-2025-04-14",
    "gpt-3.5-turbo": "gpt-3.5-turbo-0125",
}
COMPLETION_MODELS = frozenset({"babbage-002", "davinci-002"})
BASE_MODELS = frozenset(SNAPSHOTS) | frozenset(SNAPSHOTS.values()) | COMPLETION_MODELS

STATUSES = {
    Phase.VALIDATING: "validating_files",
    Phase.QUEUED: "queued",
    Phase.RUNNING: "running",
    Phase.PAUSED: "paused",
    Phase.SUCCEEDED: "succeeded",
    Phase.FAILED: "failed",
    Phase.CANCELLED: "cancelled",
}


def create(store: Store, body: Any) -> dict[str, Any]:
    """Check a request as the provider would, and store the job."""
    if not isinstance(body, dict):
        raise bad_type("body", "an object")
    model = text(body, "model", required=True) or ""
    file = data_file(store, text(body, "training_file", required=True) or "", "training_file")
    validation = text(body, "validation_file")
    if validation is not None:
        data_file(store, validation, "validation_file")
    text(body, "suffix", longest=64)
    check_seed(body.get("seed"))
    check_metadata(body.get("metadata"))
    method, hyperparameters = method_of(body)
    if model not in BASE_MODELS and model not in models(store):
        raise ApiError(
            400,
            f"Model {model} is not available for fine-tuning or does not exist.",
            param="model",
            code="model_not_available",
        )
    epochs = hyperparameters.get("n_epochs", "auto")
    request = {**body, "method_type": method, "hyperparameters": hyperparameters}
    count = epochs if isinstance(epochs, int) else default_epochs(file.examples)
    job_id = new_job(store, FAMILY, "ftjob-", request, file, count)
    return retrieve(store, job_id)


def retrieve(store: Store, job_id: str) -> dict[str, Any]:
    """Show one job."""
    return show(find(store, job_id), store.now())


def find(store: Store, job_id: str) -> StoredJob:
    """Find a job or say 404."""
    job = store.job(FAMILY, job_id)
    if job is None:
        raise no_such_job(job_id)
    return job


def list_jobs(store: Store, query: dict[str, str], older_than: float) -> dict[str, Any]:
    """Show a page of jobs, newest first; past the end it is empty."""
    limit = page_limit(query, 20)
    jobs = store.page(FAMILY, query.get("after"), limit + 1, _metadata_filter(query), older_than)
    now = store.now()
    return {
        "object": "list",
        "data": [show(job, now) for job in jobs[:limit]],
        "has_more": len(jobs) > limit,
    }


def cancel_job(store: Store, job_id: str) -> dict[str, Any]:
    """Cancel a job at once."""
    cancel(store, find(store, job_id), STATUSES)
    return retrieve(store, job_id)


def pause(store: Store, job_id: str) -> dict[str, Any]:
    """Stop a job's time."""
    job, now = find(store, job_id), store.now()
    if phase(job, now) is not Phase.RUNNING:
        raise ApiError(400, f'Cannot pause a job {job_id} with status "{STATUSES[phase(job, now)]}".')
    store.update_job(job_id, "paused_at", now)
    return retrieve(store, job_id)


def resume(store: Store, job_id: str) -> dict[str, Any]:
    """Let a paused job go on."""
    job, now = find(store, job_id), store.now()
    if job.paused_at is None or phase(job, now) is not Phase.PAUSED:
        raise ApiError(400, f'Cannot resume a job {job_id} with status "{STATUSES[phase(job, now)]}".')
    store.update_job(job_id, "paused_for", job.paused_for + now - job.paused_at)
    store.update_job(job_id, "paused_at", None)
    return retrieve(store, job_id)


def show(job: StoredJob, now: float) -> dict[str, Any]:
    """Write a job as the provider does, with its oddities: a healthy job has an error of nulls."""
    request, where = job.request, phase(job, now)
    ended = finished_at(job, now)
    shown = _shown_hyperparameters(job, where)
    done = where is Phase.SUCCEEDED
    model = request["model"]
    return {
        "object": "fine_tuning.job",
        "id": job.id,
        "model": SNAPSHOTS.get(model, model),
        "created_at": int(job.created_at),
        "finished_at": int(ended) if ended is not None else None,
        "estimated_finish": int(estimated_finish(job)) if not where.over else None,
        "fine_tuned_model": model_name(job) if done else None,
        "organization_id": "org-emulator",
        "result_files": [result_file_id(job)] if done else [],
        "status": STATUSES[where],
        "training_file": request["training_file"],
        "validation_file": request.get("validation_file"),
        "hyperparameters": shown,
        "trained_tokens": job.tokens if done else None,
        "error": _error(job, where),
        "seed": request.get("seed") if request.get("seed") is not None else _seed(job),
        "integrations": request.get("integrations") or [],
        "metadata": request.get("metadata"),
        "method": {
            "type": request["method_type"],
            request["method_type"]: _method_details(request, shown),
        },
    }


def job_events(store: Store, job_id: str, query: dict[str, str]) -> dict[str, Any]:
    """Show a page of events, newest first."""
    job = find(store, job_id)
    words = {
        "created": f"Created fine-tuning job: {job.id}",
        "enqueued": "Files validated, moving job to queued state",
        "started": "Fine-tuning job started",
        "uploaded": f"New fine-tuned model created: {model_name(job)}",
        "succeeded": "The job has successfully completed",
        "cancelled": "Fine-tuning job cancelled",
    }
    shown = [
        {
            "object": "fine_tuning.job.event",
            "id": f"ftevent-{job.id.removeprefix('ftjob-')}{number:04d}",
            "created_at": int(event.at),
            "level": event.level,
            "message": event.message,
            "type": "metrics" if event.metrics else "message",
            "data": event.metrics or {},
        }
        for number, event in enumerate(events(job, store.now(), words))
    ]
    return paged(shown[::-1], query, 20)


def checkpoints(store: Store, job_id: str, query: dict[str, str]) -> dict[str, Any]:
    """Show the checkpoints of a job, newest first: one an epoch, at most three."""
    job, now = find(store, job_id), store.now()
    age = elapsed(job, now) - job.waits - job.queues
    last = min(3, job.epochs)
    shown = []
    for number in range(last):
        step = 20 - (last - 1 - number) * 5
        if age >= job.trains * step / 20 and job.problem is None:
            shown.append(_checkpoint(job, step, final=number == last - 1))
    page = paged(shown[::-1], query, 10)
    ids = [item["id"] for item in page["data"]]
    return {**page, "first_id": ids[0] if ids else None, "last_id": ids[-1] if ids else None}


def models(store: Store) -> dict[str, StoredJob]:
    """Give the fine-tuned models that exist, by name."""
    now, gone = store.now(), store.deleted_models()
    made = {model_name(job): job for job in store.jobs(FAMILY) if phase(job, now) is Phase.SUCCEEDED}
    return {name: job for name, job in made.items() if name not in gone}


def model_name(job: StoredJob) -> str:
    """Name the model as the provider does: `ft:MODEL:ORG:SUFFIX:ID`."""
    base = str(job.request["model"])
    if base.startswith("ft:"):
        base = base.split(":")[1]
    suffix = re.sub(r"[^a-z0-9-]+", "-", str(job.request.get("suffix") or "").lower())
    return f"ft:{SNAPSHOTS.get(base, base)}:emulator:{suffix}:{_short(job.id)}"


def result_file_id(job: StoredJob) -> str:
    """Name the file of metrics that a finished job leaves."""
    return f"file-result-{job.id}"


def _method_details(request: dict[str, Any], shown: dict[str, Any]) -> dict[str, Any]:
    kind = request["method_type"]
    sent = (request.get("method") or {}).get(kind) or {}
    grader = {"grader": sent["grader"]} if "grader" in sent else {}
    return {**grader, "hyperparameters": {**sent.get("hyperparameters", {}), **shown}}


def _shown_hyperparameters(job: StoredJob, where: Phase) -> dict[str, Any]:
    """Show `auto` until the job runs; from then on, what it came to."""
    asked = {"n_epochs": "auto", "batch_size": "auto", "learning_rate_multiplier": "auto"}
    asked |= {key: value for key, value in job.request["hyperparameters"].items() if key in asked}
    if where in (Phase.VALIDATING, Phase.QUEUED):
        return asked
    resolved = {
        "n_epochs": job.epochs,
        "batch_size": max(1, min(256, round(job.examples * 0.002))),
        "learning_rate_multiplier": 1.8,
    }
    return {key: resolved[key] if value == "auto" else value for key, value in asked.items()}


def _error(job: StoredJob, where: Phase) -> dict[str, Any]:
    if where is not Phase.FAILED:
        return {"code": None, "message": None, "param": None}
    return {"code": "invalid_training_file", "message": job.problem, "param": "training_file"}


def _checkpoint(job: StoredJob, step: int, *, final: bool) -> dict[str, Any]:
    name = model_name(job)
    return {
        "object": "fine_tuning.job.checkpoint",
        "id": f"ftckpt_{_short(job.id)}{step}",
        "created_at": int(job.created_at + job.paused_for + job.waits + job.queues + job.trains * step / 20),
        "fine_tuned_model_checkpoint": name if final else f"{name}:ckpt-step-{step}",
        "fine_tuning_job_id": job.id,
        "step_number": step,
        "metrics": {"step": step, "train_loss": 0.5},
    }


def _metadata_filter(query: dict[str, str]) -> tuple[str, tuple[Any, ...]]:
    if query.get("metadata") == "null":
        return " AND json_extract(request, '$.metadata') IS NULL", ()
    clause, values = "", []
    for name, value in query.items():
        if name.startswith("metadata[") and name.endswith("]"):
            key = name[len("metadata[") : -1].replace('"', "")
            clause += " AND json_extract(request, ?) = ?"
            values += [f'$.metadata."{key}"', value]
    return clause, tuple(values)


def _seed(job: StoredJob) -> int:
    return int(hashlib.sha256(job.id.encode()).hexdigest()[:7], 16)


def _short(job_id: str) -> str:
    return job_id.rsplit("-", 1)[-1][:8]
