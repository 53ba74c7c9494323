"""Ray Jobs: an engine that runs the trainer of ftops.yaml, on machines of one's own.

Facts are in `ray_facts`. The id of a job is ours. That it exists is a 500 of Ray's, and means that a create
has arrived, this one or an earlier sending of it: the job is taken over. A 404 proves nothing about a create
that was cut. ftops never deletes a job, because its id would be free to run again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from hashlib import sha256 as digest_of
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from ftops.errors import About, Ambiguous, Failure, NotReady, ProviderError, Rejected, Unsupported
from ftops.model.capabilities import Capabilities
from ftops.model.identifiers import is_word
from ftops.model.job import FileState, Job, JobEvent, JobList, JobStatus, UploadedFile
from ftops.model.json_value import JSON, JSONObject
from ftops.model.request import JobRequest
from ftops.model.trainer import TrainerSettings
from ftops.model.value import replace
from ftops.providers.decoding import optional_text, require_mapping
from ftops.providers.dialects.ray_facts import (
    BODY_FIELDS,
    DESCRIPTION,
    FAILURE_CLASSES,
    FAILURES,
    SHORTEST_SETTLE,
    TESTED,
    capabilities,
)
from ftops.providers.dialects.ray_jobs import (
    DATA_FOLDER,
    decode_job,
    digest_of_file,
    encode_create,
    file_id,
    id_of,
    is_training,
    job_package,
    package,
    place_id,
    rows,
    same_id,
    version_of,
)
from ftops.providers.dialects.ray_log import all_events, log_of, with_outcome
from ftops.providers.flow import Flow, asked
from ftops.providers.trainer_package import PACKAGE, trainer_digest, trainer_files, trainer_version
from ftops.transport.exchange import Expect, FilePackage, Request

_T = TypeVar("_T")
_JOBS = "/api/jobs/"
"""Without the slash at its end Ray knows no such route."""
_PACKAGES = "/api/packages/gcs/"
_MISSING = 404
_UNTOLD = TrainerSettings(output="")


class RayDialect:
    """One cluster and the trainer that runs there; bound to the trainer by `running`."""

    name = "ray"
    default_base_url: str | None = None
    description = DESCRIPTION
    body_fields = BODY_FIELDS
    query_fields: frozenset[str] = frozenset()
    settings: Mapping[str, bool] = MappingProxyType({"api_key": False})
    failures = FAILURES
    failure_classes = FAILURE_CLASSES
    shortest_settle = SHORTEST_SETTLE

    def __init__(self, trainer: TrainerSettings = _UNTOLD, root: Path = Path()) -> None:
        self._trainer = trainer
        self._root = root

    @cached_property
    def capabilities(self) -> Capabilities:
        """What the trainer's schema declares."""
        return capabilities()

    def bound(self, settings: Mapping[str, str]) -> RayDialect:
        """Return itself: its one setting is the trainer."""
        return self

    def running(self, trainer: TrainerSettings, root: Path) -> RayDialect:
        """Return the dialect as it runs this trainer."""
        return RayDialect(trainer, root)

    def decisive(self) -> JSONObject:
        """Return the trainer's version, and what runs it."""
        return {"version": trainer_version(), **self._trainer.decisive}

    def code(self) -> Mapping[str, JSON]:
        """Return the reference trainer, which goes with every job, and where what it makes goes."""
        size = sum(map(len, trainer_files().values()))
        sent = f"{PACKAGE} {trainer_version()} ({size:,} bytes, sha256:{trainer_digest()[:12]})"
        return {"trainer": sent, "runs": self._trainer.entrypoint, "output": self._trainer.output}

    def auth_headers(self, key: str) -> Mapping[str, str]:
        """Bearer, for clusters with a token."""
        return {"Authorization": f"Bearer {key}"}

    def account_headers(self, organization: str | None, project: str | None) -> Mapping[str, str]:
        """None: a cluster is its address."""
        return {}

    def decode_job(self, body: Any, provider: str) -> Job:
        """Read a job."""
        return decode_job(body, provider)

    def create(self, request: JobRequest, provider: str) -> Flow[Job]:
        """PUT trainer and job document as a package, then POST the job under an id of ours, once.

        Whatever goes wrong before the POST is certain: no job was asked for.
        """
        job_id = id_of(request)
        content = job_package(request, self._trainer)
        name = package(digest_of(content).hexdigest())
        session = yield from _harmless(self._prepared(name, content, provider))
        yield from _harmless(self._data_there(request, provider))
        if request.session not in (None, session):
            # An earlier sending may have become a job that lives on: this is for the list to tell, later.
            message = f"{provider}: the cluster has lost its memory since this create was decided"
            raise Ambiguous(message, failure=Failure(provider, "create"))
        body = encode_create(request, self._trainer, name)
        try:
            answer = yield Request("create", "POST", _JOBS, body=body)
        except Ambiguous as error:
            if not _exists(error, job_id):
                raise
        else:
            answer.read(lambda reply: same_id(reply, job_id))
        try:
            return (yield from self._shown(job_id, provider))
        except ProviderError:
            # The reply named the id that was sent: that is the mark, whether or not it can be read now.
            return Job(job_id, provider, JobStatus.PENDING, "PENDING", stamp=request.stamp)

    def _prepared(self, name: str, content: bytes, provider: str) -> Flow[str]:
        session = yield from self._version(provider)
        yield Request("upload", "PUT", f"{_PACKAGES}{name}", content=content, expect=Expect.NOTHING)
        return session

    def _data_there(self, request: JobRequest, provider: str) -> Flow[None]:
        """Ask for each package of data, so that it stays. Raises NotReady where one is gone by now."""
        files = [*request.training_files, *([request.validation_file] if request.validation_file else [])]
        for digest in dict.fromkeys(found for file in files if (found := digest_of_file(file.id))):
            if not (yield from self._keeps(digest)):
                message = (
                    f"{provider}: the cluster has dropped {package(digest)}: the next run sends it again"
                )
                raise NotReady(message, failure=Failure(provider, "create", about=About.FILE))

    def _version(self, provider: str) -> Flow[str]:
        """GET the version; return the name of the session. Raises Rejected for a Ray that is too old."""
        answer = yield Request("version", "GET", "/api/version")
        told = answer.read(lambda body: require_mapping(body, "the version"))
        version = optional_text(told.get("ray_version")) or ""
        if (numbers := version_of(version)) is not None and numbers < TESTED:
            wanted = ".".join(map(str, TESTED))
            message = f"{provider}: Ray {version} is too old: ids of our own are only safe from {wanted} on"
            raise Rejected(message, failure=Failure(provider, "version"), hint="upgrade the cluster")
        session = optional_text(told.get("session_name"))
        if session is None or not is_word(session):
            raise answer.unreadable("it names no session")
        return session

    def _shown(self, job_id: str, provider: str) -> Flow[Job]:
        request = Request("retrieve", "GET", f"{_JOBS}{job_id}")
        return (yield from asked(request, lambda body: decode_job(body, provider)))

    def jobs(self, provider: str) -> Flow[JobList]:
        """GET the list, which is always whole, between two looks at the session: it must be of one."""
        before = yield from self._version(provider)
        found = yield from self.first_jobs(provider)
        after = yield from self._version(provider)
        if after != before:
            problem = f"{provider}: the cluster lost its memory while it was listed"
            return replace(found, complete=False, problem=problem)
        return replace(found, session=after)

    def first_jobs(self, provider: str) -> Flow[JobList]:
        """GET the list: all jobs that any ftops has made."""
        found = yield from asked(Request("list", "GET", _JOBS), rows)
        return JobList(tuple(decode_job(row, provider) for row in found if is_training(row)))

    def retrieve(self, job_id: str, provider: str) -> Flow[Job]:
        """GET the job, and of one that has ended its log: there the trainer's result is."""
        job = yield from self._shown(job_id, provider)
        if job.status.active:
            return job
        try:
            log = yield from self._log(job_id)
        except ProviderError:
            log = None
        return with_outcome(job, log)

    def _log(self, job_id: str, operation: str = "events") -> Flow[str]:
        return (yield from asked(Request(operation, "GET", f"{_JOBS}{job_id}/logs"), log_of))

    def cancel(self, job_id: str, provider: str) -> Flow[Job]:
        """POST to its stop, and GET what has become of it. One that waits for resources is stopped later.

        Raises Rejected for a job that was over already: Ray says that in a reply of its own to a stop.
        """
        request = Request("cancel", "POST", f"{_JOBS}{job_id}/stop", body={})
        stopped = yield from asked(request, lambda body: require_mapping(body, "the reply").get("stopped"))
        job = yield from self._shown(job_id, provider)
        if stopped is False and not job.status.active:
            message = f"{provider}: job {job_id} is over: {job.raw_status}"
            raise Rejected(message, failure=Failure(provider, "cancel"))
        return replace(job, status=JobStatus.CANCELLING) if job.status.active else job

    def events(self, job_id: str, *, stream: bool, since: str | None) -> Flow[Iterator[JobEvent]]:
        """GET the job and its log, which comes whole each time: what the trainer says, and what Ray does."""
        body = yield from asked(Request("events", "GET", f"{_JOBS}{job_id}"), lambda shown: shown)
        found = all_events(body, decode_job(body, self.name), (yield from self._log(job_id)))
        ids = [event.id for event in found]
        return iter(found[ids.index(since) + 1 :] if since in ids else found)

    def upload(self, path: Path, filename: str, sha256: str) -> Flow[UploadedFile]:
        """PUT the file in a package that is named by its digest, unless the cluster has it already.

        It is asked for again after that: what was asked for stays for ten minutes, where it would else go
        with the last job that uses it.
        """
        if not (yield from self._keeps(sha256)):
            body = FilePackage(path, f"{DATA_FOLDER}/{sha256}.jsonl", sha256)
            where = f"{_PACKAGES}{package(sha256)}"
            try:
                yield Request("upload", "PUT", where, file=body, expect=Expect.NOTHING)
            except Rejected as error:
                hint = "lower trainer.package_limit, and set trainer.data to a place that nodes read"
                raise Rejected(error.message, failure=error.failure, hint=hint) from error
            yield from self._keeps(sha256)
        return UploadedFile(file_id(sha256), filename, state=FileState.READY)

    def placed(self, path: Path, filename: str, sha256: str, size: int) -> UploadedFile | None:
        """Return a file that is too large for a package: nodes find it under `trainer.data`."""
        if size <= self._trainer.package_limit or self._trainer.data is None:
            return None
        within = path.relative_to(self._root) if path.is_relative_to(self._root) else Path(path.name)
        place = f"{self._trainer.data.rstrip('/')}/{within.as_posix()}"
        return UploadedFile(place_id(place, sha256), filename, state=FileState.READY)

    def _keeps(self, sha256: str) -> Flow[bool]:
        """Ask whether a package is there, and so keep it there."""
        where, takes = f"{_PACKAGES}{package(sha256)}", frozenset({_MISSING})
        answer = yield Request("retrieve file", "GET", where, expect=Expect.NOTHING, takes=takes)
        return answer.reply.status != _MISSING

    def files(self) -> Flow[tuple[UploadedFile, ...]]:
        """Return none: packages are in no list, and each is asked for by its name when it is needed."""
        yield from self._version(self.name)
        return ()

    def file(self, an_id: str) -> Flow[UploadedFile]:
        """Ask for a package; a file that nodes read themselves is theirs to find."""
        digest = digest_of_file(an_id)
        path = "/api/version" if digest is None else f"{_PACKAGES}{package(digest)}"
        yield Request("retrieve file", "GET", path, expect=Expect.NOTHING)
        return UploadedFile(an_id, an_id, state=FileState.READY)

    def download(self, file_id: str) -> Flow[bytes]:
        """Raise Unsupported: packages are not given back."""
        raise Unsupported(f"ray does not give {file_id} back", hint="read it from the project")
        yield  # A flow is a generator, this one too.

    def delete_file(self, file_id: str) -> Flow[None]:
        """Raise Unsupported: the cluster drops packages that nothing uses by itself."""
        raise Unsupported("ray keeps packages for as long as a job uses them", hint="nothing has to be done")
        yield  # A flow is a generator, this one too.

    def models(self) -> Flow[tuple[str, ...]]:
        """Return none: which models nodes can load is known to them alone."""
        yield from self._version(self.name)
        return ()

    def delete_model(self, model: str) -> Flow[None]:
        """Raise Unsupported: a model is a folder on a disk of the nodes."""
        raise Unsupported(f"ray has no models; {model} is a folder", hint="remove the folder itself")
        yield  # A flow is a generator, this one too.


def _harmless(flow: Flow[_T]) -> Flow[_T]:
    """Let a flow fail for certain: nothing that it asks for can make a job."""
    try:
        return (yield from flow)
    except Ambiguous as error:
        raise NotReady(error.message, failure=error.failure, hint=error.hint) from error


def _exists(error: ProviderError, job_id: str) -> bool:
    return f"Job with submission_id {job_id} already exists" in (error.failure.message or "")
