"""The provider's side: jobs and files, what was really asked for, and the faults to come."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from dataclasses import dataclass
from decimal import Decimal

from ftops.errors import (
    About,
    Ambiguous,
    Failure,
    Forbidden,
    NotReady,
    NotSent,
    ProviderError,
    RateLimited,
    Rejected,
    Unauthorized,
)
from ftops.model.capabilities import StampPlace
from ftops.model.job import (
    FailureClass,
    FileState,
    Job,
    JobError,
    JobFile,
    JobStatus,
    Stamp,
    UploadedFile,
)
from ftops.model.json_value import JSON
from ftops.model.observation import ProviderFacts
from ftops.model.queue import Queue
from ftops.model.request import JobRequest
from ftops.model.value import replace
from ftops.providers.registry import dialects
from tests.simulator.bends import WORLDS, Bends, echoed, thinned
from tests.simulator.money import actual, estimate, told

CREATE_FAULTS = (
    "lost reply",
    "not arrived",
    "error before",
    "error after",
    "quota",
    "full account",
    "not ready",
    "forbidden",
    "rejected",
    "unauthorized",
    "not sent",
    "slow",
    "late",
    "late error",
)
DUPLICATING_FAULTS = ("repeated", "repeated lost")
"""A proxy sends the POST twice: one of the three ways to two jobs that the create protocol admits."""
GATEWAY_FAULTS = ("resent, refused", "another's reply", "altered", "altered, lost")
"""The second sending is refused; the reply is about a job that was there; a setting is dropped on the way."""
LIST_FAULTS = ("error", "truncated page", "repeated page", "slow", "unauthorized")
LYING_FAULT = "lie"
"""The list claims to be whole and lacks its newest half: another of the three."""
CANCEL_FAULTS = (
    "lost reply",
    "error before",
    "error after",
    "quota",
    "slow",
    "accepted",
    "ignored",
    "refused",
)
OTHER_FAULTS = ("error", "slow")
UPLOAD_FAULTS = (*OTHER_FAULTS, "refused data", "processing", "failing")
FOR_GOOD = ("rejected", "forbidden", "refused data")
"""Refusals that hold until somebody lifts them; every other one must pass by itself."""

NOT_AGAIN_SOON = ("quota", "full account", "not sent")
"""After these the same create is sent no sooner than SOONEST_SECONDS later."""

SOONEST_SECONDS = 60.0
PROCESSING_SECONDS = 500.0
FAULTS = {
    "create": CREATE_FAULTS,
    "list": LIST_FAULTS,
    "cancel": CANCEL_FAULTS,
    "retrieve": OTHER_FAULTS,
    "upload": UPLOAD_FAULTS,
    "list files": OTHER_FAULTS,
}

SLOW_SECONDS = 70.0
"""Longer than the send window, so that what comes after a slow reply is late."""
LATE_SECONDS = 200.0
"""How long a request may be on its way after its client gave up: with any lag, less than the settle time."""
SILENT_SECONDS = 30.0
"""How long a job without stamps does not show its hyperparameters, as in the founding format."""

Key = tuple[str, str, int, int]
"""Lineage, name, generation, attempt: what may be paid once."""


NO_QUEUE = Queue()


class SimulatedClock:
    """Both clocks of every machine, in seconds. `ahead` is how far the wall clock has jumped."""

    def __init__(self) -> None:
        self.time = 1_000_000.0
        self.ahead = 0.0

    def now(self) -> float:
        return self.time + self.ahead

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


@dataclass(frozen=True)
class Arrival:
    """A create that is still on its way to the provider."""

    at: float
    request: JobRequest


class Account:
    """Everything at the provider. `truth` is what each paid job was asked for, stamps or not.

    `session` is that of an engine, and `lost` are the jobs that it has forgotten: until when each trains on.
    """

    def __init__(
        self,
        clock: SimulatedClock,
        dialect: str = "openai",
        queue: Queue = NO_QUEUE,
        bends: Bends = WORLDS["plain"],
    ) -> None:
        self.clock = clock
        self.bends = bends
        self.session: str | None = None
        self.lost: dict[str, float] = {}
        can = dialects()[dialect].capabilities
        if bends.tags != "none" and can.stamps:
            can = replace(can, stamp=StampPlace.SUFFIX, mark_retrieved=bends.tags != "listed")
        self.facts = ProviderFacts("p", dialect, can, queue=queue)
        self.jobs: dict[str, Job] = {}
        self.files: dict[str, UploadedFile] = {}
        self.truth: dict[str, Stamp] = {}
        self.faults: defaultdict[str, list[str]] = defaultdict(list)
        self.asked: Counter[str] = Counter()
        self.lag = 0.0
        self.hidden: dict[str, float] = {}
        self.was_hidden: set[str] = set()
        self.on_the_way: list[Arrival] = []
        self.cancel_asked: set[str] = set()
        self.altered: set[str] = set()
        self.cancelled_outside: set[str] = set()
        self.refused_for_good: set[str] = set()
        self.not_before: dict[str, float] = {}
        self.ready_at: dict[str, float] = {}
        self.failing: set[str] = set()
        self.highs: dict[str, Decimal] = {}
        self._numbers = itertools.count(1)

    def key(self, job_id: str) -> Key:
        """Say what a job of ours was paid for."""
        stamp = self.truth[job_id]
        return stamp.lineage, stamp.name, stamp.generation, stamp.attempt

    def key_of(self, request: JobRequest) -> Key:
        """Say what a create on its way will be paid for."""
        stamp = request.stamp
        return (stamp.lineage, stamp.name, stamp.generation, stamp.attempt) if stamp else ("", "", 0, 0)

    def paid_ids(self) -> set[str]:
        """Return the jobs that were paid for, as far as the provider still has them."""
        return self.truth.keys() & self.jobs.keys()

    def ours(self) -> list[tuple[str, Stamp]]:
        """Return the same with what each was asked for, in the order in which they came."""
        return [(job_id, stamp) for job_id, stamp in self.truth.items() if job_id in self.jobs]

    def paid(self) -> Counter[tuple[str, int, int]]:
        """Count the jobs of each name, generation and attempt."""
        return Counter((stamp.name, stamp.generation, stamp.attempt) for stamp in self.truth.values())

    def fault(self, operation: str) -> str:
        """Count a request, and take the fault that strikes it."""
        self.arrive()
        self.asked[operation] += 1
        queue = self.faults[operation]
        return queue.pop(0) if queue else "ok"

    def failed(self, kind: str, operation: str) -> ProviderError:
        """Say a fault as the transport would."""
        failure = Failure("p", operation)
        if kind in ("quota", "resent, refused"):
            return RateLimited("the account is full", failure=replace(failure, status=429))
        if kind == "rejected":
            return Rejected("refused", failure=replace(failure, status=400, message="refused", code="bad"))
        if kind == "full account":
            about = replace(failure, status=400, about=About.ACCOUNT)
            return RateLimited("the billing limit is reached", failure=about)
        if kind == "not ready":
            return NotReady("the model is not there yet", failure=replace(failure, status=404))
        if kind == "forbidden":
            return Forbidden("not for you", failure=replace(failure, status=403))
        if kind == "refused data":
            return Rejected("too large", failure=replace(failure, status=413))
        if kind == "refused":
            return Rejected("not now", failure=replace(failure, status=400))
        if kind == "unauthorized":
            return Unauthorized("the key is wrong", failure=replace(failure, status=401))
        if kind == "not sent":
            return NotSent("no route", failure=failure)
        status = 500 if "error" in kind else None
        return Ambiguous("the connection broke", failure=replace(failure, status=status))

    def refuse(self, kind: str, stamp: Stamp | None, words: str = "") -> None:
        """Note what a refusal forbids: to hold the create for ever, or to send it again too soon."""
        if kind in FOR_GOOD:
            self.refused_for_good.add(stamp.fingerprint if stamp else words)
        if kind in NOT_AGAIN_SOON and stamp is not None:
            self.not_before[stamp.nonce] = self.clock.now() + SOONEST_SECONDS

    def arrive(self) -> None:
        """Let those creates take effect whose time has come."""
        due = [one for one in self.on_the_way if one.at <= self.clock.time]
        for one in due:
            self.on_the_way.remove(one)
            self.start(one.request, one.at)

    @property
    def marks(self) -> bool:
        """Whether every job of ours shows its mark, and the mark whose it is."""
        can = self.facts.capabilities
        return can.stamps and not can.tags and self.bends.marks == "kept"

    def start(self, request: JobRequest, at: float | None = None, *, altered: bool = False) -> Job:
        """Make a job: from here on it costs money. `altered`: a setting was dropped on the way."""
        number = next(self._numbers)
        if (there := self.existing(request)) is not None:
            return there
        marked = self.facts.capabilities.stamps and self.bends.stores_mark(number)
        sent: dict[str, JSON] = dict.fromkeys(request.hyperparameters, "auto") if altered else {}
        asked = {**request.hyperparameters, **sent}
        shown = {f"hyperparameters.{key}": value for key, value in asked.items()}
        job = Job(
            id=self.id_of(request, number),
            provider="p",
            status=JobStatus.PENDING,
            model=request.model,
            created_at=at or self.clock.time,
            training_files=tuple(
                JobFile(file.id, self.files[file.id].filename) for file in request.training_files
            ),
            settings={path: value for path, value in shown.items() if path in self.facts.capabilities.echoes},
            stamp=request.stamp if marked else None,
        )
        self.jobs[job.id] = job
        self.highs[job.id] = Decimal(str(estimate(request.hyperparameters.get("n_epochs")).high))
        self.altered.discard(job.id)
        if altered and request.hyperparameters:
            self.altered.add(job.id)
        if request.stamp is not None:
            self.truth[job.id] = request.stamp
        return job

    def id_of(self, request: JobRequest, number: int) -> str:
        """Return the id of a job that is about to be made."""
        return f"job-{number}"

    def existing(self, request: JobRequest) -> Job | None:
        """Return the job that an earlier sending of the same create has made, where an id is ours."""
        return None

    def may_be_sent(self, request: JobRequest) -> bool:
        """Return whether a create may be sent now, where it may be sent in one session alone."""
        return True

    def shown(self, job: Job, *, listed: bool = False, created: bool = False) -> Job:
        """Return a job as the provider tells it: the founding format fills the settings in only later."""
        young = self.clock.time - (job.created_at or 0) < SILENT_SECONDS
        if young and not self.facts.capabilities.stamps:
            job = replace(job, settings={})
        if self.bends.marks == "hidden" and not created:
            job = replace(job, stamp=None)
        if self.facts.capabilities.tags and job.stamp is not None:
            hidden = self.bends.tags == "listed" and not (listed or created)
            job = replace(job, stamp=None, tag=None if hidden else job.stamp.tag)
        job = replace(job, price=told(job, self.highs.get(job.id)))
        if self.bends.echo:
            job = echoed(job)
        return thinned(job) if listed and self.bends.thin else job

    def costs(self, job_id: str, most: Decimal) -> Decimal:
        """Return what a job came to, or the most that it may."""
        job = self.jobs.get(job_id)
        return most if job is None or job.status.active else actual(job, most, job_id)

    def same_data(self, job_id: str, request: JobRequest) -> bool:
        """Return whether a job of ours can be known for what a request doubles: by mark or by file."""
        job = self.jobs[job_id]
        marked = self.bends.marks != "hidden" and job.stamp is not None and not self.facts.capabilities.tags
        return marked or [one.id for one in job.training_files] == [one.id for one in request.training_files]

    def forgot(self, job_id: str) -> bool:
        """Return whether an engine has lost its memory of this job: a new one may take its place."""
        return self.hidden.get(job_id) == float("inf")

    def sees(self, job_id: str) -> bool:
        """Return whether the provider admits that it has this job."""
        return job_id in self.jobs and self.hidden.get(job_id, 0.0) <= self.clock.time

    def store_file(self, filename: str, kind: str = "ok") -> UploadedFile:
        """Keep an uploaded file."""
        file = UploadedFile(f"file-{next(self._numbers)}", filename, 10, created_at=self.clock.time)
        self.files[file.id] = file
        if kind == "processing":
            self.ready_at[file.id] = self.clock.time + PROCESSING_SECONDS
        elif kind == "failing":
            self.failing.add(file.id)
        return self.file_shown(file.id)

    def file_shown(self, file_id: str) -> UploadedFile:
        """Return a file as the provider tells it."""
        ready = self.ready_at.get(file_id, 0.0) <= self.clock.time
        state = FileState.READY if ready else FileState.PROCESSING
        if file_id in self.failing:
            state = FileState.FAILED
        return replace(self.files[file_id], state=state)

    def files_listed(self) -> tuple[UploadedFile, ...]:
        """Return every file as the list tells it."""
        return tuple(self.file_shown(file_id) for file_id in self.files)

    def trains_on(self, file_id: str) -> bool:
        """Return whether a create with this file is taken."""
        return self.file_shown(file_id).state is FileState.READY

    def hide(self, job_id: str, seconds: float) -> None:
        """Let a job vanish for a while."""
        self.hidden[job_id] = self.clock.time + seconds
        self.was_hidden.add(job_id)

    def cancel_outside(self, job_id: str) -> None:
        """Let somebody else cancel a job."""
        if self.jobs[job_id].status.active and job_id not in self.cancel_asked:
            self.cancelled_outside.add(job_id)
            self._end(job_id, JobStatus.CANCELLED)

    def finish(self, status: JobStatus, only: str | None = None) -> None:
        """End every active job, or one; those that are being cancelled end as cancelled."""
        for job in list(self.jobs.values()):
            if job.status.active and only in (None, job.id):
                cancelling = job.status is JobStatus.CANCELLING
                self._end(job.id, JobStatus.CANCELLED if cancelling else status)

    def _end(self, job_id: str, status: JobStatus) -> None:
        job = self.jobs[job_id]
        self.jobs[job_id] = replace(
            job,
            status=status,
            finished_at=self.clock.time,
            fine_tuned_model=f"model-of-{job_id}" if status is JobStatus.SUCCEEDED else None,
            error=JobError("server_error", "it broke", FailureClass.PROVIDER_ERROR)
            if status is JobStatus.FAILED
            else None,
        )
