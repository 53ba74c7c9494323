"""The port: what ftops asks of a provider. Also the documented Python API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol, TypeVar, runtime_checkable

from ftops.model.job import Job, JobEvent, JobList, UploadedFile
from ftops.model.model_dates import ModelDates
from ftops.model.observation import ProviderFacts
from ftops.model.request import JobRequest
from ftops.model.spending import Amount

_T = TypeVar("_T")

Reply = tuple[_T, int, Mapping[str, str]]
"""`(data, status_code, headers)`, what each `_with_http_info` twin returns."""


class Provider(Protocol):
    """One account at one fine-tuning API.

    Every method raises a ProviderError whose class says whether the request can have had its effect.
    Safe to use from several threads. Reads are tried again by the transport; a create and a cancel are
    sent once, by every layer.
    """

    @property
    def facts(self) -> ProviderFacts:
        """Name the provider, its wire format and its capabilities."""

    def create_fine_tune(self, request: JobRequest) -> Job:
        """Start a paid job. Sent exactly once: on Ambiguous the job may exist, and must be looked up."""

    def create_fine_tune_with_http_info(self, request: JobRequest) -> Reply[Job]:
        """Do as `create_fine_tune`, with status and headers."""

    def list_fine_tunes(self) -> JobList:
        """List every job of the account. A list that may be incomplete says so, and is never just short.

        Raises ProviderError when not even the first page could be had.
        """

    def list_fine_tunes_with_http_info(self) -> Reply[JobList]:
        """Do as `list_fine_tunes`, with status and headers of the last page."""

    def retrieve_fine_tune(self, fine_tune_id: str) -> Job:
        """Fetch one job. Raises NotFound when the provider does not know the id."""

    def retrieve_fine_tune_with_http_info(self, fine_tune_id: str) -> Reply[Job]:
        """Do as `retrieve_fine_tune`, with status and headers."""

    def cancel_fine_tune(self, fine_tune_id: str) -> Job:
        """Ask to stop a job; what it has trained is paid. It may go on `cancelling` for a while."""

    def cancel_fine_tune_with_http_info(self, fine_tune_id: str) -> Reply[Job]:
        """Do as `cancel_fine_tune`, with status and headers."""

    def list_fine_tune_events(
        self, fine_tune_id: str, *, stream: bool = False, since: str | None = None
    ) -> Iterator[JobEvent]:
        """Yield a job's events, oldest first. With `stream`, go on until the job ends or the line breaks.

        A break in the middle of a stream raises ProviderError; events already yielded are not taken back,
        and a stream opened again begins with the first event. `since` is the id of the last event that is
        known: only newer ones are yielded, where events have ids and are not streamed.
        """

    def list_fine_tune_events_with_http_info(
        self, fine_tune_id: str, *, stream: bool = False, since: str | None = None
    ) -> Reply[Iterator[JobEvent]]:
        """Do as `list_fine_tune_events`, with status and headers of the first reply."""

    def upload_file(self, path: Path, filename: str, sha256: str) -> UploadedFile:
        """Send a data file, streamed. Raises InvalidInput if the bytes sent have another SHA-256 (hex)."""

    def list_files(self) -> tuple[UploadedFile, ...]:
        """List every fine-tuning file of the account."""

    def retrieve_file(self, file_id: str) -> UploadedFile:
        """Fetch one file's description. Raises NotFound."""

    def download_file(self, file_id: str) -> bytes:
        """Fetch a file's content, such as a job's metrics."""

    def delete_file(self, file_id: str) -> None:
        """Delete a file. ftops never does this by itself."""

    def list_models(self) -> tuple[str, ...]:
        """List the ids of the models that the account can see."""

    def delete_model(self, model: str) -> None:
        """Delete a fine-tuned model. ftops never does this by itself."""

    def close(self) -> None:
        """Close connections."""


@runtime_checkable
class Probe(Protocol):
    """What a provider may offer besides the port, for `ftops doctor`."""

    def probe(self) -> Reply[JobList]:
        """Read the first page of jobs, and no more: `complete` only says whether there are others."""


@runtime_checkable
class Dated(Protocol):
    """What a provider may offer besides the port: when its models end, as its own API tells it."""

    def model_dates(self) -> Mapping[str, ModelDates]:
        """Return the dates that the API tells, by base model; empty where it tells none."""


@runtime_checkable
class Estimating(Protocol):
    """What a provider may offer besides the port: its own API's estimate of what a job would cost."""

    def estimate(self, request: JobRequest) -> Amount | None:
        """Return what a create would cost; None if the API does not say. Nothing is created."""


@runtime_checkable
class Measured(Protocol):
    """What a provider may offer besides the port: the metrics of a job, wherever its format keeps them."""

    def metric_events(self, fine_tune_id: str) -> Iterator[JobEvent]:
        """Yield at least the events that hold a job's metrics."""
