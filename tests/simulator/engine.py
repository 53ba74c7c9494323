"""An engine: ids are ours, a repeat finds its job, and its memory may be lost while jobs train on."""

from __future__ import annotations

from hashlib import sha256

from ftops.model.job import Job, JobStatus
from ftops.model.queue import Queue
from ftops.model.request import JobRequest
from ftops.model.value import replace
from tests.simulator.account import Account, SimulatedClock
from tests.simulator.bends import Bends

ORPHAN_SECONDS = 62.0
"""How long a job trained on at another node after its head was killed (Ray 2.60, as it was run)."""


class Engine(Account):
    """Takes a job's id from its create, once in a session; tells how a job ended only to who asks for it."""

    def __init__(self, clock: SimulatedClock, dialect: str, queue: Queue, bends: Bends) -> None:
        super().__init__(clock, dialect, queue, bends)
        can = replace(self.facts.capabilities, repeats=True, outcome_listed=False)
        self.facts = replace(self.facts, capabilities=can)
        self._sessions = 1
        self.session = "session-1"

    def forget(self) -> None:
        """Lose the memory: no job is known any more, and those that run train on for a while."""
        self._sessions += 1
        self.session = f"session-{self._sessions}"
        for job in self.jobs.values():
            if job.status.active and self.sees(job.id):
                self.lost[job.id] = self.clock.now() + ORPHAN_SECONDS
            self.hide(job.id, float("inf"))

    def id_of(self, request: JobRequest, number: int) -> str:
        """Hash what `ray` hashes: the same create has the same id, and no other create ever has it."""
        stamp = request.stamp
        if stamp is None:
            return super().id_of(request, number)
        parts = (stamp.lineage, stamp.name, stamp.fingerprint, stamp.generation, stamp.attempt)
        return f"job-{stamp.name}-{sha256(repr(parts).encode()).hexdigest()[:8]}"

    def existing(self, request: JobRequest) -> Job | None:
        """A second create of one id is refused, and means the job; a forgotten id is free again."""
        job_id = self.id_of(request, 0)
        if job_id in self.jobs and self.sees(job_id):
            return self.jobs[job_id]
        return None

    def start(self, request: JobRequest, at: float | None = None, *, altered: bool = False) -> Job:
        """Make a job, or find it; one under the id of a forgotten one is seen again."""
        made = super().start(request, at, altered=altered)
        self.hidden.pop(made.id, None)
        return made

    def may_be_sent(self, request: JobRequest) -> bool:
        """A create of another session is not sent."""
        return request.session in (None, self.session)

    def shown(self, job: Job, *, listed: bool = False, created: bool = False) -> Job:
        """A list, or a reply, tells of a success and not what it made."""
        told = super().shown(job, listed=listed, created=created)
        if listed or created or job.status is not JobStatus.SUCCEEDED:
            return replace(told, fine_tuned_model=None)
        return replace(told, result={"id": job.id, "train_loss": 0.5})
