"""Azure OpenAI's `/fine_tuning/jobs`, under its dated versions (`api_version`) and under v1.

Facts: the documents of `azure_openai_versions`, `openai` 3.57.0 (`lib/azure.py`), Microsoft's samples.
Unknown, and read liberally: whether v1 shows a suffix as `suffix` or as OpenAI does; the order of events
(oldest first in the examples, and sorted here where it is not); whether a refused cancel is a 400 or a 409.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Self

from ftops.errors import Ambiguous, Failure, FtopsError, Rejected
from ftops.model.job import Job, JobEvent, UploadedFile
from ftops.model.json_value import JSONObject
from ftops.model.model_dates import ModelDates
from ftops.model.request import JobRequest
from ftops.model.value import replace
from ftops.providers.decoding import optional_id, optional_number, optional_text, require_list
from ftops.providers.dialects.azure_openai_description import DESCRIPTION
from ftops.providers.dialects.azure_openai_refusals import (
    FAILURE_CLASSES,
    FAILURES,
    NO_SUCH_TRAINING,
    WRONG_STATE,
)
from ftops.providers.dialects.azure_openai_versions import API_VERSION, version_of
from ftops.providers.dialects.openai_family import OpenAIFamily, decode_cursor_page, decode_file
from ftops.providers.dialects.openai_modern import (
    PAGE_SIZE,
    decode_modern_event,
    decode_modern_job,
    encode_method,
    sent_hyperparameters,
)
from ftops.providers.flow import Flow, asked
from ftops.providers.identity import encode_stamp, split_tag, tagged
from ftops.providers.paging import Page
from ftops.transport.exchange import Request

_CONFLICT = 409
_ENTRA = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")
"""A token of Entra ID is a JWT; a key of the resource has no dots."""
_PATH = re.compile(r"/openai(/v1)?$")


class AzureOpenAIDialect(OpenAIFamily):
    """One version of the format; v1 until it is bound to another."""

    name = "azure_openai"
    default_base_url: str | None = None
    settings: Mapping[str, bool] = MappingProxyType({"api_version": False})
    shaping: Mapping[str, JSONObject] = MappingProxyType({"api_version": API_VERSION})
    description = DESCRIPTION
    failures = FAILURES
    failure_classes = FAILURE_CLASSES
    body_fields = frozenset(
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
            "trainingType",
            "purpose",
            "file",
        }
    )
    query_fields = frozenset({"api-version", "limit", "after", "purpose"})
    jobs_path = "/fine_tuning/jobs"
    events_newest_first = False

    def __init__(self, api_version: str | None = None) -> None:
        """Speak a version; raises FtopsError for what is not the name of one."""
        self._version = version_of(api_version)
        self.capabilities = self._version.capabilities

    def bound(self, settings: Mapping[str, str]) -> Self:
        """Return the dialect of a version."""
        return type(self)(settings.get("api_version"))

    def address(self, url: str) -> str:
        """Return the endpoint alone: portals and samples also show it with the beginning of the paths."""
        return _PATH.sub("", url.rstrip("/"))

    def placed(self, request: Request) -> Request:
        """Put the version into path and query."""
        query = {**request.query, **self._version.query}
        return replace(request, path=f"{self._version.root}{request.path}", query=query)

    def auth_headers(self, key: str) -> Mapping[str, str]:
        """`api-key`, but a token of Entra ID goes as Bearer."""
        if _ENTRA.fullmatch(key.removeprefix("Bearer ")):
            return {"Authorization": f"Bearer {key.removeprefix('Bearer ')}"}
        return {"api-key": key}

    def account_headers(self, organization: str | None, project: str | None) -> Mapping[str, str]:
        """None: the endpoint says which resource is meant. Raises FtopsError where one is asked for."""
        if organization or project:
            what = "organization" if organization else "project"
            raise FtopsError(
                f"dialect {self.name} has no {what}", hint="the resource is what base_url says: remove it"
            )
        return {}

    def encode_create(self, request: JobRequest) -> dict[str, Any]:
        """Write what the version has; the mark is a tag behind the suffix where there is no metadata."""
        version = self._version
        body: dict[str, Any] = {
            "model": request.model,
            "training_file": request.training_files[0].id,
            "validation_file": request.validation_file.id if request.validation_file else None,
            "suffix": request.suffix if version.marks_whole else tagged(request.suffix, request.stamp),
            "seed": request.seed,
        }
        if version.has_methods:
            body |= {"method": encode_method(request), "integrations": list(request.integrations) or None}
            body |= request.provider_options
        else:
            body["hyperparameters"] = sent_hyperparameters(request) or None
        if version.marks_whole and request.stamp:
            body["metadata"] = encode_stamp(request.stamp)
        return {key: value for key, value in body.items() if value is not None}

    def create(self, request: JobRequest, provider: str) -> Flow[Job]:
        """POST the collection; say what a misleading refusal may be about."""
        try:
            return (yield from super().create(request, provider))
        except Rejected as error:
            if NO_SUCH_TRAINING not in error.message:
                raise
            hint = "the model may be trained here with another provider_options.trainingType alone"
            raise Rejected(error.message, failure=error.failure, hint=hint) from error

    def cancel(self, job_id: str, provider: str) -> Flow[Job]:
        """POST to its `cancel`; a job that is over may be refused with 409, which is certain here."""
        try:
            return (yield from super().cancel(job_id, provider))
        except Ambiguous as error:
            code = (error.failure.code or "").lower()
            if error.failure.status != _CONFLICT or code not in WRONG_STATE:
                raise
            raise Rejected(error.message, failure=error.failure) from error

    def events(self, job_id: str, *, stream: bool, since: str | None) -> Flow[Iterator[JobEvent]]:
        """GET its `events`, there is no stream; put them in order whichever way they come."""
        del stream
        events = list((yield from super().events(job_id, stream=False, since=None)))
        if len(events) > 1 and (events[0].created_at or 0) > (events[-1].created_at or 0):
            events.reverse()
        known = [event.id for event in events]
        return iter(events[known.index(since) + 1 :] if since in known else events)

    def files(self) -> Flow[tuple[UploadedFile, ...]]:
        """GET the files: the dated versions have no pages of them, and would send the first for ever."""
        if self._version.marks_whole:
            return (yield from super().files())
        request = Request("list files", "GET", "/files", {"purpose": "fine-tune"})
        return (yield from asked(self.placed(request), _whole_list))

    def delete_model(self, model: str) -> Flow[None]:
        """Refuse: no version has it. Raises Rejected, and asks for nothing."""
        yield from ()
        raise Rejected(
            f"dialect {self.name} cannot delete a model",
            failure=Failure(self.name, "delete model"),
            hint="delete its job at Azure instead: DELETE /openai/fine_tuning/jobs/ID of a dated version",
        )

    def model_dates(self) -> Flow[Mapping[str, ModelDates]]:
        """GET the models: `deprecation` of a base model says when training and inference end."""
        return (yield from asked(self.placed(Request("model dates", "GET", "/models")), _model_dates))

    def decode_job(self, body: Any, provider: str) -> Job:
        """Read a job. A paused one shows `finished_at` and is not over (example of 2025-04-01-preview)."""
        job = decode_modern_job(body, provider, self.failure_classes)
        suffix = optional_text(body.get("suffix")) or job.suffix
        # A whole mark outranks what only looks like a tag; a job of an older version still has its tag.
        suffix, tag = (suffix, None) if job.stamp else split_tag(suffix)
        return replace(
            job,
            finished_at=None if job.status.active else job.finished_at,
            suffix=suffix,
            tag=tag,
            organization=job.organization or optional_text(body.get("organisation_id")),
        )

    def jobs_query(self) -> Mapping[str, str]:
        """Everything: no document of Azure's has a filter."""
        return {"limit": PAGE_SIZE}

    def decode_page(self, body: Any) -> Page:
        """Read one page; the cursor is the last id."""
        return decode_cursor_page(body)

    def events_query(self, *, stream: bool) -> Mapping[str, str]:
        """Pages."""
        return {"limit": PAGE_SIZE}

    def decode_event(self, body: Any) -> JobEvent:
        """Read an event."""
        return decode_modern_event(body)


def _whole_list(body: Any) -> tuple[UploadedFile, ...]:
    return tuple(decode_file(item) for item in require_list(body, "the list of files"))


def _model_dates(body: Any) -> dict[str, ModelDates]:
    dates: dict[str, ModelDates] = {}
    for item in require_list(body, "the list of models"):
        told = item.get("deprecation") if isinstance(item, Mapping) else None
        model = optional_id(item)
        if isinstance(told, Mapping) and model and not item.get("fine_tune"):
            training, inference = (optional_number(told.get(key)) for key in ("fine_tune", "inference"))
            dates[model] = ModelDates(training=training, inference=inference)
    return dates
