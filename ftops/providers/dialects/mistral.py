"""`/v1/fine_tuning/jobs` of Mistral: closed for new jobs, and read, cancelled and imported.

Facts and their sources are in `mistral_facts`. A create here is the one of the days when it was open.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from ftops.model.fingerprint import AUTO
from ftops.model.job import FileState, Job, JobError, JobEvent, JobFile, JobList, JobStatus, UploadedFile
from ftops.model.json_value import JSON
from ftops.model.request import JobRequest
from ftops.model.spending import Amount
from ftops.providers.decoding import (
    decode_price,
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
from ftops.providers.dialects.mistral_facts import (
    BODY_FIELDS,
    CAPABILITIES,
    DESCRIPTION,
    FAILURE_CLASSES,
    FAILURES,
    QUERY_FIELDS,
    STATUSES,
)
from ftops.providers.flow import Flow, Unreadable, asked
from ftops.providers.fresh_models import refused_unless_fresh
from ftops.providers.identity import split_tag, tagged
from ftops.providers.numbered_pages import numbered
from ftops.providers.paging import every_item, every_job, first_jobs
from ftops.transport.exchange import Expect, FileBody, Request

_JOBS = "/fine_tuning/jobs"
_PURPOSE = "fine-tune"
PAGE_SIZE = 100


class MistralDialect:
    """Jobs by UUID, lists by page number, events inside a retrieved job."""

    name = "mistral"
    default_base_url: str | None = "https://api.mistral.ai/v1"
    capabilities = CAPABILITIES
    description = DESCRIPTION
    body_fields = BODY_FIELDS
    query_fields = QUERY_FIELDS
    settings: Mapping[str, bool] = MappingProxyType({})
    failures = FAILURES
    failure_classes = FAILURE_CLASSES

    def bound(self, settings: Mapping[str, str]) -> Self:
        """Return the dialect itself."""
        return self

    def auth_headers(self, key: str) -> Mapping[str, str]:
        """Bearer."""
        return {"Authorization": f"Bearer {key}"}

    def account_headers(self, organization: str | None, project: str | None) -> Mapping[str, str]:
        """None: the key decides the workspace."""
        return {}

    def encode_create(self, request: JobRequest) -> dict[str, Any]:
        """Write the body; `auto_start` says that this request, and no later one, is the paid one."""
        hyperparameters = {key: value for key, value in request.hyperparameters.items() if value != AUTO}
        files = [{"file_id": file.id, "weight": _weight(file.weight)} for file in request.training_files]
        body: dict[str, Any] = {
            "model": request.model,
            "job_type": "completion",
            "training_files": files,
            "validation_files": [request.validation_file.id] if request.validation_file else None,
            "hyperparameters": hyperparameters,
            "suffix": tagged(request.suffix, request.stamp),
            "auto_start": True,
            **request.provider_options,
        }
        return {key: value for key, value in body.items() if value is not None}

    def create(self, request: JobRequest, provider: str) -> Flow[Job]:
        """POST the collection, once. 409 says that a similar job is there: the applier looks for it."""
        with refused_unless_fresh(request):
            answer = yield Request("create", "POST", _JOBS, body=self.encode_create(request))
        return answer.read(lambda job: _created(job, provider))

    def decode_job(self, body: Any, provider: str) -> Job:
        """Read a job of either type; `job_type` is what a manifest calls the method."""
        return _job(body, provider)

    def jobs(self, provider: str) -> Flow[JobList]:
        """GET the collection, page by page."""
        pages = numbered(_first_page("list", _JOBS), PAGE_SIZE, _items)
        return (yield from every_job(pages, provider, lambda job: _job(job, provider)))

    def first_jobs(self, provider: str) -> Flow[JobList]:
        """GET the first page of the collection."""
        pages = numbered(_first_page("list", _JOBS), PAGE_SIZE, _items)
        return (yield from first_jobs(pages, lambda job: _job(job, provider)))

    def retrieve(self, job_id: str, provider: str) -> Flow[Job]:
        """GET the job."""
        request = Request("retrieve", "GET", f"{_JOBS}/{job_id}")
        return (yield from asked(request, lambda job: _job(job, provider)))

    def cancel(self, job_id: str, provider: str) -> Flow[Job]:
        """POST to its `cancel`; the job answers that the cancellation is requested."""
        request = Request("cancel", "POST", f"{_JOBS}/{job_id}/cancel")
        return (yield from asked(request, lambda job: _job(job, provider)))

    def events(self, job_id: str, *, stream: bool, since: str | None) -> Flow[Iterator[JobEvent]]:
        """GET the job: events and checkpoints are inside it, without ids. There is no stream."""
        return (yield from asked(Request("events", "GET", f"{_JOBS}/{job_id}"), _events))

    def upload(self, path: Path, filename: str, sha256: str) -> Flow[UploadedFile]:
        """POST the file as a form; the same name and content give the file that is there."""
        file = FileBody(path, filename, sha256, {"purpose": _PURPOSE})
        return (yield from asked(Request("upload", "POST", "/files", file=file), _file))

    def files(self) -> Flow[tuple[UploadedFile, ...]]:
        """GET the files of this purpose, page by page."""
        first = _first_page("list files", "/files", purpose=_PURPOSE)
        return (yield from every_item(numbered(first, PAGE_SIZE, _items), _file))

    def file(self, file_id: str) -> Flow[UploadedFile]:
        """GET the file's description."""
        return (yield from asked(Request("retrieve file", "GET", f"/files/{file_id}"), _file))

    def download(self, file_id: str) -> Flow[bytes]:
        """GET the file's content."""
        request = Request("download file", "GET", f"/files/{file_id}/content", expect=Expect.BYTES)
        return (yield from asked(request, bytes))

    def delete_file(self, file_id: str) -> Flow[None]:
        """DELETE the file."""
        yield Request("delete file", "DELETE", f"/files/{file_id}")

    def models(self) -> Flow[tuple[str, ...]]:
        """GET the models that the key can use."""
        return (yield from asked(Request("list models", "GET", "/models"), _models))

    def delete_model(self, model: str) -> Flow[None]:
        """DELETE the model."""
        yield Request("delete model", "DELETE", f"/models/{model}")


def _weight(weight: float | None) -> float:
    return 1 if weight is None else weight


def _first_page(operation: str, path: str, **query: str) -> Request:
    return Request(operation, "GET", path, {"page_size": str(PAGE_SIZE), **query})


def _items(body: Any) -> tuple[tuple[Any, ...], int | None]:
    return tuple(require_list(body, "a list")), optional_whole(body.get("total"))


def _created(body: Any, provider: str) -> Job:
    """Refuse `job.metadata`, the answer to a dry run, which a gateway may have made of the create."""
    if isinstance(body, Mapping) and body.get("object") == "job.metadata":
        raise Unreadable("it is the answer to a dry run, and no job")
    return _job(body, provider)


def _job(body: Any, provider: str) -> Job:
    job = require_mapping(body, "a job")
    status, raw = decode_status(job, STATUSES)
    suffix, tag = split_tag(optional_text(job.get("suffix")))
    over = None if status.active else optional_number(job.get("modified_at"))
    return Job(
        id=require_id(job, "a job"),
        provider=provider,
        status=status,
        raw_status=raw,
        model=optional_text(job.get("model")),
        fine_tuned_model=optional_text(job.get("fine_tuned_model")),
        created_at=optional_number(job.get("created_at")),
        finished_at=over,
        trained_tokens=optional_count(job.get("trained_tokens")),
        training_files=_files(job.get("training_files")),
        validation_files=_files(job.get("validation_files")),
        settings=_settings(job),
        suffix=suffix,
        tag=tag,
        error=_error(job, raw) if status is JobStatus.FAILED else None,
        price=_price(job) if status is JobStatus.SUCCEEDED else None,
    )


def _price(job: Mapping[str, Any]) -> Amount | None:
    """Take the cost of the whole training, which is the bill of one that went to its end, and of no other."""
    told = job.get("metadata")
    told = told if isinstance(told, Mapping) else {}
    return decode_price(told.get("cost"), currency=told.get("cost_currency"))


def _files(value: Any) -> tuple[JobFile, ...]:
    """Read ids; the guide also shows the `{file_id, weight}` of a create."""
    items = value if isinstance(value, list) else []
    ids = (item.get("file_id", item) if isinstance(item, Mapping) else item for item in items)
    return tuple(JobFile(file_id) for file_id in optional_strings(list(ids)))


def _settings(job: Mapping[str, Any]) -> dict[str, JSON]:
    kind = optional_text(job.get("job_type"))
    method = {"completion": "supervised"}.get(kind or "", kind)
    return {**({"method": method} if method else {}), **shown_hyperparameters(job.get("hyperparameters"))}


def _error(job: Mapping[str, Any], raw: str) -> JobError:
    """Find the words in the last event that has any; a list shows no events."""
    told = [event.message for event in _told(job)]
    words = next((text for text in reversed(told) if text.lower() != raw.lower()), None)
    message = words or "the provider gave no reason"
    return JobError(raw.lower(), message, FAILURE_CLASSES.of(raw, words))


def _events(body: Any) -> Iterator[JobEvent]:
    """Read events and checkpoints, oldest first."""
    job = require_mapping(body, "a job")
    if not isinstance(job.get("status"), str):
        raise Unreadable("a job has no status")
    made = [_checkpoint(item) for item in _items_of(job, "checkpoints")]
    return iter(sorted([*_told(job), *made], key=_moment))


def _told(job: Mapping[str, Any]) -> list[JobEvent]:
    """Read the events, oldest first; those of one second keep the order that the list has."""
    events = [_event(item) for item in _items_of(job, "events")]
    if events and _moment(events[0]) > _moment(events[-1]):
        events.reverse()
    return sorted(events, key=_moment)


def _moment(event: JobEvent) -> float:
    return event.created_at or 0


def _items_of(job: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    value = job.get(key)
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _event(item: Mapping[str, Any]) -> JobEvent:
    """Read an event: a name, and data that tell the new status or an error."""
    data = item.get("data")
    told = data if isinstance(data, Mapping) else {}
    words = (optional_text(told.get(key)) for key in ("error", "message", "detail", "status"))
    message = next((text for text in words if text), None) or optional_text(item.get("name")) or ""
    level = "error" if "error" in told or "fail" in message.lower() else "info"
    return JobEvent(optional_number(item.get("created_at")), level, message, data=data)


def _checkpoint(item: Mapping[str, Any]) -> JobEvent:
    """Show a checkpoint as the metrics of its step."""
    figures = item.get("metrics")
    step = optional_count(item.get("step_number"))
    data = {"step": step, **(figures if isinstance(figures, Mapping) else {})}
    message = f"Step {step}: checkpoint"
    return JobEvent(optional_number(item.get("created_at")), "info", message, type="metrics", data=data)


def _file(body: Any) -> UploadedFile:
    """Read a file. It was validated when it was uploaded, so one that is there is ready."""
    file = require_mapping(body, "a file")
    return UploadedFile(
        id=require_id(file, "a file"),
        filename=optional_text(file.get("filename")) or "",
        bytes=optional_count(file.get("bytes", file.get("size_bytes"))),
        purpose=optional_text(file.get("purpose")),
        created_at=optional_number(file.get("created_at")),
        state=FileState.READY,
    )


def _models(body: Any) -> tuple[str, ...]:
    found = (optional_id(item) for item in require_list(body, "the list of models"))
    return tuple(model for model in found if model)
