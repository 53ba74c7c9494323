"""The modern job of OpenAI, as every server of `/fine_tuning/jobs` shows it: fields, methods, events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ftops.model.capabilities import DataFormat
from ftops.model.finetune import Method
from ftops.model.fingerprint import AUTO
from ftops.model.job import Job, JobEvent, JobFile
from ftops.model.json_value import JSON, JSONObject
from ftops.model.request import JobRequest
from ftops.providers.decoding import (
    decode_error,
    decode_status,
    optional_count,
    optional_id,
    optional_number,
    optional_strings,
    optional_text,
    optional_whole,
    require_id,
    require_mapping,
    shown_hyperparameters,
)
from ftops.providers.dialects.openai_family import STATUSES
from ftops.providers.failure_classes import FailureClasses
from ftops.providers.identity import STAMP_KEYS, decode_stamp

PAGE_SIZE = "100"

SUPERVISED: JSONObject = {
    "n_epochs": {"type": "integer", "minimum": 1, "maximum": 50, "description": "Passes over the data."},
    "batch_size": {"type": "integer", "minimum": 1, "maximum": 256, "description": "Examples in a batch."},
    "learning_rate_multiplier": {
        "type": "number",
        "exclusiveMinimum": 0,
        "description": "Scales the learning rate; smaller may help against overfitting.",
    },
}

METHODS: Mapping[Method, JSONObject] = {
    Method.SUPERVISED: SUPERVISED,
    Method.DPO: {
        **SUPERVISED,
        "beta": {
            "type": "number",
            "exclusiveMinimum": 0,
            "maximum": 2,
            "description": "Weighs the penalty between the trained and the reference model.",
        },
    },
    Method.REINFORCEMENT: {
        **SUPERVISED,
        "reasoning_effort": {
            "enum": ["default", "low", "medium", "high"],
            "description": "How much the model reasons.",
        },
        "compute_multiplier": {
            "type": "number",
            "exclusiveMinimum": 0.00001,
            "maximum": 10,
            "description": "Scales how much is explored in training.",
        },
        "eval_interval": {"type": "integer", "minimum": 1, "description": "Steps between two evaluations."},
        "eval_samples": {"type": "integer", "minimum": 1, "description": "Samples of an evaluation step."},
    },
}

DATA_FORMATS: Mapping[Method, frozenset[DataFormat]] = {
    Method.SUPERVISED: frozenset({DataFormat.CHAT, DataFormat.PROMPT_COMPLETION}),
    Method.DPO: frozenset({DataFormat.PREFERENCE}),
    Method.REINFORCEMENT: frozenset({DataFormat.REINFORCEMENT}),
}

ECHOES = frozenset(
    {"model", "training_file", "validation_file", "seed", "method"}
    | {f"hyperparameters.{name}" for name in ("n_epochs", "batch_size", "learning_rate_multiplier")}
)


def encode_method(request: JobRequest) -> dict[str, Any]:
    """Write method, hyperparameters and grader as the field `method`."""
    settings: dict[str, Any] = {}
    if hyperparameters := sent_hyperparameters(request):
        settings["hyperparameters"] = hyperparameters
    if request.grader:
        settings["grader"] = request.grader
    return {"type": request.method.value, request.method.value: settings}


def sent_hyperparameters(request: JobRequest) -> dict[str, JSON]:
    """Return what is not left to the provider."""
    return {key: value for key, value in request.hyperparameters.items() if value != AUTO}


def decode_modern_job(body: Any, provider: str, classes: FailureClasses) -> Job:
    """Read a job; hyperparameters are looked for in `method` and at the top. Raises Unreadable."""
    job = require_mapping(body, "a job")
    status, raw = decode_status(job, STATUSES)
    return Job(
        id=require_id(job, "a job"),
        provider=provider,
        status=status,
        raw_status=raw,
        model=optional_text(job.get("model")),
        fine_tuned_model=optional_text(job.get("fine_tuned_model")),
        created_at=optional_number(job.get("created_at")),
        finished_at=optional_number(job.get("finished_at")),
        estimated_finish=optional_number(job.get("estimated_finish")),
        trained_tokens=optional_count(job.get("trained_tokens")),
        training_files=_file(job.get("training_file")),
        validation_files=_file(job.get("validation_file")),
        result_files=optional_strings(job.get("result_files")),
        settings=_settings(job),
        suffix=optional_text(job.get("user_provided_suffix")),
        error=decode_error(job.get("error"), classes),
        stamp=decode_stamp(job.get("metadata")),
        organization=optional_text(job.get("organization_id")),
    )


def decode_modern_event(body: Any) -> JobEvent:
    """Read an event; real ones have `data: null` where the document wants an object. Raises Unreadable."""
    event = require_mapping(body, "an event")
    return JobEvent(
        created_at=optional_number(event.get("created_at")),
        level=optional_text(event.get("level")) or "info",
        message=optional_text(event.get("message")) or "",
        type=optional_text(event.get("type")) or "message",
        data=event.get("data"),
        id=optional_text(event.get("id")),
    )


def _file(value: Any) -> tuple[JobFile, ...]:
    file_id = optional_id(value)
    return (JobFile(file_id),) if file_id else ()


def _settings(job: Mapping[str, Any]) -> dict[str, JSON]:
    settings: dict[str, JSON] = {}
    method = job.get("method")
    shown = job.get("hyperparameters")
    if isinstance(method, dict) and isinstance(method.get("type"), str):
        settings["method"] = method["type"]
        details = method.get(method["type"])
        details = details if isinstance(details, dict) else {}
        if isinstance(details.get("hyperparameters"), dict):
            shown = details["hyperparameters"]
        if isinstance(details.get("grader"), dict):
            settings["grader"] = details["grader"]
    settings |= shown_hyperparameters(shown)
    seed = optional_whole(job.get("seed"))
    if seed is not None:
        settings["seed"] = seed
    if isinstance(job.get("integrations"), list) and job["integrations"]:
        settings["integrations"] = job["integrations"]
    metadata = job["metadata"] if isinstance(job.get("metadata"), Mapping) else {}
    own = {key: metadata[key] for key in metadata if key not in STAMP_KEYS}
    if own:
        settings["metadata"] = own
    return settings
