"""`/fine-tunes` as Together AI means it: LoRA and whole models, SFT and DPO.

Facts: the document of 2026-04-28 (togethercomputer/openapi 090263a) and the official SDK together 3.1.1,
which was read and driven. Nothing was tried on the live service. Not known, and read liberally: real error
bodies, the order of lists, whether a checkpoint is shown as it was sent. A model that was trained is not
deleted here: Together keeps models in an API of its own (`/v2/projects`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from ftops.errors import Failure, ProviderError, Rejected
from ftops.model.job import Job, JobEvent, JobList, JobStatus, UploadedFile
from ftops.model.request import JobRequest
from ftops.model.spending import Amount
from ftops.model.value import replace
from ftops.providers.decoding import require_list, require_mapping
from ftops.providers.dialects import together_limits
from ftops.providers.dialects.together_description import DESCRIPTION
from ftops.providers.dialects.together_fields import BODY_FIELDS, CAPABILITIES, QUERY_FIELDS
from ftops.providers.dialects.together_jobs import (
    FAILURE_CLASSES,
    decode_estimate,
    decode_event,
    decode_job,
    decode_metrics,
    encode_create,
    encode_estimate,
    failure_told,
    unexplained,
)
from ftops.providers.dialects.together_refusals import FAILURES
from ftops.providers.dialects.together_uploads import Sizes, decode_file, uploaded
from ftops.providers.event_stream import EventForm, read_events
from ftops.providers.flow import Flow, asked
from ftops.providers.fresh_models import refused_unless_fresh
from ftops.providers.paging import BrokenPaging, Page, Pages, every_item, every_job, first_jobs
from ftops.transport.exchange import Expect, Request

_JOBS = "/fine-tunes"


class TogetherDialect:
    """The routes of jobs, files and models; jobs carry a tag behind their suffix."""

    name = "together"
    default_base_url = "https://api.together.ai/v1"
    capabilities = CAPABILITIES
    description = DESCRIPTION
    body_fields = BODY_FIELDS
    query_fields = QUERY_FIELDS
    settings: Mapping[str, bool] = MappingProxyType({})
    failures = FAILURES
    failure_classes = FAILURE_CLASSES
    sizes = Sizes()

    def bound(self, settings: Mapping[str, str]) -> Self:
        """Return the dialect itself."""
        return self

    def auth_headers(self, key: str) -> Mapping[str, str]:
        """Bearer."""
        return {"Authorization": f"Bearer {key}"}

    def account_headers(self, organization: str | None, project: str | None) -> Mapping[str, str]:
        """A key belongs to one project: there is nothing to choose."""
        return {}

    def decode_job(self, body: Any, provider: str) -> Job:
        """Read a job of any of its three shapes."""
        return decode_job(body, provider)

    def create(self, request: JobRequest, provider: str) -> Flow[Job]:
        """POST the collection, and nothing before it; a refusal is explained by the model's limits.

        If a gateway sends it twice all the same, a provider that knows the header makes one job.
        """
        headers = {"Idempotency-Key": request.stamp.nonce} if request.stamp else {}
        body = encode_create(request)
        try:
            with refused_unless_fresh(request):
                answer = yield Request("create", "POST", _JOBS, body=body, headers=headers)
        except Rejected as error:
            explained = yield from self._explained(error, request)
            if explained is error:
                raise
            raise explained from error
        return answer.read(lambda job: decode_job(job, provider))

    def estimate(self, request: JobRequest) -> Flow[Amount | None]:
        """POST what decides the price; nothing is said of a file that was not validated yet."""
        body = encode_estimate(request)
        return (
            yield from asked(
                Request("estimate", "POST", f"{_JOBS}/estimate-price", body=body), decode_estimate
            )
        )

    def _explained(self, error: Rejected, request: JobRequest) -> Flow[Rejected]:
        why = yield from together_limits.reason(request)
        if why is None:
            return error
        failure = replace(error.failure, message=f"{error.failure.message or 'refused'} ({why})")
        return type(error)(f"{error.message} ({why})", failure=failure, hint=error.hint)

    def jobs(self, provider: str) -> Flow[JobList]:
        """GET the collection: all of it comes at once."""
        return (yield from every_job(self._pages(_JOBS), provider, lambda job: decode_job(job, provider)))

    def first_jobs(self, provider: str) -> Flow[JobList]:
        """GET the collection."""
        return (yield from first_jobs(self._pages(_JOBS), lambda job: decode_job(job, provider)))

    def retrieve(self, job_id: str, provider: str) -> Flow[Job]:
        """GET the job, and its events where it failed: the reason is in them."""
        request = Request("retrieve", "GET", f"{_JOBS}/{job_id}")
        job = yield from asked(request, lambda body: decode_job(body, provider))
        if job.status is not JobStatus.FAILED or job.error is not None:
            return job
        try:
            answer = yield self._events(job_id)
            told = failure_told(job.raw_status, answer.read(_data))
        except ProviderError:
            return job
        return replace(job, error=told or unexplained(job.raw_status))

    def cancel(self, job_id: str, provider: str) -> Flow[Job]:
        """POST to its `cancel`. One that has ended meanwhile may be shown as it was: it is read again."""
        request = Request("cancel", "POST", f"{_JOBS}/{job_id}/cancel")
        job = yield from asked(request, lambda body: decode_job(body, provider))
        if job.status in (JobStatus.CANCELLING, JobStatus.CANCELLED):
            return job
        try:
            now = yield from self.retrieve(job_id, provider)
        except ProviderError:
            return job
        return replace(now, suffix=job.suffix, tag=job.tag)

    def events(self, job_id: str, *, stream: bool, since: str | None) -> Flow[Iterator[JobEvent]]:
        """GET its events. There is no stream, they have no ids, and no order is promised."""
        answer = yield self._events(job_id)
        form = EventForm(decode_event, lambda body: Page(tuple(_data(body))), newest_first=False)
        events = read_events(answer.read(_data), form)
        return iter(sorted(events, key=lambda event: event.created_at or 0.0))

    def metric_events(self, job_id: str) -> Flow[tuple[JobEvent, ...]]:
        """GET its metrics: they are in no event and in no file."""
        answer = yield Request("metrics", "GET", f"{_JOBS}/{job_id}/metrics")
        return answer.read(decode_metrics)

    def upload(self, path: Path, filename: str, sha256: str) -> Flow[UploadedFile]:
        """Ask where the file goes, put it there, and have it processed."""
        return (yield from uploaded(path, filename, sha256, self.sizes))

    def files(self) -> Flow[tuple[UploadedFile, ...]]:
        """GET the files: all of them come at once, those for other purposes too."""
        return (yield from every_item(self._pages("/files"), decode_file))

    def file(self, file_id: str) -> Flow[UploadedFile]:
        """GET the file's description."""
        return (yield from asked(Request("retrieve file", "GET", f"/files/{file_id}"), decode_file))

    def download(self, file_id: str) -> Flow[bytes]:
        """GET the file's content."""
        request = Request("download file", "GET", f"/files/{file_id}/content", expect=Expect.BYTES)
        return (yield from asked(request, bytes))

    def delete_file(self, file_id: str) -> Flow[None]:
        """DELETE the file."""
        yield Request("delete file", "DELETE", f"/files/{file_id}")

    def models(self) -> Flow[tuple[str, ...]]:
        """GET the models: a bare array."""
        return (yield from asked(Request("list models", "GET", "/models"), _models))

    def delete_model(self, model: str) -> Flow[None]:
        """Say that there is no such operation."""
        yield from ()
        message = f"{self.name}: its fine-tuning API cannot delete a model, such as {model}"
        raise Rejected(message, failure=Failure(self.name, "delete model"), hint="use Together's console")

    def _events(self, job_id: str) -> Request:
        return Request("events", "GET", f"{_JOBS}/{job_id}/events")

    def _pages(self, path: str) -> Pages:
        operation = "list" if path == _JOBS else "list files"
        return Pages(Request(operation, "GET", path), _page, lambda after: {"after": after}, _never_again)


def _data(body: Any) -> list[Any]:
    return require_list(body, "a list")


def _page(body: Any) -> Page:
    """Read the whole list. One that says that there is more is not this format's, and is incomplete."""
    items = _data(body)
    if body.get("has_more") is True:
        raise BrokenPaging("a list says there is more, and this format has no pages")
    return Page(tuple(items))


def _never_again(last: Page, page: Page) -> bool:
    return last == page


def _models(body: Any) -> tuple[str, ...]:
    items = body if isinstance(body, list) else require_list(body, "the list of models")
    found = (require_mapping(item, "a model").get("id") for item in items)
    return tuple(name for name in found if isinstance(name, str))
