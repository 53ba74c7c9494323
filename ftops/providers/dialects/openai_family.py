"""What both of OpenAI's formats share: statuses, cursors, files, models, and the routes of jobs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from ftops.model.capabilities import Capabilities
from ftops.model.job import FileState, Job, JobEvent, JobList, JobStatus, UploadedFile
from ftops.model.request import JobRequest
from ftops.providers.decoding import (
    optional_count,
    optional_id,
    optional_number,
    optional_text,
    require_id,
    require_list,
    require_mapping,
)
from ftops.providers.dialects.openai_refusals import FAILURE_CLASSES, FAILURES, FILE_STATES
from ftops.providers.event_stream import EventForm, job_events
from ftops.providers.flow import Flow, asked
from ftops.providers.fresh_models import refused_unless_fresh
from ftops.providers.paging import BrokenPaging, Page, Pages, every_item, every_job, first_jobs
from ftops.transport.exchange import Expect, FileBody, Request

_PURPOSE = "fine-tune"

STATUSES = {
    "creating": JobStatus.PENDING,
    "created": JobStatus.PENDING,
    "validating_files": JobStatus.PENDING,
    "queued": JobStatus.PENDING,
    "pending": JobStatus.PENDING,
    "running": JobStatus.RUNNING,
    "pausing": JobStatus.RUNNING,
    "paused": JobStatus.PAUSED,
    "resuming": JobStatus.RUNNING,
    "cancelling": JobStatus.CANCELLING,
    "canceling": JobStatus.CANCELLING,
    "cancel_requested": JobStatus.CANCELLING,
    "succeeded": JobStatus.SUCCEEDED,
    "failed": JobStatus.FAILED,
    "cancelled": JobStatus.CANCELLED,
    "canceled": JobStatus.CANCELLED,
}


class OpenAIFamily(ABC):
    """The routes under a job collection, `/files` and `/models`; a format says what is in them."""

    capabilities: Capabilities
    settings: Mapping[str, bool] = MappingProxyType({})
    failures = FAILURES
    failure_classes = FAILURE_CLASSES
    jobs_path: str
    events_newest_first: bool

    def bound(self, settings: Mapping[str, str]) -> Self:
        """Return the dialect itself."""
        return self

    def placed(self, request: Request) -> Request:
        """Return a request at the place where the server has it: its paths here begin with the resource."""
        return request

    def auth_headers(self, key: str) -> Mapping[str, str]:
        """Bearer."""
        return {"Authorization": f"Bearer {key}"}

    @abstractmethod
    def encode_create(self, request: JobRequest) -> dict[str, Any]:
        """Write the body of a create."""

    @abstractmethod
    def decode_job(self, body: Any, provider: str) -> Job:
        """Read a job."""

    @abstractmethod
    def decode_page(self, body: Any) -> Page:
        """Read one page of jobs, events or files, each item still undecoded."""

    @abstractmethod
    def decode_event(self, body: Any) -> JobEvent:
        """Read one event."""

    def decode_file(self, body: Any) -> UploadedFile:
        """Read a file object."""
        return decode_file(body)

    @abstractmethod
    def jobs_query(self) -> Mapping[str, str]:
        """Return the query of the first page of jobs."""

    @abstractmethod
    def events_query(self, *, stream: bool) -> Mapping[str, str]:
        """Return the query of the first page of events."""

    def create(self, request: JobRequest, provider: str) -> Flow[Job]:
        """POST the collection; the driver sends it once, and the applier looks a lost reply up.

        If a gateway sends it twice all the same, a provider that knows the header makes one job.
        """
        headers = {"Idempotency-Key": request.stamp.nonce} if request.stamp else {}
        body = self.encode_create(request)
        with refused_unless_fresh(request):
            answer = yield self.placed(Request("create", "POST", self.jobs_path, body=body, headers=headers))
        return answer.read(lambda job: self.decode_job(job, provider))

    def jobs(self, provider: str) -> Flow[JobList]:
        """GET the collection, page by page: foreign jobs too, which count for the provider's limits."""
        return (
            yield from every_job(self._jobs_pages(), provider, lambda job: self.decode_job(job, provider))
        )

    def first_jobs(self, provider: str) -> Flow[JobList]:
        """GET the first page of the collection."""
        return (yield from first_jobs(self._jobs_pages(), lambda job: self.decode_job(job, provider)))

    def retrieve(self, job_id: str, provider: str) -> Flow[Job]:
        """GET the job."""
        request = Request("retrieve", "GET", f"{self.jobs_path}/{job_id}")
        return (yield from asked(self.placed(request), lambda job: self.decode_job(job, provider)))

    def cancel(self, job_id: str, provider: str) -> Flow[Job]:
        """POST to its `cancel`."""
        request = Request("cancel", "POST", f"{self.jobs_path}/{job_id}/cancel")
        return (yield from asked(self.placed(request), lambda job: self.decode_job(job, provider)))

    def events(self, job_id: str, *, stream: bool, since: str | None) -> Flow[Iterator[JobEvent]]:
        """GET its `events`: as they come where the format streams, else the pages that there are."""
        streamed = stream and self.capabilities.event_stream
        first = Request(
            "events",
            "GET",
            f"{self.jobs_path}/{job_id}/events",
            self.events_query(stream=streamed),
            expect=Expect.LINES,
            streamed=streamed,
        )
        form = EventForm(self.decode_event, self.decode_page, self.events_newest_first)
        return (yield from job_events(self._pages(first), form, since))

    def upload(self, path: Path, filename: str, sha256: str) -> Flow[UploadedFile]:
        """POST the file as a form."""
        file = FileBody(path, filename, sha256, {"purpose": _PURPOSE})
        return (yield from asked(self.placed(Request("upload", "POST", "/files", file=file)), decode_file))

    def files(self) -> Flow[tuple[UploadedFile, ...]]:
        """GET the files of this purpose."""
        pages = self._pages(Request("list files", "GET", "/files", {"purpose": _PURPOSE}))
        return (yield from every_item(pages, decode_file))

    def file(self, file_id: str) -> Flow[UploadedFile]:
        """GET the file's description."""
        request = Request("retrieve file", "GET", f"/files/{file_id}")
        return (yield from asked(self.placed(request), decode_file))

    def download(self, file_id: str) -> Flow[bytes]:
        """GET the file's content."""
        request = Request("download file", "GET", f"/files/{file_id}/content", expect=Expect.BYTES)
        return (yield from asked(self.placed(request), bytes))

    def delete_file(self, file_id: str) -> Flow[None]:
        """DELETE the file."""
        yield self.placed(Request("delete file", "DELETE", f"/files/{file_id}"))

    def models(self) -> Flow[tuple[str, ...]]:
        """GET the models that the account can see."""
        return (yield from asked(self.placed(Request("list models", "GET", "/models")), _models))

    def delete_model(self, model: str) -> Flow[None]:
        """DELETE the model."""
        yield self.placed(Request("delete model", "DELETE", f"/models/{model}"))

    def _jobs_pages(self) -> Pages:
        return self._pages(Request("list", "GET", self.jobs_path, self.jobs_query()))

    def _pages(self, first: Request) -> Pages:
        def again(last: Page, page: Page) -> bool:
            return _unpaged(last, page, first.query)

        return Pages(self.placed(first), self.decode_page, lambda after: {"after": after}, again)


def decode_file(body: Any) -> UploadedFile:
    """Read a file object."""
    file = require_mapping(body, "a file")
    status = optional_text(file.get("status"))
    return UploadedFile(
        id=require_id(file, "a file"),
        filename=optional_text(file.get("filename")) or "",
        bytes=optional_count(file.get("bytes")),
        purpose=optional_text(file.get("purpose")),
        status=status,
        created_at=optional_number(file.get("created_at")),
        expires_at=optional_number(file.get("expires_at")),
        state=FILE_STATES.get((status or "").lower(), FileState.UNKNOWN),
        problem=optional_text(file.get("status_details")),
    )


SURELY_SHORT = 20
"""The smallest page that these providers cut a list into; a shorter one without `has_more` is the last."""


def decode_cursor_page(body: Any) -> Page:
    """Read a page of the `after` / `has_more` kind.

    One that says nothing of what follows is the last only when it is too short to be full; else the next is
    asked for. `has_more` without an id to continue from is a lie.
    """
    items = tuple(require_list(body, "a list"))
    more = _FLAGS.get(str(body.get("has_more")).lower())
    guessed = more is None
    if not (len(items) >= SURELY_SHORT if guessed else more):
        return Page(items)
    last = optional_id(items[-1]) if items else None
    if last is None:
        raise BrokenPaging("a list says there is more but not where it continues")
    return Page(items, last, guessed)


def _unpaged(last: Page, page: Page, query: Mapping[str, str]) -> bool:
    """Return whether a complete list came twice, from a server that does not page.

    Up to as many items as were asked for may still be a page: then the rest was never seen.
    """
    if not last.guessed:
        return False
    ids = [optional_id(item) for item in page.items]
    same = ids == [optional_id(item) for item in last.items]
    return same and None not in ids and str(len(ids)) != query.get("limit")


_FLAGS = {"true": True, "false": False, "1": True, "0": False}


def _models(body: Any) -> tuple[str, ...]:
    items = require_list(body, "the list of models")
    return tuple(str(require_mapping(item, "a model").get("id")) for item in items)
