"""How Model Studio writes jobs and errors, by its "Model tuning API reference" (updated 2026-02-11)."""

from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import uuid4

from ftops.emulator.wires.refusals import Refusal
from ftops.emulator.world.fields import Fields
from ftops.emulator.world.history import Moment, metric_moments
from ftops.emulator.world.job import Job
from ftops.emulator.world.lifecycle import TERMINAL, Status, planned_end, status_at
from ftops.emulator.world.models import slug

CHINA = timezone(timedelta(hours=8))
TRAINING_TYPES = {"sft": "supervised", "efficient_sft": "supervised", "dpo_full": "dpo", "dpo_lora": "dpo"}
"""`cpt` is left out: the world has no data of its form."""
STATUSES = {
    Status.VALIDATING: "PENDING",
    Status.QUEUED: "QUEUING",
    Status.RUNNING: "RUNNING",
    Status.PAUSED: "RUNNING",
    Status.SUCCEEDED: "SUCCEEDED",
    Status.FAILED: "FAILED",
    Status.CANCELLED: "CANCELED",
}
CODES = {
    400: "InvalidParameter",
    401: "InvalidApiKey",
    403: "AccessDenied",
    404: "NotFound",
    409: "Conflict",
    429: "Throttling",
    500: "InternalError",
}
WORDED = {"billing_hard_limit_reached": "Arrearage", "insufficient_quota": "Throttling.AllocationQuota"}
"""Refusals that the control API names, in this provider's codes (from its client 2.0.2)."""
NEEDED = ("n_epochs", "batch_size", "max_length")
"""Required of text models ("Create a tuning task", 2026-06-06)."""
WHOLE = ("n_epochs", "batch_size", "max_length", "eval_steps", "logging_steps", "lora_rank", "lora_alpha")
SHARES = ("warmup_ratio", "split", "lora_dropout")
CANCELLING_SECONDS = 5.0
"""How long a job is CANCELING: a guess."""


def envelope(output: Any) -> dict[str, Any]:
    """Return a reply."""
    return {"request_id": str(uuid4()), "output": output}


def refusal_body(refusal: Refusal) -> dict[str, Any]:
    """Return an error: its code by the status, unless it says a better one."""
    code = WORDED.get(refusal.code or "") or CODES.get(refusal.status, "InternalError")
    if refusal.code == UNSUPPORTED:
        code = UNSUPPORTED
    return {"code": code, "request_id": str(uuid4()), "message": refusal.message}


UNSUPPORTED = "UnsupportedOperation"


def decode_hyperparameters(body: Fields) -> dict[str, Any]:
    """Check the kinds of what was declared, which is all that is echoed; a rate may come as a string."""
    fields = body.child("hyper_parameters") or Fields({})
    for name in NEEDED:
        if name not in fields.values:
            raise Refusal(400, f"Missing required hyper-parameter: {name}", param=name)
    for name in WHOLE:
        fields.integer(name, 1, 2**31)
    for name in SHARES:
        fields.number(name, 0, 1)
    if not isinstance(fields.values.get("learning_rate"), str):
        fields.number("learning_rate", 0, 1)
    return fields.values


def local_time(at: float) -> str:
    """Return a time as it is shown: China's, without its zone."""
    return datetime.fromtimestamp(at, CHINA).strftime("%Y-%m-%d %H:%M:%S")


def job_id(at: float) -> str:
    """`ft-{yyyyMMddHHmm}-{4 of a uuid}`; longer here, so that a thousand jobs in a minute are not one."""
    return f"ft-{datetime.fromtimestamp(at, CHINA):%Y%m%d%H%M}-{uuid4().hex[:12]}"


def model_name(job: Job) -> str:
    """`qwen3-14b-suffix-ft-202410291653-1c7f`."""
    return "-".join(part for part in (job.model, slug(job.suffix or ""), job.id) if part)


def shown_status(job: Job, now: float) -> str:
    """A cancelled job is CANCELING at first."""
    if job.cancelled_at is not None and now < job.cancelled_at + CANCELLING_SECONDS:
        return "CANCELING"
    return STATUSES[status_at(job, now)]


def show_job(job: Job, now: float) -> dict[str, Any]:
    """Return a job; a suffix is only seen in the name of its model."""
    status = status_at(job, now)
    shown: dict[str, Any] = {
        "job_id": job.id,
        "job_name": job.request.get("job_name") or job.id,
        "status": shown_status(job, now),
        "model": job.model,
        "base_model": job.model,
        "training_file_ids": [job.training_file],
        "validation_file_ids": [job.validation_file] if job.validation_file else [],
        "hyper_parameters": job.request["hyper_parameters"],
        "training_type": job.request["training_type"],
        "create_time": local_time(job.created_at),
        "workspace_id": "llm-emulator",
        "user_identity": "1396993924585947",
        "modifier": "1396993924585947",
        "creator": "1396993924585947",
        "group": "llm",
    }
    if status in TERMINAL:
        shown["end_time"] = local_time(planned_end(job))
    if status is Status.SUCCEEDED:
        shown |= {"finetuned_output": job.fine_tuned_model, "usage": job.run.trained_tokens}
    if status is Status.CANCELLED:
        shown["usage"] = 0
    if status is Status.FAILED and job.failure is not None:
        shown |= {"code": job.failure.code, "message": job.failure.message}
    return shown


def moments(job: Job) -> list[Moment]:
    """Return the lines that the job's log gets, in the words of the reference's example."""
    run = job.run
    story = [Moment(run.active_at_step(0), " Fine-tune started!")]
    story += [
        Moment(moment.active, f"{{'loss': {moment.metrics.train_loss}, 'step': {moment.metrics.step}}}")
        for moment in metric_moments(job)
        if moment.metrics is not None
    ]
    story += [
        Moment(run.seconds, f" Actual number of consumed tokens is {run.trained_tokens}!"),
        Moment(run.seconds, " Uploaded checkpoint!"),
        Moment(run.seconds, " Fine-tune succeeded!"),
    ]
    story.insert(0, Moment(0, f" Created {job.id}"))
    if job.failure is None:
        return story
    before = [moment for moment in story if moment.active < job.failure.after]
    return [*before, Moment(job.failure.after, f" Fine-tune failed: {job.failure.message}")]
