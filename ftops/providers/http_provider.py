"""Dialect + Transport = Provider: the one driver of every dialect's flows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from ftops.errors import InvalidInput, ProviderError
from ftops.model.job import Job, JobEvent, JobList, UploadedFile
from ftops.model.model_dates import ModelDates
from ftops.model.observation import ProviderFacts
from ftops.model.request import JobRequest
from ftops.model.spending import Amount
from ftops.model.value import replace
from ftops.providers.dialect import Dialect, Engine, TellsDates, TellsMetrics, TellsPrices
from ftops.providers.event_stream import EndedEarly
from ftops.providers.flow import Answer, Flow, Unreadable
from ftops.providers.provider import Reply
from ftops.transport.client import Transport
from ftops.transport.deadline import ending_by
from ftops.transport.exchange import HttpReply, Request

_T = TypeVar("_T")

_NOT_FOUND = 404

PATIENCE_SECONDS = 5.0
"""How long a stream that nobody asked for is listened to, where only the events so far are wanted."""


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
        return self._told(self._dialect.create(request, self._facts.name))

    def list_fine_tunes(self) -> JobList:
        """List every job, or say why it is incomplete."""
        return self.list_fine_tunes_with_http_info()[0]

    def list_fine_tunes_with_http_info(self) -> Reply[JobList]:
        """List every job, or say why it is incomplete."""
        return self._addressed(self._dialect.jobs(self._facts.name))

    def probe(self) -> Reply[JobList]:
        """Read one page of jobs, to see that address and credential are right."""
        return self._addressed(self._dialect.first_jobs(self._facts.name))

    def retrieve_fine_tune(self, fine_tune_id: str) -> Job:
        """Fetch one job."""
        return self.retrieve_fine_tune_with_http_info(fine_tune_id)[0]

    def retrieve_fine_tune_with_http_info(self, fine_tune_id: str) -> Reply[Job]:
        """Fetch one job."""
        return self._told(self._dialect.retrieve(fine_tune_id, self._facts.name))

    def cancel_fine_tune(self, fine_tune_id: str) -> Job:
        """Ask to stop a job; sent once."""
        return self.cancel_fine_tune_with_http_info(fine_tune_id)[0]

    def cancel_fine_tune_with_http_info(self, fine_tune_id: str) -> Reply[Job]:
        """Ask to stop a job; sent once."""
        return self._told(self._dialect.cancel(fine_tune_id, self._facts.name))

    def list_fine_tune_events(
        self, fine_tune_id: str, *, stream: bool = False, since: str | None = None
    ) -> Iterator[JobEvent]:
        """Yield a job's events, oldest first."""
        return self.list_fine_tune_events_with_http_info(fine_tune_id, stream=stream, since=since)[0]

    def list_fine_tune_events_with_http_info(
        self, fine_tune_id: str, *, stream: bool = False, since: str | None = None
    ) -> Reply[Iterator[JobEvent]]:
        """Yield a job's events, oldest first; a format without a stream yields what there is now."""
        events, reply = self._run(self._dialect.events(fine_tune_id, stream=stream, since=since))
        if reply.lines is not None:
            streamed = self._streamed(fine_tune_id if stream else None, events)
            events = streamed if stream else iter(_so_far(streamed))
        return events, reply.status, reply.headers

    def upload_file(self, path: Path, filename: str, sha256: str) -> UploadedFile:
        """Send a data file, streamed. Raises InvalidInput where other bytes were sent than those of `sha256`.

        Such an upload is deleted: it has the name by which the right one would be found again.
        """
        if isinstance(self._dialect, Engine):
            placed = self._dialect.placed(path, filename, sha256, path.stat().st_size)
            if placed is not None:
                return placed
        file, reply = self._run(self._dialect.upload(path, filename, sha256))
        if reply.unsound is None:
            return file
        if file.filename != filename:
            raise reply.unsound  # It is not found by its name, and may be an older file than this upload.
        try:
            self.delete_file(file.id)
        except ProviderError as error:
            (problem,) = reply.unsound.problems
            hint = f"delete {file.id} at {self._facts.name}, which has other content than its name says"
            raise InvalidInput((replace(problem, hint=hint),)) from error
        raise reply.unsound

    def list_files(self) -> tuple[UploadedFile, ...]:
        """List the fine-tuning files."""
        return self._run(self._dialect.files())[0]

    def retrieve_file(self, file_id: str) -> UploadedFile:
        """Describe one file."""
        return self._run(self._dialect.file(file_id))[0]

    def download_file(self, file_id: str) -> bytes:
        """Fetch a file's content."""
        return self._run(self._dialect.download(file_id))[0]

    def delete_file(self, file_id: str) -> None:
        """Delete a file."""
        self._run(self._dialect.delete_file(file_id))

    def list_models(self) -> tuple[str, ...]:
        """List model ids."""
        return self._run(self._dialect.models())[0]

    def model_dates(self) -> Mapping[str, ModelDates]:
        """Ask when models end, where the format tells it: one GET, and none where it does not."""
        return self._run(self._dialect.model_dates())[0] if isinstance(self._dialect, TellsDates) else {}

    def estimate(self, request: JobRequest) -> Amount | None:
        """Ask what a job would cost, if the format supports it: one POST, sent once, that creates nothing."""
        return (
            self._run(self._dialect.estimate(request))[0] if isinstance(self._dialect, TellsPrices) else None
        )

    def metric_events(self, fine_tune_id: str) -> Iterator[JobEvent]:
        """Yield a job's metrics, from a route of their own where the format has one, else all events."""
        if isinstance(self._dialect, TellsMetrics):
            return iter(self._run(self._dialect.metric_events(fine_tune_id))[0])
        return self.list_fine_tune_events(fine_tune_id)

    def delete_model(self, model: str) -> None:
        """Delete a fine-tuned model."""
        self._run(self._dialect.delete_model(model))

    def close(self) -> None:
        """Close connections."""
        self._transport.close()

    def _told(self, flow: Flow[_T]) -> Reply[_T]:
        value, reply = self._run(flow)
        return value, reply.status, reply.headers

    def _addressed(self, flow: Flow[_T]) -> Reply[_T]:
        """Run a flow of the job collection: one that is not there is a matter of the address."""
        try:
            return self._told(flow)
        except ProviderError as error:
            if error.failure.status != _NOT_FOUND:
                raise
            raise self._transport.wrong_address(error) from error

    def _run(self, flow: Flow[_T]) -> tuple[_T, HttpReply]:
        """Send what a flow asks for until it returns; return its value with the last reply.

        Each request goes out once here, whatever comes of it: what failed is raised in the flow. Raises
        RuntimeError, before it is sent, for a second request that costs money.
        """
        until = self._clock() + self._transport.pages_seconds
        reply: HttpReply | None = None
        unsound: InvalidInput | None = None
        paid = False
        try:
            request = next(flow)
            while True:
                if request.method == "GET" and self._clock() > until:
                    request = flow.throw(self._late(request))
                if request.operation == "create" and paid:
                    raise RuntimeError(f"dialect {self._dialect.name} would create twice")
                paid = paid or request.operation == "create"
                try:
                    reply = self._transport.send(request)
                except (ProviderError, InvalidInput) as error:
                    request = flow.throw(error)
                else:
                    unsound = unsound or reply.unsound
                    request = flow.send(self._answer(request, reply))
        except StopIteration as end:
            if reply is None:
                raise ValueError("a flow that asks for nothing has no reply") from end
            return end.value, replace(reply, unsound=unsound) if unsound else reply

    def _answer(self, request: Request, reply: HttpReply) -> Answer:
        return Answer(reply, lambda why: self._transport.unreadable(request.operation, why, reply))

    def _late(self, request: Request) -> ProviderError:
        hint = "raise `timeout` for longer lists"
        return self._transport.late(request.operation, "its pages took too long", hint)

    def _streamed(self, fine_tune_id: str | None, events: Iterator[JobEvent]) -> Iterator[JobEvent]:
        """Read a stream; with an id, to the job's end: one that is closed before that has broken."""
        try:
            yield from events
        except EndedEarly as error:
            if fine_tune_id is not None and self.retrieve_fine_tune(fine_tune_id).status.active:
                raise self._transport.unreadable("events", error) from error
        except Unreadable as error:
            raise self._transport.unreadable("events", error) from error


def _so_far(events: Iterator[JobEvent]) -> list[JobEvent]:
    """Take what a stream holds now: its server may keep it open until the job has ended."""
    until = time.monotonic() + PATIENCE_SECONDS
    found: list[JobEvent] = []
    try:
        while True:
            with ending_by(until):
                event = next(events, None)
            if event is None:
                return found
            found.append(event)
    except ProviderError:
        if not found and time.monotonic() < until:
            raise
    return found
