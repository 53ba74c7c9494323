"""`/fine-tunes` of Alibaba Model Studio: an envelope `{request_id, output}`, pages by number, logs by line.

Facts, with dates: `alibaba_description.py`. What they leave open, and what is done about it:

- A create's `job_name` and `finetuned_output_suffix` are not documented to come back: no mark is sent.
- A cancel answers `{"status": "success"}` without the job, which is read after it.
- A failure may come with status 200 and a `code` (the client's source): that is never taken for an answer.
- Times have no zone: they are read as China's, in which the ids of jobs are written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn, Self

from ftops.errors import Failure, Rejected
from ftops.model.job import Job, JobEvent, JobList, UploadedFile
from ftops.model.request import JobRequest
from ftops.model.value import replace
from ftops.providers.decoding import optional_whole
from ftops.providers.dialects.alibaba_description import DESCRIPTION
from ftops.providers.dialects.alibaba_fields import CAPABILITIES
from ftops.providers.dialects.alibaba_jobs import (
    PAGE_SIZE,
    decode_file,
    decode_job,
    decode_page,
    decode_upload,
    encode_create,
    log_event,
    log_lines,
    opened,
)
from ftops.providers.dialects.alibaba_refusals import FAILURE_CLASSES, FAILURES
from ftops.providers.flow import Flow, asked
from ftops.providers.fresh_models import refused_unless_fresh
from ftops.providers.paging import Page, Pages, every_item, every_job, first_jobs
from ftops.transport.exchange import FileBody, Request

LOG_LINES = 1000
"""The most that one request for a log gives."""

_JOBS = "/fine-tunes"
_FILES = "/files"


class AlibabaDialect:
    """The format of Model Studio's own API."""

    name = "alibaba"
    default_base_url: str | None = "https://dashscope.aliyuncs.com/api/v1"
    capabilities = CAPABILITIES
    description = DESCRIPTION
    failures = FAILURES
    failure_classes = FAILURE_CLASSES
    settings: Mapping[str, bool] = MappingProxyType({"organization": False, "project": False})
    body_fields = frozenset(
        {
            "model",
            "training_file_ids",
            "validation_file_ids",
            "training_datasets",
            "validation_datasets",
            "hyper_parameters",
            "training_type",
            "finetuned_output_suffix",
            "purpose",
            "files",
        }
    )
    query_fields = frozenset({"page_no", "page_size", "offset", "line"})

    def bound(self, settings: Mapping[str, str]) -> Self:
        """Return the dialect itself."""
        return self

    def auth_headers(self, key: str) -> Mapping[str, str]:
        """Bearer."""
        return {"Authorization": f"Bearer {key}"}

    def account_headers(self, organization: str | None, project: str | None) -> Mapping[str, str]:
        """Choose a workspace; the account is that of the key, and is expected in replies."""
        return {"X-DashScope-WorkSpace": project} if project else {}

    def decode_job(self, body: Any, provider: str) -> Job:
        """Read a job, in its envelope or without."""
        return decode_job(body, provider)

    def create(self, request: JobRequest, provider: str) -> Flow[Job]:
        """POST the collection."""
        body = encode_create(request)
        with refused_unless_fresh(request):
            answer = yield Request("create", "POST", _JOBS, body=body)
        return answer.read(lambda job: self.decode_job(job, provider))

    def jobs(self, provider: str) -> Flow[JobList]:
        """GET the collection page by page; fewer jobs than it counts itself are not the whole list."""
        total = 0

        def counted(body: Any) -> Page:
            nonlocal total
            total = optional_whole(opened(body, "a list").get("total")) or 0
            return decode_page(body, "jobs")

        pages = replace(_pages("list", _JOBS, "jobs"), decode=counted)
        listed = yield from every_job(pages, provider, lambda job: self.decode_job(job, provider))
        if not listed.complete or len(listed.jobs) >= total:
            return listed
        problem = (
            f"{provider}: the job list is incomplete: it counts {total} jobs and shows {len(listed.jobs)}"
        )
        return JobList(listed.jobs, False, problem)

    def first_jobs(self, provider: str) -> Flow[JobList]:
        """GET the first page."""
        pages = _pages("list", _JOBS, "jobs")
        return (yield from first_jobs(pages, lambda job: self.decode_job(job, provider)))

    def retrieve(self, job_id: str, provider: str) -> Flow[Job]:
        """GET the job."""
        request = Request("retrieve", "GET", f"{_JOBS}/{job_id}")
        return (yield from asked(request, lambda job: self.decode_job(job, provider)))

    def cancel(self, job_id: str, provider: str) -> Flow[Job]:
        """POST to its `cancel`, whose reply has no job; then GET it."""
        answer = yield Request("cancel", "POST", f"{_JOBS}/{job_id}/cancel")
        answer.read(lambda body: opened(body, "the reply to a cancel"))
        return (yield from self.retrieve(job_id, provider))

    def events(self, job_id: str, *, stream: bool, since: str | None) -> Flow[Iterator[JobEvent]]:
        """GET the log, whose lines are the events; the id of one is its number."""
        found: list[JobEvent] = []
        offset = optional_whole(since) or 0
        while True:
            query = {"offset": str(offset), "line": str(LOG_LINES)}
            answer = yield Request("events", "GET", f"{_JOBS}/{job_id}/logs", query)
            lines = answer.read(log_lines)
            found += [log_event(line, offset + number) for number, line in enumerate(lines, start=1)]
            offset += len(lines)
            if len(lines) < LOG_LINES:
                return iter(found)

    def upload(self, path: Path, filename: str, sha256: str) -> Flow[UploadedFile]:
        """POST the file as a form; the reply has neither size nor time."""
        file = FileBody(path, filename, sha256, {"purpose": "fine-tune"}, part="files")
        answer = yield Request("upload", "POST", _FILES, file=file)
        return replace(answer.read(decode_upload), bytes=path.stat().st_size)

    def files(self) -> Flow[tuple[UploadedFile, ...]]:
        """GET the files."""
        return (yield from every_item(_pages("list files", _FILES, "files"), decode_file))

    def file(self, file_id: str) -> Flow[UploadedFile]:
        """GET the file's description."""
        request = Request("retrieve file", "GET", f"{_FILES}/{file_id}")
        return (yield from asked(request, lambda body: decode_file(opened(body, "a file"))))

    def download(self, file_id: str) -> Flow[bytes]:
        """Raise Rejected: a file has an address of its own, which needs no encryption and is not followed."""
        yield from ()
        _refuse("download file")

    def delete_file(self, file_id: str) -> Flow[None]:
        """DELETE the file."""
        yield Request("delete file", "DELETE", f"{_FILES}/{file_id}")

    def models(self) -> Flow[tuple[str, ...]]:
        """Raise Rejected: what was trained is in no list but that of the jobs."""
        yield from ()
        _refuse("list models")

    def delete_model(self, model: str) -> Flow[None]:
        """Raise Rejected: a model goes with its job, which ftops does not delete."""
        yield from ()
        _refuse("delete model")


def _refuse(operation: str) -> NoReturn:
    message = f"dialect alibaba has no route for this: {operation}"
    raise Rejected(message, failure=Failure("alibaba", operation), hint="use the console of Model Studio")


def _pages(operation: str, path: str, member: str) -> Pages:
    first = Request(operation, "GET", path, {"page_no": "1", "page_size": str(PAGE_SIZE)})
    return Pages(
        first, lambda body: decode_page(body, member), lambda after: {"page_no": after}, lambda *_: False
    )
