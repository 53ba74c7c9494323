"""`/fine_tuning/jobs`, as spoken by OpenAI, Nebius, LiteLLM and many proxies.

Facts: OpenAI's OpenAPI file of 2026-08, and replies recorded in public test cassettes.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ftops.model.capabilities import Capabilities, StampPlace
from ftops.model.job import Job, JobEvent
from ftops.model.model_dates import ModelDates
from ftops.model.request import JobRequest
from ftops.providers.decoding import decode_day, optional_id, require_list
from ftops.providers.dialects.openai_description import OPENAI as DESCRIPTION
from ftops.providers.dialects.openai_family import OpenAIFamily, decode_cursor_page
from ftops.providers.dialects.openai_modern import (
    DATA_FORMATS,
    ECHOES,
    METHODS,
    PAGE_SIZE,
    decode_modern_event,
    decode_modern_job,
    encode_method,
)
from ftops.providers.flow import Flow, asked
from ftops.providers.identity import encode_stamp
from ftops.providers.paging import Page
from ftops.transport.exchange import Request

CAPABILITIES = Capabilities(
    stamp=StampPlace.METADATA,
    methods=METHODS,
    data_formats=DATA_FORMATS,
    options={},
    echoes=ECHOES,
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
    settings: Mapping[str, bool] = MappingProxyType({"organization": False, "project": False})

    def account_headers(self, organization: str | None, project: str | None) -> Mapping[str, str]:
        """OpenAI's own header names."""
        named = {"OpenAI-Organization": organization, "OpenAI-Project": project}
        return {name: value for name, value in named.items() if value}

    def model_dates(self) -> Flow[Mapping[str, ModelDates]]:
        """GET the models: an item may carry `shutdown_date`, on which its fine-tuned models end too."""
        return (yield from asked(Request("model dates", "GET", "/models"), _model_dates))

    def encode_create(self, request: JobRequest) -> dict[str, Any]:
        """Hyperparameters go under `method`; the top-level field of the same name is deprecated."""
        body: dict[str, Any] = {
            "model": request.model,
            "training_file": request.training_files[0].id,
            "validation_file": request.validation_file.id if request.validation_file else None,
            "method": encode_method(request),
            "suffix": request.suffix,
            "seed": request.seed,
            "integrations": list(request.integrations) or None,
            "metadata": encode_stamp(request.stamp) if request.stamp else None,
        }
        return {key: value for key, value in body.items() if value is not None}

    def decode_job(self, body: Any, provider: str) -> Job:
        """Read a job."""
        return decode_modern_job(body, provider, self.failure_classes)

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
        """Read an event."""
        return decode_modern_event(body)


def _model_dates(body: Any) -> dict[str, ModelDates]:
    dates: dict[str, ModelDates] = {}
    for item in require_list(body, "the list of models"):
        day = decode_day(item.get("shutdown_date")) if isinstance(item, Mapping) else None
        if day is not None and (model := optional_id(item)):
            dates[model] = ModelDates(training=day, inference=day)
    return dates
