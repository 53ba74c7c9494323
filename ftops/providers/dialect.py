"""Dialect: one wire format, as data and flows. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from ftops.model.capabilities import Capabilities
from ftops.model.job import Job, JobEvent, JobList, UploadedFile
from ftops.model.json_value import JSON, JSONObject
from ftops.model.model_dates import ModelDates
from ftops.model.request import JobRequest
from ftops.model.spending import Amount
from ftops.model.trainer import TrainerSettings
from ftops.providers.flow import Flow
from ftops.transport.exchange import Attached
from ftops.transport.failure_table import FailureTable


class Dialect(Protocol):
    """What a wire format has to say: facts as data, and each operation of the port as a flow."""

    @property
    def name(self) -> str:
        """The word that `dialect:` takes in ftops.yaml."""

    @property
    def default_base_url(self) -> str | None:
        """Where the format's own provider lives; None means that `base_url` must be given."""

    @property
    def capabilities(self) -> Capabilities:
        """What the format can carry."""

    @property
    def body_fields(self) -> frozenset[str]:
        """Every field that a request's body may have; the extras of a gateway may not be one of them."""

    @property
    def query_fields(self) -> frozenset[str]:
        """The same for queries."""

    @property
    def settings(self) -> Mapping[str, bool]:
        """The keys of its providers in ftops.yaml beside the usual ones, and whether each must be there.

        They are declared in `schemas/project.v1.json`: `account`, `api_version`, `upstream`, and what chooses
        an account, `organization` and `project`. One that is not named here is an error: it would be dropped.
        `api_key` must be there unless it is named here as one that need not.
        """

    def bound(self, settings: Mapping[str, str]) -> Dialect:
        """Return the dialect as it speaks for one provider, by the values of its `settings`."""

    @property
    def failures(self) -> FailureTable:
        """How the format says no, and what each refusal means."""

    def auth_headers(self, key: str) -> Mapping[str, str]:
        """Return the headers that carry the credential."""

    def account_headers(self, organization: str | None, project: str | None) -> Mapping[str, str]:
        """Return the headers that choose an account."""

    def decode_job(self, body: Any, provider: str) -> Job:
        """Read a job from a create, retrieve, cancel or list reply. Raises Unreadable."""

    def create(self, request: JobRequest, provider: str) -> Flow[Job]:
        """Start a paid job: one request that costs money, never a second one."""

    def jobs(self, provider: str) -> Flow[JobList]:
        """List every job. Raises ProviderError where not even the first page could be had."""

    def first_jobs(self, provider: str) -> Flow[JobList]:
        """List the jobs of the first page."""

    def retrieve(self, job_id: str, provider: str) -> Flow[Job]:
        """Fetch one job."""

    def cancel(self, job_id: str, provider: str) -> Flow[Job]:
        """Ask to stop a job."""

    def events(self, job_id: str, *, stream: bool, since: str | None) -> Flow[Iterator[JobEvent]]:
        """List a job's events, oldest first, those after `since` where they have ids."""

    def upload(self, path: Path, filename: str, sha256: str) -> Flow[UploadedFile]:
        """Send a data file."""

    def files(self) -> Flow[tuple[UploadedFile, ...]]:
        """List the fine-tuning files."""

    def file(self, file_id: str) -> Flow[UploadedFile]:
        """Describe one file."""

    def download(self, file_id: str) -> Flow[bytes]:
        """Fetch a file's content."""

    def delete_file(self, file_id: str) -> Flow[None]:
        """Delete a file."""

    def models(self) -> Flow[tuple[str, ...]]:
        """List the ids of models."""

    def delete_model(self, model: str) -> Flow[None]:
        """Delete a fine-tuned model."""


@runtime_checkable
class Attaches(Protocol):
    """What a dialect may have besides: something that goes with every request, such as a gateway's route."""

    @property
    def attached(self) -> Attached:
        """Headers, and members of every query and body."""


@runtime_checkable
class TellsDates(Protocol):
    """What a dialect may have besides: a format whose own API tells when models end."""

    def model_dates(self) -> Flow[Mapping[str, ModelDates]]:
        """Ask when base models end, in one request."""


@runtime_checkable
class TellsPrices(Protocol):
    """What a dialect may have besides: a format whose own API says what a create would cost."""

    def estimate(self, request: JobRequest) -> Flow[Amount | None]:
        """Ask what a job would cost, in one request that creates nothing; None where it cannot be said."""


@runtime_checkable
class TellsMetrics(Protocol):
    """What a dialect may have besides: a format with a route of its own for losses."""

    def metric_events(self, job_id: str) -> Flow[tuple[JobEvent, ...]]:
        """List a job's metrics so far as events of the type `metrics`."""


@runtime_checkable
class Shaped(Protocol):
    """What a dialect may have besides: settings that decide what it can carry."""

    @property
    def shaping(self) -> Mapping[str, JSONObject]:
        """Those of its `settings`, each with the JSON Schema of its value.

        A manifest is checked by them before any reference is resolved, so none of them can be one.
        """

    def bound(self, settings: Mapping[str, str]) -> Dialect:
        """Return the dialect by these alone."""


@runtime_checkable
class HasAddress(Protocol):
    """What a dialect may have besides: its own reading of `base_url`."""

    def address(self, url: str) -> str:
        """Return the address that its paths start from."""


@runtime_checkable
class Engine(Protocol):
    """What a dialect may have besides: it runs a trainer, as `trainer` of ftops.yaml describes it.

    The machines behind it know nothing of fine-tuning: what is sent is a program and a job document.
    """

    @property
    def shortest_settle(self) -> float:
        """The least `settle` (seconds) that is safe: how long a job may live on that the engine forgot."""

    def running(self, trainer: TrainerSettings, root: Path) -> Dialect:
        """Return the dialect as it runs this trainer; data files lie under the project's `root`."""

    def decisive(self) -> JSONObject:
        """Return what of the trainer decides a result, the models apart: it is part of a fingerprint."""

    def placed(self, path: Path, filename: str, sha256: str, size: int) -> UploadedFile | None:
        """Return a data file that nodes read themselves, None for one that is sent. `size` is bytes."""

    def code(self) -> Mapping[str, JSON]:
        """Return what is sent with each job besides its data, for a reviewer to see, by what it is."""
