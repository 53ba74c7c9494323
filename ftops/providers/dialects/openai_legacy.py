"""`/fine-tunes`, the founding format of 2021-2023, still spoken by self-hosted clones.

Facts: OpenAI's OpenAPI file of 2023-08, and replies recorded in public test cassettes.
A job shows neither suffix nor metadata: it is recognised only by what it trains.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ftops.model.capabilities import Capabilities, DataFormat, StampPlace
from ftops.model.finetune import Method
from ftops.model.fingerprint import AUTO
from ftops.model.job import Job, JobError, JobEvent, JobFile, JobStatus
from ftops.model.json_value import JSONObject
from ftops.model.request import JobRequest
from ftops.providers.decoding import (
    decode_error,
    decode_status,
    optional_number,
    optional_text,
    require_id,
    require_mapping,
    shown_hyperparameters,
)
from ftops.providers.dialects.openai_description import OPENAI_LEGACY as DESCRIPTION
from ftops.providers.dialects.openai_family import STATUSES, OpenAIFamily, decode_cursor_page
from ftops.providers.dialects.openai_refusals import FAILURE_CLASSES
from ftops.providers.paging import Page

_HYPERPARAMETERS: JSONObject = {
    "n_epochs": {"type": "integer", "minimum": 1, "description": "Passes over the data; 4 if absent."},
    "batch_size": {"type": "integer", "minimum": 1, "description": "Examples in a batch."},
    "learning_rate_multiplier": {
        "type": "number",
        "exclusiveMinimum": 0,
        "description": "Scales the learning rate of the pretraining; try 0.02 to 0.2.",
    },
    "prompt_loss_weight": {
        "type": "number",
        "minimum": 0,
        "description": "How much the model learns to write prompts too; 0.01 if absent.",
    },
}

CAPABILITIES = Capabilities(
    stamp=StampPlace.NONE,
    methods={Method.SUPERVISED: _HYPERPARAMETERS},
    data_formats={Method.SUPERVISED: frozenset({DataFormat.PROMPT_COMPLETION})},
    options={
        "compute_classification_metrics": {
            "type": "boolean",
            "description": "Accuracy and F1 after each epoch; needs a validation file.",
        },
        "classification_n_classes": {"type": "integer", "minimum": 2, "description": "How many classes."},
        "classification_positive_class": {"type": "string", "description": "The positive one of two."},
        "classification_betas": {
            "type": "array",
            "items": {"type": "number"},
            "description": "F-beta scores at these betas, of two classes.",
        },
    },
    echoes=frozenset(
        {"model", "training_file", "validation_file"}
        | {f"hyperparameters.{name}" for name in _HYPERPARAMETERS}
    ),
    suffix_length=40,
    event_stream=True,
)


class OpenAILegacyDialect(OpenAIFamily):
    """The founding format: flat fields, whole file objects in jobs, one unpaged list, oldest first."""

    name = "openai_legacy"
    default_base_url: str | None = None
    capabilities = CAPABILITIES
    description = DESCRIPTION
    body_fields = frozenset(
        {"model", "training_file", "validation_file", "suffix", "purpose", "file"}
        | {*_HYPERPARAMETERS, *CAPABILITIES.options}
    )
    query_fields = frozenset({"after", "limit", "purpose", "stream"})
    jobs_path = "/fine-tunes"
    events_newest_first = False

    settings: Mapping[str, bool] = MappingProxyType({"organization": False})

    def account_headers(self, organization: str | None, project: str | None) -> Mapping[str, str]:
        """The organization only; projects came later."""
        return {"OpenAI-Organization": organization} if organization else {}

    def encode_create(self, request: JobRequest) -> dict[str, Any]:
        """Hyperparameters and options are at the top."""
        hyperparameters = {key: value for key, value in request.hyperparameters.items() if value != AUTO}
        body: dict[str, Any] = {
            "training_file": request.training_files[0].id,
            "validation_file": request.validation_file.id if request.validation_file else None,
            "model": request.model,
            "suffix": request.suffix,
            **hyperparameters,
            **request.provider_options,
        }
        return {key: value for key, value in body.items() if value is not None}

    def decode_job(self, body: Any, provider: str) -> Job:
        """Read a job; `hyperparams` holds nulls while it is pending, whatever its document says."""
        job = require_mapping(body, "a job")
        status, raw = decode_status(job, STATUSES)
        finished = optional_number(job.get("updated_at")) if not status.active else None
        return Job(
            id=require_id(job, "a job"),
            provider=provider,
            status=status,
            raw_status=raw,
            model=optional_text(job.get("model")),
            fine_tuned_model=optional_text(job.get("fine_tuned_model")),
            created_at=optional_number(job.get("created_at")),
            finished_at=finished,
            training_files=_files(job.get("training_files")),
            validation_files=_files(job.get("validation_files")),
            result_files=tuple(file.id for file in _files(job.get("result_files"))),
            settings=shown_hyperparameters(job.get("hyperparams")),
            error=_error(job) if status is JobStatus.FAILED else None,
            organization=optional_text(job.get("organization_id")),
        )

    def jobs_query(self) -> Mapping[str, str]:
        """There is nothing to ask for."""
        return {}

    def decode_page(self, body: Any) -> Page:
        """Read the whole list. A clone that cuts it says `has_more`, and takes the modern cursor."""
        page = decode_cursor_page(body)
        return page if body.get("has_more") else Page(page.items)

    def events_query(self, *, stream: bool) -> Mapping[str, str]:
        """`stream=true` asks for server-sent events."""
        return {"stream": "true"} if stream else {}

    def decode_event(self, body: Any) -> JobEvent:
        """Read an event; it has no id and no type."""
        event = require_mapping(body, "an event")
        return JobEvent(
            created_at=optional_number(event.get("created_at")),
            level=optional_text(event.get("level")) or "info",
            message=optional_text(event.get("message")) or "",
        )


def _files(value: Any) -> tuple[JobFile, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(
        JobFile(file["id"], optional_text(file.get("filename")))
        for file in value
        if isinstance(file, Mapping) and isinstance(file.get("id"), str)
    )


def _error(job: Mapping[str, Any]) -> JobError | None:
    """Look for a reason: the format has no error field, but its last event says why."""
    reported = decode_error(job.get("error"), FAILURE_CLASSES)
    events = job.get("events")
    if reported is not None or not isinstance(events, list) or not events:
        return reported
    last = events[-1]
    message = optional_text(last.get("message")) if isinstance(last, Mapping) else None
    return JobError(None, message, FAILURE_CLASSES.of(None, message)) if message else None
