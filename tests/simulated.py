"""A provider, clocks and a runner without network: the real planner and applier work against these."""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from ftops.applier.context import Hands
from ftops.errors import Ambiguous, Failure, NotFound, RateLimited, Rejected
from ftops.model.dataset import Dataset
from ftops.model.event import ChangeResult, Event
from ftops.model.finetune import DataFile, FineTune, Lifecycle, Upstream
from ftops.model.job import Job, JobEvent, JobFile, JobList, JobStatus, UploadedFile
from ftops.model.observation import ProviderFacts
from ftops.model.plan import Plan
from ftops.model.project import Limits, Project, StateSettings
from ftops.model.request import JobRequest
from ftops.model.state import State
from ftops.model.value import replace
from ftops.providers.provider import Reply
from ftops.providers.registry import DIALECTS
from ftops.reconciler.line import carry_out, make_plan
from ftops.reconciler.observing import look_closer, observe
from ftops.reconciler.values import Loaded, Reviewed
from ftops.review.selection import Selection
from ftops.state.backend import Holder
from ftops.state.backends.memory import MemoryBackend
from ftops.state.manager import StateManager

FAULTS = ("ok", "lost reply", "not arrived", "quota", "rejected")


class Crash(BaseException):
    """The process dies here: nothing after this line happens."""


class SimulatedClock:
    def __init__(self) -> None:
        self.time = 1_000_000.0

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


class SimulatedProvider:
    """Keeps jobs in memory; `faults` are what happens to the next creates, `lag` hides new jobs."""

    def __init__(self, clock: SimulatedClock, dialect: str = "openai") -> None:
        self._clock = clock
        self._numbers = itertools.count(1)
        self.facts = ProviderFacts("p", dialect, DIALECTS[dialect].capabilities)
        self.jobs: dict[str, Job] = {}
        self.files: dict[str, UploadedFile] = {}
        self.faults: list[str] = []
        self.lag = 0.0
        self.crash_in: int | None = None

    def paid(self) -> Counter[tuple[str, int, int]]:
        """Count the jobs of each name, generation and attempt."""
        stamps = [job.stamp for job in self.jobs.values() if job.stamp]
        return Counter((stamp.name, stamp.generation, stamp.attempt) for stamp in stamps)

    def create_fine_tune(self, request: JobRequest) -> Job:
        self._step()
        fault = self.faults.pop(0) if self.faults else "ok"
        failure = Failure("p", "create")
        if fault == "not arrived":
            raise Ambiguous("the connection broke", failure=failure)
        if fault == "quota":
            raise RateLimited("full", failure=failure)
        if fault == "rejected":
            raise Rejected("refused", failure=replace(failure, message="refused", code="bad"))
        number = next(self._numbers)
        job = Job(
            id=f"job-{number}",
            provider="p",
            status=JobStatus.PENDING,
            model=request.model,
            created_at=self._clock.now(),
            training_files=tuple(
                JobFile(file.id, self.files[file.id].filename) for file in request.training_files
            ),
            stamp=request.stamp if self.facts.capabilities.stamps else None,
        )
        self.jobs[job.id] = job
        self._step()
        if fault == "lost reply":
            raise Ambiguous("the connection broke", failure=failure)
        return job

    def create_fine_tune_with_http_info(self, request: JobRequest) -> Reply[Job]:
        return self.create_fine_tune(request), 200, {}

    def list_fine_tunes(self) -> JobList:
        newest = self._clock.now() - self.lag
        return JobList(tuple(job for job in self.jobs.values() if (job.created_at or 0) <= newest))

    def list_fine_tunes_with_http_info(self) -> Reply[JobList]:
        return self.list_fine_tunes(), 200, {}

    def retrieve_fine_tune(self, fine_tune_id: str) -> Job:
        if fine_tune_id not in self.jobs:
            raise NotFound("no such job", failure=Failure("p", "retrieve", status=404))
        return self.jobs[fine_tune_id]

    def retrieve_fine_tune_with_http_info(self, fine_tune_id: str) -> Reply[Job]:
        return self.retrieve_fine_tune(fine_tune_id), 200, {}

    def cancel_fine_tune(self, fine_tune_id: str) -> Job:
        self._step()
        job = self.retrieve_fine_tune(fine_tune_id)
        if not job.status.active:
            raise Rejected("it has ended", failure=Failure("p", "cancel", status=400))
        self.jobs[job.id] = replace(job, status=JobStatus.CANCELLED)
        self._step()
        return self.jobs[job.id]

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

    def upload_file(self, path: Path, filename: str, sha256: str) -> UploadedFile:
        file = UploadedFile(f"file-{next(self._numbers)}", filename, 10)
        self.files[file.id] = file
        return file

    def list_files(self) -> tuple[UploadedFile, ...]:
        return tuple(self.files.values())

    def retrieve_file(self, file_id: str) -> UploadedFile:
        return self.files[file_id]

    def download_file(self, file_id: str) -> bytes:
        return b""

    def delete_file(self, file_id: str) -> None:
        del self.files[file_id]

    def list_models(self) -> tuple[str, ...]:
        return ()

    def delete_model(self, model: str) -> None:
        raise AssertionError("ftops never deletes a model")

    def close(self) -> None:
        """There is nothing to close."""

    def finish(self, status: JobStatus) -> None:
        """End every active job."""
        for job in list(self.jobs.values()):
            if job.status.active:
                model = f"model-of-{job.id}" if status is JobStatus.SUCCEEDED else None
                self.jobs[job.id] = replace(job, status=status, fine_tuned_model=model)

    def _step(self) -> None:
        """Die, if this is where the run was told to."""
        if self.crash_in is not None:
            self.crash_in -= 1
            if self.crash_in < 0:
                self.crash_in = None
                raise Crash


def fine_tune(name: str, version: int = 1, upstream: str | None = None, **lifecycle: object) -> FineTune:
    return FineTune(
        name=name,
        provider="p",
        model=Upstream(upstream) if upstream else "gpt-4o-mini",
        training_files=(DataFile(path=f"{name}.jsonl"),),
        hyperparameters={"n_epochs": version},
        lifecycle=Lifecycle(**lifecycle),  # type: ignore[arg-type]  # keywords of a test
    )


class World:
    """One project, one provider, one state; `apply` is a whole run of ftops."""

    def __init__(self, dialect: str = "openai") -> None:
        self.clock = SimulatedClock()
        self.provider = SimulatedProvider(self.clock, dialect)
        self.backend = MemoryBackend(self.clock.now)
        self.declared: dict[str, FineTune] = {}
        self._nonces = itertools.count(1)
        self._lineages = itertools.count(1)
        self.serials: list[int] = []
        self.extra_datasets: tuple[str, ...] = ()

    def plan(self) -> Plan:
        manager = self._manager()
        return self._planned(manager)[1].plan

    def state(self) -> State:
        """Return the state as it is stored."""
        return self._manager().read()

    def actions(self) -> dict[str, str]:
        return {c.name: f"{c.action.value} {c.reason.value}" for c in self.plan().changes}

    def apply(self, *, stopping: bool = False) -> tuple[ChangeResult, ...]:
        manager = self._manager()
        holder = Holder("id", "me", "here", 1, "apply", self.clock.now())
        lease = manager.lock(holder, 0)
        try:
            loaded, reviewed = self._planned(manager)
            if reviewed.review.violations:
                return ()
            hands = Hands(
                providers={"p": self.provider},
                manager=manager,
                lock=lease,
                clock=self.clock,
                new_nonce=lambda: f"nonce-{next(self._nonces)}",
                stopping=lambda: stopping,
                emit=_ignore,
                parallelism=1,
            )
            return carry_out(loaded, reviewed, reviewed.plan.effective_changes, hands).results
        finally:
            lease.release()
            self.serials.append(manager.read().serial)

    def _manager(self) -> StateManager:
        return StateManager(self.backend, "sim", new_lineage=lambda: f"lineage-{next(self._lineages)}")

    def _planned(self, manager: StateManager) -> tuple[Loaded, Reviewed]:
        datasets: Mapping[str, Dataset] = {
            f"{name}.jsonl": _dataset(f"{name}.jsonl", name)
            for name in (*self.declared, *self.extra_datasets)
        }
        project = Project(
            "sim",
            ("jobs/",),
            StateSettings("state"),
            {},
            limits=Limits(max_creates=1000, max_cancels=1000, max_cancels_percent=100),
        )
        loaded = Loaded(Path(), project, {"p": self.provider.facts}, tuple(self.declared.values()), datasets)
        state = manager.read()
        seen = observe({"p": self.provider}, [self.provider.facts], state, self.clock)
        look = partial(look_closer, {"p": self.provider})
        lifted = {"vanished": 1000.0}
        chosen = Selection(allow_empty=True, lifted=lifted)
        return loaded, make_plan(loaded, seen, state, chosen, self.clock.now(), look)


def _dataset(path: str, rows: str) -> Dataset:
    """A file whose bytes have another digest than its rows, so that nobody can take one for the other."""
    digests = [hashlib.sha256(f"{what}{rows}".encode()).hexdigest() for what in ("", "bytes of ")]
    return Dataset(path, digests[0], 10, 1, digests[1])


def _ignore(event: Event) -> None:
    """Nobody watches."""
