"""What one run sees of the provider: every request is a boundary, and is watched by the laws."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from ftops.errors import Failure, NotFound, Rejected
from ftops.model.job import Job, JobEvent, JobList, JobStatus, UploadedFile
from ftops.model.observation import ProviderFacts
from ftops.model.request import JobRequest
from ftops.model.value import replace
from ftops.providers.provider import Reply
from tests.simulator.account import LATE_SECONDS, SLOW_SECONDS, Account, Arrival
from tests.simulator.laws import Watch


class Port:
    """The provider port of one run. `boundary` is where the run may die or stand still."""

    def __init__(self, account: Account, watch: Watch, boundary: Callable[[str], None]) -> None:
        self._account = account
        self._watch = watch
        self._boundary = boundary

    @property
    def facts(self) -> ProviderFacts:
        return self._account.facts

    def create_fine_tune(self, request: JobRequest) -> Job:
        since = self._account.clock.time
        self._boundary("before create")
        kind = self._account.fault("create")
        if not self._account.may_be_sent(request):
            raise self._account.failed("another session", "create")
        self._watch.posting(request, since, kind)
        unready = [file.id for file in request.training_files if not self._account.trains_on(file.id)]
        kind = "not ready" if unready and kind == "ok" else kind
        job = self._created(request, kind)
        self._account.refuse(kind, request.stamp)
        self._boundary("after create")
        if job is None:
            raise self._account.failed(kind, "create")
        return self._account.shown(job, created=True)

    def _created(self, request: JobRequest, kind: str) -> Job | None:
        """Let the create have its effect; None where the reply does not tell."""
        account = self._account
        if kind in ("late", "late error"):
            account.on_the_way.append(Arrival(account.clock.time + LATE_SECONDS, request))
            return None
        if kind in ("altered", "altered, lost"):
            job = account.start(request, altered=True)
            return job if kind == "altered" else None
        if kind == "resent, refused":
            account.start(request)
            return None
        if kind == "another's reply":
            others = [job for job in account.jobs.values() if account.sees(job.id)]
            account.start(request)
            return others[0] if others else None
        if kind in ("ok", "slow", "lost reply", "error after", "repeated", "repeated lost"):
            job = account.start(request)
            if kind.startswith("repeated"):
                account.start(request)
            if kind == "slow":
                account.clock.time += SLOW_SECONDS
            return job if kind in ("ok", "slow", "repeated") else None
        return None

    def list_fine_tunes(self) -> JobList:
        account = self._account
        self._boundary("before list")
        kind = account.fault("list")
        if kind in ("error", "unauthorized"):
            raise account.failed(kind, "list")
        newest = account.clock.time - account.lag
        there = [job for job in account.jobs.values() if account.sees(job.id)]
        jobs = tuple(account.shown(job, listed=True) for job in there if (job.created_at or 0) <= newest)
        half = jobs[: len(jobs) // 2]
        if kind == "slow":
            account.clock.time += SLOW_SECONDS
        listed = JobList(jobs)
        if kind == "truncated page":
            listed = JobList(half, complete=False, problem="a page failed")
        elif kind == "repeated page":
            listed = JobList((*half, *half), complete=False, problem="a cursor repeats")
        elif kind == "lie":
            listed = JobList(half)
        listed = replace(listed, session=account.session)
        self._watch.listed(listed)
        self._boundary("after list")
        return listed

    def retrieve_fine_tune(self, fine_tune_id: str) -> Job:
        account = self._account
        self._boundary("before retrieve")
        kind = account.fault("retrieve")
        if kind == "error":
            raise account.failed(kind, "retrieve")
        if kind == "slow":
            account.clock.time += SLOW_SECONDS
        if not account.sees(fine_tune_id):
            raise NotFound("no such job", failure=Failure("p", "retrieve", status=404))
        self._watch.retrieved(fine_tune_id)
        return account.shown(account.jobs[fine_tune_id])

    def cancel_fine_tune(self, fine_tune_id: str) -> Job:
        account = self._account
        self._boundary("before cancel")
        kind = account.fault("cancel")
        self._watch.cancelling(fine_tune_id)
        if not account.sees(fine_tune_id):
            raise NotFound("no such job", failure=Failure("p", "cancel", status=404))
        job = account.jobs[fine_tune_id]
        if not job.status.active:
            raise Rejected("it has ended", failure=Failure("p", "cancel", status=400))
        if kind in ("ok", "slow", "lost reply", "error after", "accepted", "ignored"):
            account.cancel_asked.add(fine_tune_id)
            job = self._cancelled(job, kind)
        self._boundary("after cancel")
        if kind in ("lost reply", "error before", "error after", "quota", "refused"):
            raise account.failed(kind, "cancel")
        return account.shown(job, created=True) if account.facts.capabilities.tags else job

    def _cancelled(self, job: Job, kind: str) -> Job:
        account = self._account
        if kind == "ignored":
            return job
        if kind == "accepted":
            account.jobs[job.id] = replace(job, status=JobStatus.CANCELLING)
        else:
            account.jobs[job.id] = replace(job, status=JobStatus.CANCELLED, finished_at=account.clock.time)
        if kind == "slow":
            account.clock.time += SLOW_SECONDS
        return account.jobs[job.id]

    def upload_file(self, path: Path, filename: str, sha256: str) -> UploadedFile:
        self._boundary("before upload")
        kind = self._account.fault("upload")
        if kind == "refused data":
            self._account.refuse(kind, None, filename)
            raise self._account.failed(kind, "upload")
        file = self._account.store_file(filename, kind)
        if kind == "slow":
            self._account.clock.time += SLOW_SECONDS
        self._boundary("after upload")
        if kind == "error":
            raise self._account.failed(kind, "upload")
        return file

    def list_files(self) -> tuple[UploadedFile, ...]:
        self._boundary("before list files")
        kind = self._account.fault("list files")
        if kind == "error":
            raise self._account.failed(kind, "list files")
        return self._account.files_listed()

    def create_fine_tune_with_http_info(self, request: JobRequest) -> Reply[Job]:
        return self.create_fine_tune(request), 200, {}

    def list_fine_tunes_with_http_info(self) -> Reply[JobList]:
        return self.list_fine_tunes(), 200, {}

    def retrieve_fine_tune_with_http_info(self, fine_tune_id: str) -> Reply[Job]:
        return self.retrieve_fine_tune(fine_tune_id), 200, {}

    def cancel_fine_tune_with_http_info(self, fine_tune_id: str) -> Reply[Job]:
        return self.cancel_fine_tune(fine_tune_id), 200, {}

    def list_fine_tune_events(
        self, fine_tune_id: str, *, stream: bool = False, since: str | None = None
    ) -> Iterator[JobEvent]:
        return iter(())

    def list_fine_tune_events_with_http_info(
        self, fine_tune_id: str, *, stream: bool = False, since: str | None = None
    ) -> Reply[Iterator[JobEvent]]:
        return iter(()), 200, {}

    def retrieve_file(self, file_id: str) -> UploadedFile:
        return self._account.file_shown(file_id)

    def download_file(self, file_id: str) -> bytes:
        return b""

    def delete_file(self, file_id: str) -> None:
        raise AssertionError("ftops never deletes a file")

    def list_models(self) -> tuple[str, ...]:
        return ()

    def delete_model(self, model: str) -> None:
        raise AssertionError("ftops never deletes a model")

    def close(self) -> None:
        """There is nothing to close."""
