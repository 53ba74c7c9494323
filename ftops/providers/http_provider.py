"""Dialect + Transport = Provider."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from ftops.errors import About, NotReady, ProviderError, Rejected
from ftops.model.job import Job, JobEvent, JobList, UploadedFile
from ftops.model.observation import ProviderFacts
from ftops.model.request import JobRequest
from ftops.providers.dialect import (
    BrokenPaging,
    Dialect,
    Page,
    Unreadable,
    is_unpaged,
    require_list,
    require_mapping,
)
from ftops.providers.event_stream import EndedEarly, read_events, read_stream, so_far
from ftops.providers.provider import Reply
from ftops.transport.client import Transport
from ftops.transport.exchange import HttpReply, LineStream

_T = TypeVar("_T")

MOST_PAGES = 10_000
"""A list of more pages than this (a million jobs) is a server that never ends its list."""

_NOT_FOUND = 404
_BROKEN = (
    "the server contradicts itself: another run helps only once it is mended there; tell whoever runs it"
)


class HttpProvider:
    """A provider over HTTP; implements `ftops.providers.provider.Provider`."""

    def __init__(
        self,
        facts: ProviderFacts,
        dialect: Dialect,
        transport: Transport,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._facts = facts
        self._dialect = dialect
        self._transport = transport
        self._clock = clock
        transport.judge_by(dialect.failures)

    @property
    def facts(self) -> ProviderFacts:
        """Name, wire format and capabilities."""
        return self._facts

    def create_fine_tune(self, request: JobRequest) -> Job:
        """Start a paid job; sent exactly once."""
        return self.create_fine_tune_with_http_info(request)[0]

    def create_fine_tune_with_http_info(self, request: JobRequest) -> Reply[Job]:
        """Start a paid job; sent exactly once."""
        body = self._dialect.encode_create(request)
        # A provider that knows the header answers a create that arrives twice with the first one's job.
        headers = {"Idempotency-Key": request.stamp.nonce} if request.stamp else {}
        try:
            reply = self._transport.post("create", self._dialect.jobs_path, body, headers)
        except NotReady as error:
            if error.failure.about is not About.MODEL or request.chained:
                raise
            raise Rejected(error.message, failure=error.failure) from error
        return self._job("create", reply)

    def list_fine_tunes(self) -> JobList:
        """List every job, or say why the list is not whole."""
        return self.list_fine_tunes_with_http_info()[0]

    def list_fine_tunes_with_http_info(self) -> Reply[JobList]:
        """List every job, or say why the list is not whole."""
        jobs: dict[str, Job] = {}
        problems: list[str] = []
        hint: str | None = _BROKEN
        reply: HttpReply | None = None
        query = self._dialect.first_query()
        try:
            for answer, page in self._pages("list", self._dialect.jobs_path, query, whole=True):
                reply = answer
                before = len(jobs)
                problems += self._collect(page, jobs)
                if problems and jobs and len(jobs) == before:
                    # A page without news beside a problem: the server goes in circles.
                    break
        except ProviderError as error:
            if reply is None:
                raise self._addressed(error) from error
            hint = hint if problems or isinstance(error.__cause__, BrokenPaging) else error.hint
            problems.append(error.message)
        status, headers = (reply.status, reply.headers) if reply else (0, {})
        if not problems:
            return JobList(tuple(jobs.values())), status, headers
        sentence = f"{self._facts.name}: the job list is incomplete: {problems[0]}"
        return JobList(tuple(jobs.values()), False, sentence, hint), status, headers

    def probe(self) -> Reply[JobList]:
        """Read one page of jobs, to see that address and credential are right."""
        try:
            reply = self._transport.get("list", self._dialect.jobs_path, self._dialect.first_query())
        except ProviderError as error:
            raise self._addressed(error) from error
        page = self._read("list", reply, self._dialect.decode_page)
        jobs: dict[str, Job] = {}
        problems = self._collect(page, jobs)
        listed = JobList(tuple(jobs.values()), page.after is None, problems[0] if problems else None)
        return listed, reply.status, reply.headers

    def retrieve_fine_tune(self, fine_tune_id: str) -> Job:
        """Fetch one job."""
        return self.retrieve_fine_tune_with_http_info(fine_tune_id)[0]

    def retrieve_fine_tune_with_http_info(self, fine_tune_id: str) -> Reply[Job]:
        """Fetch one job."""
        return self._job("retrieve", self._transport.get("retrieve", self._path(fine_tune_id)))

    def cancel_fine_tune(self, fine_tune_id: str) -> Job:
        """Ask to stop a job; sent once."""
        return self.cancel_fine_tune_with_http_info(fine_tune_id)[0]

    def cancel_fine_tune_with_http_info(self, fine_tune_id: str) -> Reply[Job]:
        """Ask to stop a job; sent once."""
        return self._job("cancel", self._transport.post("cancel", self._path(fine_tune_id) + "/cancel"))

    def list_fine_tune_events(
        self, fine_tune_id: str, *, stream: bool = False, since: str | None = None
    ) -> Iterator[JobEvent]:
        """Yield a job's events, oldest first."""
        return self.list_fine_tune_events_with_http_info(fine_tune_id, stream=stream, since=since)[0]

    def list_fine_tune_events_with_http_info(
        self, fine_tune_id: str, *, stream: bool = False, since: str | None = None
    ) -> Reply[Iterator[JobEvent]]:
        """Yield a job's events, oldest first; a format without a stream gives what there is now."""
        path = self._path(fine_tune_id) + "/events"
        streamed = stream and self._facts.capabilities.event_stream
        query = self._dialect.events_query(stream=streamed)
        opened = self._transport.events(path, query, streamed=streamed)
        if isinstance(opened, LineStream):
            events = self._streamed(fine_tune_id if stream else None, opened.lines)
            return events if stream else iter(so_far(events)), opened.status, opened.headers
        found: dict[str | int, JobEvent] = {}
        for _, page in self._pages("events", path, query, first=opened):
            read = read_events(page.items, self._dialect)
            found |= {event.id or len(found) + number: event for number, event in enumerate(read)}
            if since is not None and since in found and self._dialect.events_newest_first:
                break
        ordered = list(found.values())
        if self._dialect.events_newest_first:
            ordered.reverse()
        if since in found:
            ordered = ordered[[event.id for event in ordered].index(since) + 1 :]
        return iter(ordered), opened.status, opened.headers

    def upload_file(self, path: Path, filename: str, sha256: str) -> UploadedFile:
        """Send a data file, streamed and checked."""
        reply = self._transport.upload("/files", path, filename, sha256, "fine-tune")
        return self._read("upload", reply, self._dialect.decode_file)

    def list_files(self) -> tuple[UploadedFile, ...]:
        """List the fine-tuning files."""
        pages = self._pages("list files", "/files", {"purpose": "fine-tune"})
        items = [item for _, page in pages for item in page.items]
        return tuple(self._decoded("list files", item, self._dialect.decode_file) for item in items)

    def retrieve_file(self, file_id: str) -> UploadedFile:
        """Describe one file."""
        reply = self._transport.get("retrieve file", f"/files/{file_id}")
        return self._read("retrieve file", reply, self._dialect.decode_file)

    def download_file(self, file_id: str) -> bytes:
        """Fetch a file's content."""
        return self._transport.download("download file", f"/files/{file_id}/content")

    def delete_file(self, file_id: str) -> None:
        """Delete a file."""
        self._transport.delete("delete file", f"/files/{file_id}")

    def list_models(self) -> tuple[str, ...]:
        """List model ids."""
        reply = self._transport.get("list models", "/models")
        items = self._read("list models", reply, lambda body: require_list(body, "the list of models"))
        return tuple(str(require_mapping(item, "a model").get("id")) for item in items)

    def delete_model(self, model: str) -> None:
        """Delete a fine-tuned model."""
        self._transport.delete("delete model", f"/models/{model}")

    def close(self) -> None:
        """Close connections."""
        self._transport.close()

    def _path(self, fine_tune_id: str) -> str:
        return f"{self._dialect.jobs_path}/{fine_tune_id}"

    def _job(self, operation: str, reply: HttpReply) -> Reply[Job]:
        job = self._read(operation, reply, lambda body: self._dialect.decode_job(body, self._facts.name))
        return job, reply.status, reply.headers

    def _addressed(self, error: ProviderError) -> ProviderError:
        """Make the error of a first page: one that is not there is a matter of the address."""
        return self._transport.wrong_address(error) if error.failure.status == _NOT_FOUND else error

    def _pages(
        self,
        operation: str,
        path: str,
        query: Mapping[str, str],
        *,
        whole: bool = False,
        first: HttpReply | None = None,
    ) -> Iterator[tuple[HttpReply, Page]]:
        """Yield the pages of a list. Raises ProviderError when a page fails or the end never comes.

        A server that ignores the cursor answers with the same page again. Where the list must be `whole` and
        said that there is more, that is an error, else the end. `first` is a page that has come already.
        """
        until = self._clock() + self._transport.pages_seconds
        asked: set[str | None] = set()
        last: Page | None = None
        after: str | None = None
        while after not in asked and len(asked) < MOST_PAGES:
            if self._clock() > until:
                raise self._transport.late(
                    operation, "its pages took too long", "raise `timeout` for longer lists"
                )
            asked.add(after)
            cursor = {} if after is None else {"after": after}
            reply = (
                first
                if first and after is None
                else self._transport.get(operation, path, {**query, **cursor})
            )
            page = self._read(operation, reply, self._dialect.decode_page)
            if last is not None and is_unpaged(last, page, query):
                return
            yield reply, page
            last, after = page, page.after
            if after is None:
                return
        if whole:
            why = BrokenPaging("its pages do not end")
            raise self._transport.unreadable(operation, why) from why

    def _collect(self, page: Page, jobs: dict[str, Job]) -> list[str]:
        """Add a page's jobs, every one that can be read; give what makes the list less than whole."""
        problems = []
        for item in page.items:
            try:
                job = self._dialect.decode_job(item, self._facts.name)
            except Unreadable as error:
                problems.append(f"{error}")
                continue
            if job.id in jobs:
                return [*problems, f"job {job.id} is in it twice"]
            jobs[job.id] = job
        return problems

    def _streamed(self, fine_tune_id: str | None, lines: Iterator[str]) -> Iterator[JobEvent]:
        """Read a stream; with an id, to the job's end: one that is closed before that has broken."""
        try:
            yield from read_stream(lines, self._dialect)
        except EndedEarly as error:
            if fine_tune_id is not None and self.retrieve_fine_tune(fine_tune_id).status.active:
                raise self._transport.unreadable("events", error) from error
        except Unreadable as error:
            raise self._transport.unreadable("events", error) from error

    def _read(self, operation: str, reply: HttpReply, decode: Callable[[Any], _T]) -> _T:
        try:
            return decode(reply.body)
        except Unreadable as error:
            raise self._transport.unreadable(operation, error, reply) from error

    def _decoded(self, operation: str, item: Any, decode: Callable[[Any], _T]) -> _T:
        try:
            return decode(item)
        except Unreadable as error:
            raise self._transport.unreadable(operation, error) from error
