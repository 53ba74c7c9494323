"""`/fine_tuning/jobs`, as spoken by OpenAI, Nebius, LiteLLM and many proxies.

Facts: OpenAI's OpenAPI file of 2026-08, and replies recorded in public test cassettes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ftops.model.capabilities import Capabilities, DataFormat, StampPlace
from ftops.model.finetune import Method
from ftops.model.fingerprint import AUTO
from ftops.model.job import Job, JobEvent, JobFile
from ftops.model.json_value import JSON, JSONObject
from ftops.model.model_dates import ModelDates
from ftops.model.request import JobRequest
from ftops.providers.decoding import (
    decode_day,
    decode_error,
    decode_status,
    optional_count,
    optional_id,
    optional_number,
    optional_strings,
    optional_text,
    optional_whole,
    require_id,
    require_list,
    require_mapping,
    shown_hyperparameters,
)
from ftops.providers.dialects.openai_description import OPENAI as DESCRIPTION
from ftops.providers.dialects.openai_family import STATUSES, OpenAIFamily, decode_cursor_page
from ftops.providers.flow import Flow, asked
from ftops.providers.identity import decode_stamp, encode_stamp
from ftops.providers.paging import Page
from ftops.transport.exchange import Request

PAGE_SIZE = "100"

_WHOLE: JSONObject = {"type": "integer", "minimum": 1}
_SUPERVISED: JSONObject = {
    "n_epochs": {"type": "integer", "minimum": 1, "maximum": 50},
    "batch_size": {"type": "integer", "minimum": 1, "maximum": 256},
    "learning_rate_multiplier": {"type": "number", "exclusiveMinimum": 0},
}

CAPABILITIES = Capabilities(
    stamp=StampPlace.METADATA,
    methods={
        Method.SUPERVISED: _SUPERVISED,
        Method.DPO: {**_SUPERVISED, "beta": {"type": "number", "exclusiveMinimum": 0, "maximum": 2}},
        Method.REINFORCEMENT: {
            **_SUPERVISED,
            "reasoning_effort": {"enum": ["default", "low", "medium", "high"]},
            "compute_multiplier": {"type": "number", "exclusiveMinimum": 0.00001, "maximum": 10},
            "eval_interval": _WHOLE,
            "eval_samples": _WHOLE,
        },
    },
    data_formats={
        Method.SUPERVISED: frozenset({DataFormat.CHAT, DataFormat.PROMPT_COMPLETION}),
        Method.DPO: frozenset({DataFormat.PREFERENCE}),
        Method.REINFORCEMENT: frozenset({DataFormat.REINFORCEMENT}),
    },
    options={},
    echoes=frozenset(
        {"model", "training_file", "validation_file", "seed", "method"}
        | {f"hyperparameters.{name}" for name in ("n_epochs", "batch_size", "learning_rate_multiplier")}
    ),
    suffix_length=64,
    seed=True,
    integrations=True,
    list_filter=True,
    pause=True,
    checkpoints="{model}:ckpt-step-{step}",
)

BODY_FIELDS = frozenset(
    {
        "model",
        "training_file",
        "validation_file",
        "method",
        "hyperparameters",
        "suffix",
        "seed",
        "integrations",
        "metadata",
        "purpose",
        "file",
    }
)
"""What a create or an upload contains; the deprecated `hyperparameters` would contradict `method`."""

QUERY_FIELDS = frozenset({"limit", "after", "metadata", "purpose", "stream"})


class OpenAIDialect(OpenAIFamily):
    """The modern format: metadata carries our stamp, lists are paged newest first."""

    name = "openai"
    default_base_url: str | None = "https://api.openai.com/v1"
    capabilities = CAPABILITIES
    description = DESCRIPTION
    body_fields = BODY_FIELDS
    query_fields = QUERY_FIELDS
    jobs_path = "/fine_tuning/jobs"
    events_newest_first = True

    def account_headers(self, organization: str | None, project: str | None) -> Mapping[str, str]:
        """OpenAI's own header names."""
        named = {"OpenAI-Organization": organization, "OpenAI-Project": project}
        return {name: value for name, value in named.items() if value}

    def model_dates(self) -> Flow[Mapping[str, ModelDates]]:
        """GET the models: an item may carry `shutdown_date`, on which its fine-tuned models end too."""
        return (yield from asked(Request("model dates", "GET", "/models"), _model_dates))

    def encode_create(self, request: JobRequest) -> dict[str, Any]:
        """Hyperparameters go under `method`; the top-level field of the same name is deprecated."""
        settings: dict[str, Any] = {}
        hyperparameters = {key: value for key, value in request.hyperparameters.items() if value != AUTO}
        if hyperparameters:
            settings["hyperparameters"] = hyperparameters
        if request.grader:
            settings["grader"] = request.grader
        body: dict[str, Any] = {
            "model": request.model,
            "training_file": request.training_files[0].id,
            "validation_file": request.validation_file.id if request.validation_file else None,
            "method": {"type": request.method.value, request.method.value: settings},
            "suffix": request.suffix,
            "seed": request.seed,
            "integrations": list(request.integrations) or None,
            "metadata": encode_stamp(request.stamp) if request.stamp else None,
        }
        return {key: value for key, value in body.items() if value is not None}

    def decode_job(self, body: Any, provider: str) -> Job:
        """Read a job; hyperparameters are looked for in `method` and at the top."""
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
            error=decode_error(job.get("error"), self.failure_classes),
            stamp=decode_stamp(job.get("metadata")),
            organization=optional_text(job.get("organization_id")),
        )

    def jobs_query(self) -> Mapping[str, str]:
        """Everything: foreign jobs count for the provider's limits."""
        return {"limit": PAGE_SIZE}

    def decode_page(self, body: Any) -> Page:
        """Read one page; the cursor is the last id."""
        return decode_cursor_page(body)

    def events_query(self, *, stream: bool) -> Mapping[str, str]:
        """Pages; this format has no stream."""
        return {"limit": PAGE_SIZE}

    def decode_event(self, body: Any) -> JobEvent:
        """Read an event; real ones have `data: null` where the document wants an object."""
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
    if isinstance(method, Mapping) and isinstance(method.get("type"), str):
        settings["method"] = method["type"]
        details = method.get(method["type"])
        if isinstance(details, Mapping) and isinstance(details.get("hyperparameters"), Mapping):
            shown = details["hyperparameters"]
    settings |= shown_hyperparameters(shown)
    seed = optional_whole(job.get("seed"))
    if seed is not None:
        settings["seed"] = seed
    return settings


def _model_dates(body: Any) -> dict[str, ModelDates]:
    dates: dict[str, ModelDates] = {}
    for item in require_list(body, "the list of models"):
        day = decode_day(item.get("shutdown_date")) if isinstance(item, Mapping) else None
        if day is not None and (model := optional_id(item)):
            dates[model] = ModelDates(training=day, inference=day)
    return dates
