"""Acme's wire format: `/tunings`, with a cursor, labels, and a DELETE that stops a job.

Each operation is a flow: it yields requests, is sent the answers, and returns a value. It does no I/O.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ftops.model.fingerprint import AUTO
from ftops.model.job import FileState, Job, JobEvent, JobFile, JobList, UploadedFile
from ftops.model.request import JobRequest
from ftops.providers.decoding import (
    decode_status,
    optional_number,
    optional_strings,
    optional_text,
    require_id,
    require_mapping,
)
from ftops.providers.flow import Flow, Unreadable, asked
from ftops.providers.identity import decode_stamp, encode_stamp
from ftops.providers.paging import Page, Pages, every_item, every_job, first_jobs
from ftops.transport.exchange import Expect, FileBody, Request
from ftops_acme.capabilities import CAPABILITIES, FAILURES, STATUSES


class AcmeDialect:
    """What ftops calls `dialect: acme`."""

    name = "acme"
    default_base_url = "https://api.acme.example/v2"
    capabilities = CAPABILITIES
    failures = FAILURES
    settings: Mapping[str, bool] = {}
    body_fields = frozenset(
        {"base", "data", "held_out", "passes", "learning_rate", "tier", "ending", "labels", "file"}
    )
    query_fields = frozenset({"cursor"})

    def bound(self, settings: Mapping[str, str]) -> AcmeDialect:
        """Acme has no settings of its own in ftops.yaml."""
        return self

    def auth_headers(self, key: str) -> Mapping[str, str]:
        """Acme takes its key bare."""
        return {"X-Acme-Key": key}

    def account_headers(self, organization: str | None, project: str | None) -> Mapping[str, str]:
        """A key belongs to one account."""
        return {}

    def create(self, request: JobRequest, provider: str) -> Flow[Job]:
        """POST the collection: once."""
        hyperparameters = {key: value for key, value in request.hyperparameters.items() if value != AUTO}
        held_out = {"held_out": request.validation_file.id} if request.validation_file else {}
        body = {
            "base": request.model,
            "data": request.training_files[0].id,
            **held_out,
            **hyperparameters,
            **request.provider_options,
            **({"ending": request.suffix} if request.suffix else {}),
            **({"labels": encode_stamp(request.stamp)} if request.stamp else {}),
        }
        return (yield from self._job(Request("create", "POST", "/tunings", body=body), provider))

    def jobs(self, provider: str) -> Flow[JobList]:
        """GET the collection to its end."""
        return (yield from every_job(self._tunings(), provider, lambda one: self.decode_job(one, provider)))

    def first_jobs(self, provider: str) -> Flow[JobList]:
        """GET the first page."""
        return (yield from first_jobs(self._tunings(), lambda one: self.decode_job(one, provider)))

    def retrieve(self, job_id: str, provider: str) -> Flow[Job]:
        """GET one."""
        return (yield from self._job(Request("retrieve", "GET", f"/tunings/{job_id}"), provider))

    def cancel(self, job_id: str, provider: str) -> Flow[Job]:
        """DELETE one: it stops, and can still be read."""
        return (yield from self._job(Request("cancel", "DELETE", f"/tunings/{job_id}"), provider))

    def events(self, job_id: str, *, stream: bool, since: str | None) -> Flow[Iterator[JobEvent]]:
        """GET its log, which has no pages and is never streamed."""
        request = Request("events", "GET", f"/tunings/{job_id}/log")
        return (yield from asked(request, lambda body: iter([_event(one) for one in _list(body, "lines")])))

    def upload(self, path: Path, filename: str, sha256: str) -> Flow[UploadedFile]:
        """POST the file as a form."""
        request = Request("upload", "POST", "/files", file=FileBody(path, filename, sha256))
        return (yield from asked(request, _file))

    def files(self) -> Flow[tuple[UploadedFile, ...]]:
        """GET the files."""
        return (yield from every_item(_pages("list files", "/files", "files"), _file))

    def file(self, file_id: str) -> Flow[UploadedFile]:
        """GET one."""
        return (yield from asked(Request("retrieve file", "GET", f"/files/{file_id}"), _file))

    def download(self, file_id: str) -> Flow[bytes]:
        """GET its bytes."""
        path = f"/files/{file_id}/bytes"
        return (yield from asked(Request("download file", "GET", path, expect=Expect.BYTES), bytes))

    def delete_file(self, file_id: str) -> Flow[None]:
        """DELETE one."""
        yield Request("delete file", "DELETE", f"/files/{file_id}")

    def models(self) -> Flow[tuple[str, ...]]:
        """GET the models."""
        request = Request("list models", "GET", "/models")
        return (yield from asked(request, lambda body: tuple(str(one) for one in _list(body, "models"))))

    def delete_model(self, model: str) -> Flow[None]:
        """DELETE one."""
        yield Request("delete model", "DELETE", f"/models/{model}")

    def decode_job(self, body: Any, provider: str) -> Job:
        """Read a tuning. What is absent says nothing; what is of no known shape is Unreadable."""
        tuning = require_mapping(body, "a tuning")
        status, raw = decode_status({"status": tuning.get("state"), "model": tuning.get("base")}, STATUSES)
        settings = {
            "hyperparameters.passes": tuning.get("passes"),
            "provider_options.tier": tuning.get("tier"),
        }
        return Job(
            id=require_id(tuning, "a tuning"),
            provider=provider,
            status=status,
            raw_status=raw,
            model=optional_text(tuning.get("base")),
            fine_tuned_model=optional_text(tuning.get("model")),
            created_at=optional_number(tuning.get("began")),
            finished_at=optional_number(tuning.get("ended")),
            training_files=_files(tuning.get("data")),
            validation_files=_files(tuning.get("held_out")),
            result_files=optional_strings(tuning.get("reports")),
            settings={path: value for path, value in settings.items() if value is not None},
            suffix=optional_text(tuning.get("ending")),
            stamp=decode_stamp(tuning.get("labels")),
        )

    def _job(self, request: Request, provider: str) -> Flow[Job]:
        return (yield from asked(request, lambda body: self.decode_job(body, provider)))

    def _tunings(self) -> Pages:
        return _pages("list", "/tunings", "tunings")


def _pages(operation: str, path: str, field: str) -> Pages:
    """Page by `next`; a list without it is at its end."""

    def decode(body: Any) -> Page:
        items = tuple(_list(body, field))
        return Page(items, optional_text(body.get("next")))

    return Pages(Request(operation, "GET", path), decode, lambda cursor: {"cursor": cursor}, lambda *_: False)


def _list(body: Any, field: str) -> list[Any]:
    found = require_mapping(body, "a list").get(field)
    if not isinstance(found, list):
        raise Unreadable(f"a list has no {field}")
    return found


def _files(value: Any) -> tuple[JobFile, ...]:
    return (JobFile(value),) if isinstance(value, str) and value else ()


def _file(body: Any) -> UploadedFile:
    file = require_mapping(body, "a file")
    name = optional_text(file.get("name")) or ""
    return UploadedFile(id=require_id(file, "a file"), filename=name, state=FileState.READY)


def _event(body: Any) -> JobEvent:
    line = require_mapping(body, "a line of the log")
    message = optional_text(line.get("text")) or ""
    return JobEvent(optional_number(line.get("at")), optional_text(line.get("level")) or "info", message)
