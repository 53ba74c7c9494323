"""Fireworks' managed fine-tuning: closed for new jobs, and read, cancelled and imported.

Facts and their sources are in `fireworks_facts`. A create here is the one of the days when it was open: its
id is ours, so that the same create, sent again, finds the job of the first and makes no second one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ftops.errors import Ambiguous, NotFound, ProviderError, Rejected, Unsupported
from ftops.model.job import FileState, Job, JobEvent, JobList, JobStatus, UploadedFile
from ftops.model.json_value import JSONObject
from ftops.model.request import JobRequest
from ftops.providers.decoding import optional_text, require_mapping
from ftops.providers.dialects.fireworks_facts import (
    BODY_FIELDS,
    CAPABILITIES,
    DESCRIPTION,
    FAILURE_CLASSES,
    FAILURES,
    QUERY_FIELDS,
    grpc_code,
)
from ftops.providers.dialects.fireworks_jobs import (
    COLLECTIONS,
    DPO_JOBS,
    ID_FIELDS,
    SUPERVISED_JOBS,
    chosen_id,
    dataset_id,
    decode_dataset,
    decode_job,
    encode_create,
    items_of,
    job_place,
    moment,
    resource,
    short,
)
from ftops.providers.flow import Flow, asked
from ftops.providers.fresh_models import refused_unless_fresh
from ftops.providers.paging import Page, Pages, every_item, every_job, first_jobs
from ftops.transport.exchange import FileBody, Request

PAGE_SIZE = "200"
"""The largest page there is; more is cut to it."""
_EXISTS = 409


class FireworksDialect:
    """Everything lies under one account; what is named is named by its last part or in whole."""

    name = "fireworks"
    default_base_url: str | None = "https://api.fireworks.ai/v1"
    capabilities = CAPABILITIES
    description = DESCRIPTION
    body_fields = BODY_FIELDS
    query_fields = QUERY_FIELDS
    settings: Mapping[str, bool] = MappingProxyType({"account": True})
    failures = FAILURES
    failure_classes = FAILURE_CLASSES

    def __init__(self, account: str = "") -> None:
        self._account = short(account)

    def bound(self, settings: Mapping[str, str]) -> FireworksDialect:
        """Return the dialect of one account."""
        return FireworksDialect(settings.get("account", ""))

    def auth_headers(self, key: str) -> Mapping[str, str]:
        """Bearer; a key for inference alone is refused with 401."""
        return {"Authorization": f"Bearer {key}"}

    def account_headers(self, organization: str | None, project: str | None) -> Mapping[str, str]:
        """None: the account is in the path."""
        return {}

    def decode_job(self, body: Any, provider: str) -> Job:
        """Read a job."""
        return decode_job(body, provider, self._account)

    def create(self, request: JobRequest, provider: str) -> Flow[Job]:
        """POST the collection under an id of ours, once. Where the id exists, that job is read and is it."""
        collection = COLLECTIONS[request.method]
        wanted = chosen_id(request.stamp) if request.stamp else None
        body = encode_create(request, self._account)
        query = {ID_FIELDS[collection]: wanted} if wanted else {}
        try:
            with refused_unless_fresh(request):
                answer = yield Request("create", "POST", self._path(collection), query=query, body=body)
        except Ambiguous as error:
            if error.failure.status != _EXISTS or wanted is None:
                raise
            return (yield from self._existing(collection, wanted, body, provider, error))
        return answer.read(lambda job: self.decode_job(job, provider))

    def _existing(
        self, collection: str, wanted: str, body: Mapping[str, Any], provider: str, error: Ambiguous
    ) -> Flow[Job]:
        """Read the job that has the id. One that somebody has deleted comes back as cancelled.

        Where there is none under a taken id, it was deleted with all that it was: the refusal is certain, and
        only another declaration has another id.
        """
        request = Request("retrieve", "GET", f"{self._path(collection)}/{wanted}")
        try:
            answer = yield request
        except NotFound as missing:
            if grpc_code(error.failure.code) != "already_exists":
                raise error from missing
            hint = "change lifecycle.rerun to train it under a new id"
            message = f"{provider}: the id {wanted} is taken by a job that was deleted"
            raise Rejected(message, failure=error.failure, hint=hint) from error
        except ProviderError as unread:
            raise error from unread
        sent = body.get("trainingConfig", body)
        shown = answer.read(lambda found: require_mapping(found, "a job"))
        there = shown.get("trainingConfig") or shown
        named = ("baseModel", "warmStartFrom", "outputModel")
        compared = [("dataset", body, shown), *((key, sent, there) for key in named)]
        for key, ours, theirs in compared:
            one, other = optional_text(ours.get(key)), optional_text(theirs.get(key))
            if one and other and short(one) != short(other):
                message = f"{provider}: job {wanted} exists with {key} {other}, and {one} was sent"
                raise Ambiguous(message, failure=error.failure) from error
        return answer.read(lambda job: self.decode_job(job, provider))

    def jobs(self, provider: str) -> Flow[JobList]:
        """GET both collections, page by page."""
        supervised = yield from every_job(
            self._jobs_pages(SUPERVISED_JOBS), provider, lambda job: self.decode_job(job, provider)
        )
        try:
            dpo = yield from every_job(
                self._jobs_pages(DPO_JOBS), provider, lambda job: self.decode_job(job, provider)
            )
        except ProviderError as error:
            dpo = JobList((), False, f"{provider}: the job list is incomplete: {error.message}", error.hint)
        broken = next((part for part in (supervised, dpo) if not part.complete), supervised)
        return JobList((*supervised.jobs, *dpo.jobs), broken.complete, broken.problem, broken.hint)

    def first_jobs(self, provider: str) -> Flow[JobList]:
        """GET the first page of the supervised jobs."""
        return (
            yield from first_jobs(
                self._jobs_pages(SUPERVISED_JOBS), lambda job: self.decode_job(job, provider)
            )
        )

    def retrieve(self, job_id: str, provider: str) -> Flow[Job]:
        """GET the job: `ID`, `dpoJobs/ID`, or a whole resource name."""
        request = Request("retrieve", "GET", self._job_path(job_id))
        return (yield from asked(request, lambda job: self.decode_job(job, provider)))

    def cancel(self, job_id: str, provider: str) -> Flow[Job]:
        """POST to its `:cancel`, which answers `{}`, and GET what has become of it."""
        yield Request("cancel", "POST", f"{self._job_path(job_id)}:cancel", body={})
        return (yield from self.retrieve(job_id, provider))

    def events(self, job_id: str, *, stream: bool, since: str | None) -> Flow[Iterator[JobEvent]]:
        """GET the job, and make events of its state and progress: the service has none."""
        found = yield from asked(Request("events", "GET", self._job_path(job_id)), self._events)
        ids = [event.id for event in found]
        return iter(found[ids.index(since) + 1 :] if since in ids else found)

    def _events(self, body: Any) -> list[JobEvent]:
        job = self.decode_job(body, self.name)
        progress = body.get("jobProgress")
        data = {"state": job.raw_status, **(progress if isinstance(progress, Mapping) else {})}
        percent, epoch = data.get("percent") or 0, data.get("epoch") or 0
        words = job.raw_status.removeprefix("JOB_STATE_").replace("_", " ").lower()
        message = f"{words}, {percent} %, epoch {epoch}"
        failed = job.status is JobStatus.FAILED
        last = JobEvent(
            moment(body.get("updateTime")) or job.created_at,
            "error" if failed else "info",
            f"{words}: {job.error}" if failed else message,
            data=data,
            id=f"{job.raw_status}-{percent}-{epoch}",
        )
        return [JobEvent(job.created_at, "info", "created", id="created"), last]

    def upload(self, path: Path, filename: str, sha256: str) -> Flow[UploadedFile]:
        """POST a dataset named by its content, then the file to its `:upload`; one that is there is taken.

        A run that died between the two left a dataset without rows: they are sent to it.
        """
        place = f"{self._path('datasets')}/{dataset_id(filename, sha256)}"
        described: JSONObject = {"userUploaded": {}, "displayName": filename}
        body: JSONObject = {"datasetId": short(place), "dataset": described}
        try:
            yield Request("upload", "POST", self._path("datasets"), body=body)
        except ProviderError as error:
            if error.failure.status != _EXISTS:
                raise
            there = yield from self.file(place)
            if there.state is FileState.READY:
                return there
        yield Request("upload", "POST", f"{place}:upload", file=FileBody(path, filename, sha256))
        return (yield from self.file(place))

    def files(self) -> Flow[tuple[UploadedFile, ...]]:
        """GET the datasets."""
        return (yield from every_item(self._pages("list files", "datasets"), self._file))

    def file(self, file_id: str) -> Flow[UploadedFile]:
        """GET the dataset."""
        request = Request("retrieve file", "GET", f"{self._path('datasets')}/{short(file_id)}")
        return (yield from asked(request, self._file))

    def download(self, file_id: str) -> Flow[bytes]:
        """Raise Unsupported: rows are behind a signed URL of a route that is closed."""
        raise Unsupported(
            f"fireworks does not give {file_id} back: downloads were closed on 2026-11-15",
            hint="see https://docs.fireworks.ai/changelog",
        )
        yield  # A flow is a generator, this one too.

    def delete_file(self, file_id: str) -> Flow[None]:
        """DELETE the dataset."""
        yield Request("delete file", "DELETE", f"{self._path('datasets')}/{short(file_id)}")

    def models(self) -> Flow[tuple[str, ...]]:
        """GET the models of the account; the bases are in another one, and are not listed."""
        found = yield from every_item(self._pages("list models", "models"), self._model)
        return tuple(found)

    def delete_model(self, model: str) -> Flow[None]:
        """DELETE the model."""
        yield Request("delete model", "DELETE", f"{self._path('models')}/{short(model)}")

    def _path(self, kind: str) -> str:
        return f"/accounts/{self._account}/{kind}"

    def _job_path(self, job_id: str) -> str:
        collection, bare = job_place(job_id)
        return f"{self._path(collection)}/{bare}"

    def _file(self, body: Any) -> UploadedFile:
        return decode_dataset(body, self._account)

    def _model(self, body: Any) -> str:
        name = optional_text(require_mapping(body, "a model").get("name")) or ""
        return resource(self._account, "models", name)

    def _jobs_pages(self, collection: str) -> Pages:
        return self._pages("list", collection)

    def _pages(self, operation: str, kind: str) -> Pages:
        def page(body: Any) -> Page:
            return Page(items_of(body, kind), optional_text(body.get("nextPageToken")))

        first = Request(operation, "GET", self._path(kind), {"pageSize": PAGE_SIZE})
        return Pages(first, page, lambda after: {"pageToken": after}, _never)


def _never(last: Page, page: Page) -> bool:
    """Return False: a page that comes again is no end, since the token says where the list ends."""
    del last, page
    return False
