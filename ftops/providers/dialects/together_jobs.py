"""A job as Together writes it. Facts: the document of 2026-04-28, replies and types of the SDK 3.1.1.

There are three shapes: a create, a list and a cancel show suffix, packing, max_seq_length and random_seed;
a retrieve does not, and shows events instead. Where the server filled something in, it is shown like a
value that was sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ftops.model.finetune import Method
from ftops.model.fingerprint import AUTO
from ftops.model.job import FailureClass, Job, JobError, JobEvent, JobFile, JobStatus
from ftops.model.json_value import JSON
from ftops.model.request import JobRequest
from ftops.model.spending import Amount, amount
from ftops.providers.decoding import (
    NANO,
    decode_instant,
    decode_price,
    decode_status,
    optional_count,
    optional_number,
    optional_text,
    optional_whole,
    require_id,
    require_mapping,
)
from ftops.providers.dialects.together_fields import (
    ESTIMATED_BY,
    OF_METHOD,
    SHOWN,
    WANDB_FIELDS,
    WIRE_METHODS,
)
from ftops.providers.failure_classes import FailureClasses
from ftops.providers.flow import Unreadable
from ftops.providers.identity import split_tag, tagged

STATUSES = {
    "pending": JobStatus.PENDING,
    "queued": JobStatus.PENDING,
    "running": JobStatus.RUNNING,
    "compressing": JobStatus.RUNNING,
    "uploading": JobStatus.RUNNING,
    "cancel_requested": JobStatus.CANCELLING,
    "cancelled": JobStatus.CANCELLED,
    "completed": JobStatus.SUCCEEDED,
    "error": JobStatus.FAILED,
    "user_error": JobStatus.FAILED,
}
"""`user_error` is in the SDK alone."""

FAILURE_CLASSES = FailureClasses(
    codes={
        "user_error": FailureClass.USER_ERROR,
        "job_user_error": FailureClass.USER_ERROR,
        "billing_limit": FailureClass.BILLING,
    },
)
"""Whose fault a failed job is, by the status or event that says so. `error` and `job_error` say nothing."""

_FAILING_EVENTS = frozenset({"job_error", "job_user_error", "billing_limit"})
"""Why a job failed stands in its events and nowhere else; `job_user_error` is in the SDK alone."""

_JOB_ID = "ft-"
_LEGACY_LEVELS = {"legacy_iwarning": "warn", "legacy_ierror": "error", "warning": "warn", "error": "error"}
_NEVER_ZERO = frozenset({"n_epochs", "batch_size", "learning_rate", "max_seq_length"})
"""Where 0 cannot have been asked for, it is how a server writes that it does not know."""


def encode_create(request: JobRequest) -> dict[str, Any]:
    """Write the body of a create; what is left to the provider is left out."""
    knobs = {key: value for key, value in request.hyperparameters.items() if value != AUTO}
    own = {key: knobs.pop(key) for key in OF_METHOD[request.method] if key in knobs}
    body: dict[str, Any] = {
        "training_file": request.training_files[0].id,
        "validation_file": request.validation_file.id if request.validation_file else None,
        **_base(request),
        **knobs,
        "training_method": _method(request.method, own),
        **request.provider_options,
        **_wandb(request.integrations),
        "training_type": _training_type(request.provider_options.get("training_type")),
        "suffix": tagged(request.suffix, request.stamp),
        "random_seed": request.seed,
    }
    return {key: value for key, value in body.items() if value is not None}


def encode_estimate(request: JobRequest) -> dict[str, Any]:
    """Write what of a create its price is estimated by."""
    return {key: value for key, value in encode_create(request).items() if key in ESTIMATED_BY}


def decode_estimate(body: Any) -> Amount | None:
    """Read an estimate, in dollars. `allowed_to_proceed` is about credit, and no part of a price."""
    told = require_mapping(body, "an estimate")
    price = optional_number(told.get("estimated_total_price"))
    if told.get("estimation_available") is False or price is None or price <= 0:
        return None
    try:
        return amount(price, price)
    except ValueError as error:
        raise Unreadable(str(error)) from error


def _base(request: JobRequest) -> dict[str, str]:
    """What is trained on: a base model, or a job or its model, which go by another field; never both."""
    of_a_job = request.chained or request.model.startswith(_JOB_ID)
    return {"from_checkpoint" if of_a_job else "model": request.model}


def _method(method: Method, own: Mapping[str, JSON]) -> dict[str, JSON]:
    """`train_on_inputs` is required, though it has a default."""
    needed = {"train_on_inputs": AUTO} if method is Method.SUPERVISED else {}
    return {"method": WIRE_METHODS[method], **needed, **own}


def _training_type(asked: JSON) -> JSON:
    """`lora_alpha` is required; the SDK fills in the same."""
    if not isinstance(asked, Mapping) or asked.get("type") != "Lora" or "lora_alpha" in asked:
        return asked
    rank = asked.get("lora_r")
    return {**asked, "lora_alpha": 2 * rank if isinstance(rank, int) else None}


def _wandb(integrations: Iterable[JSON]) -> dict[str, JSON]:
    sent: dict[str, JSON] = {}
    for integration in integrations:
        told = integration.get("wandb") if isinstance(integration, Mapping) else None
        if isinstance(told, Mapping):
            sent |= {WANDB_FIELDS[name]: value for name, value in told.items() if name in WANDB_FIELDS}
    return sent


def decode_job(body: Any, provider: str) -> Job:
    """Read a job of any of the three shapes."""
    job = require_mapping(body, "a job")
    status, raw = decode_status(job, STATUSES)
    suffix, tag = split_tag(optional_text(job.get("suffix")))
    return Job(
        id=require_id(job, "a job"),
        provider=provider,
        status=status,
        raw_status=raw,
        model=_shown_base(job),
        fine_tuned_model=optional_text(job.get("model_output_name"))
        if status is JobStatus.SUCCEEDED
        else None,
        created_at=decode_instant(job.get("created_at")),
        finished_at=None if status.active else decode_instant(job.get("updated_at")),
        trained_tokens=optional_count(job.get("token_count")),
        training_files=_file(job.get("training_file")),
        validation_files=_file(job.get("validation_file")),
        settings=_settings(job),
        suffix=suffix,
        tag=tag,
        error=failure_told(raw, job.get("events")) if status is JobStatus.FAILED else None,
        price=None if status.active else decode_price(job.get("total_price"), NANO),
    )


def _shown_base(job: Mapping[str, Any]) -> str | None:
    """Return what it started from as a manifest says it; a checkpoint that is shown as a job says nothing.

    Only the name of a model was sent, and whether the server shows the same one is not documented.
    """
    checkpoint = optional_text(job.get("from_checkpoint"))
    if checkpoint is None:
        return optional_text(job.get("model"))
    return None if checkpoint.startswith(_JOB_ID) else checkpoint


def _file(value: Any) -> tuple[JobFile, ...]:
    """No validation file is an empty text."""
    file_id = optional_text(value)
    return (JobFile(file_id),) if file_id else ()


def _settings(job: Mapping[str, Any]) -> dict[str, JSON]:
    told = job.get("training_method")
    method = told if isinstance(told, Mapping) else {}
    name = next((ours for ours, wire in WIRE_METHODS.items() if wire == method.get("method")), None)
    shown: dict[str, JSON] = {f"hyperparameters.{key}": _meant(key, job.get(key)) for key in SHOWN}
    own = OF_METHOD[name] if name else ()
    shown |= {f"hyperparameters.{key}": _meant(key, method.get(key)) for key in own}
    shown |= {
        f"provider_options.{key}": job[key]
        for key in ("training_type", "lr_scheduler")
        if isinstance(job.get(key), Mapping) and job[key]
    }
    shown |= {"method": name.value if name else None, "seed": optional_whole(job.get("random_seed"))}
    return {key: value for key, value in shown.items() if value is not None}


def _meant(key: str, value: Any) -> JSON:
    """`max` is what the server makes of a batch size that was left to it, until it has a number."""
    if key == "batch_size" and value == "max":
        return AUTO
    if isinstance(value, bool) or value is None or value == AUTO:
        return AUTO if value == AUTO else value
    number = optional_whole(value)
    found = optional_number(value) if number is None else number
    if found is None:
        return None if key in _NEVER_ZERO or value != 0 else 0
    return None if found == 0 and key in _NEVER_ZERO else found


def failure_told(status: str, events: Any) -> JobError | None:
    """Look for the reason in a job's events; the last that names one counts."""
    for event in reversed(events if isinstance(events, list) else []):
        kind = str(event.get("type")).lower() if isinstance(event, Mapping) else ""
        if kind in _FAILING_EVENTS:
            code = status if kind == "job_error" else kind
            message = optional_text(event.get("message")) or "the provider gave no reason"
            return JobError(code, message, FAILURE_CLASSES.of(code, message))
    return None


def unexplained(status: str) -> JobError:
    """Return the error of a job whose events give no reason; a status may say whose fault it is."""
    return JobError(status, "the provider gave no reason", FAILURE_CLASSES.of(status, None))


def decode_event(body: Any) -> JobEvent:
    """Read an event. It has no id; level and type are written in capitals by older servers."""
    event = require_mapping(body, "an event")
    level = str(optional_text(event.get("level")) or "info").lower()
    known = ("object", "created_at", "level", "message", "type")
    more = {key: value for key, value in event.items() if key not in known and value not in (None, "", 0)}
    return JobEvent(
        created_at=decode_instant(event.get("created_at")),
        level=_LEGACY_LEVELS.get(level, "info"),
        message=optional_text(event.get("message")) or "",
        type=str(optional_text(event.get("type")) or "message").lower(),
        data=more or None,
    )


_FIGURES = {"train/global_step": "step", "train/loss": "train_loss", "eval/loss": "valid_loss"}
"""`eval/loss` is a guess by the pattern of the others, which are in the document's example."""


def decode_metrics(body: Any) -> tuple[JobEvent, ...]:
    """Read `{"metrics": [{"train/loss": 0.5, ...}]}` as metric events, which have no times."""
    told = require_mapping(body, "the metrics").get("metrics")
    if not isinstance(told, list):
        raise Unreadable("the metrics have no list `metrics`")
    return tuple(
        JobEvent(None, "info", "", "metrics", {_FIGURES[key]: one[key] for key in _FIGURES if key in one})
        for one in told
        if isinstance(one, Mapping)
    )
