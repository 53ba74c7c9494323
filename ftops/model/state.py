"""State: which job ftops made for which fine-tune; what a run remembers for the next one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from ftops.model.commit import AppliedCommit
from ftops.model.finetune import Lifecycle
from ftops.model.job import Job, JobError, JobStatus
from ftops.model.json_value import JSON, JSONObject

FINGERPRINT_VERSION = 1
"""The canonical form that new records use; older records are compared in their own."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Intent:
    """A durable note "about to create this", written before the request that costs money.

    Times are Unix seconds. The POST may be sent until `not_after` and never later; once the provider
    has answered, however badly, `not_after` is that instant. `known` is what the job would show of the
    request (manifest paths; files by id) and `lookalikes` the ids of unrecorded jobs that already looked
    like it before: both serve to recognise a job that carries no stamp.
    A `lapsed` intent certainly never arrived: its nonce, generation and attempt serve the next create.
    """

    provider: str
    nonce: str
    fingerprint: str
    fingerprint_version: int
    generation: int
    attempt: int
    spec: JSONObject
    created_at: float
    not_after: float
    known: Mapping[str, JSON] = field(default_factory=dict)
    lookalikes: tuple[str, ...] = ()
    lapsed: bool = False


@dataclass(frozen=True, slots=True)
class RecordedJob:
    """A job that ftops made or adopted, with the identity it was made under.

    `cancel_requested` is noted before a cancel is sent, `cancel_accepted` after the provider took it:
    the first alone means that a run may have died in between, so the cancel is sent again.
    `missing_since` is when a complete list first lacked it. A `detached` job runs on, unwatched.
    """

    id: str
    provider: str
    fingerprint: str
    generation: int
    attempt: int
    nonce: str | None
    status: JobStatus
    created_at: float | None = None
    finished_at: float | None = None
    model: str | None = None
    fine_tuned_model: str | None = None
    trained_tokens: int | None = None
    error: JobError | None = None
    missing_since: float | None = None
    cancel_requested: float | None = None
    cancel_accepted: float | None = None
    detached: bool = False

    def seen_as(self, job: Job) -> RecordedJob:
        """Take over what the provider says now; a value once known is not lost to a thinner reply."""
        return replace(
            self,
            status=job.status,
            created_at=_known(job.created_at, self.created_at),
            finished_at=_known(job.finished_at, self.finished_at),
            model=_known(job.model, self.model),
            fine_tuned_model=_known(job.fine_tuned_model, self.fine_tuned_model),
            trained_tokens=_known(job.trained_tokens, self.trained_tokens),
            error=job.error if job.status is JobStatus.FAILED else None,
            missing_since=None,
        )


@dataclass(frozen=True, slots=True)
class Record:
    """What ftops remembers of one fine-tune.

    `fingerprint` is that of the training this record stands for, `spec` its canonical form.
    `provider` is that of the training; an earlier job names its own.
    `generation` is the highest number ever used for the name and `attempt` the highest within it: they
    never fall, while `job.generation` is the job's own (a restored job is older than the record).
    `rejected` is the provider's refusal to create exactly this fingerprint. `spent_nonces` are those of
    creates that were given up: a job that turns up with one is ours and nobody waits for it.
    """

    provider: str
    fingerprint: str
    fingerprint_version: int
    generation: int
    attempt: int
    spec: JSONObject
    lifecycle: Lifecycle = field(default_factory=Lifecycle)
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    integrations: tuple[JSON, ...] = ()
    intent: Intent | None = None
    job: RecordedJob | None = None
    rejected: JobError | None = None
    history: tuple[RecordedJob, ...] = ()
    spent_nonces: tuple[str, ...] = ()

    @property
    def jobs(self) -> tuple[RecordedJob, ...]:
        """Every job of the fine-tune, the current one first."""
        return (self.job, *self.history) if self.job else self.history


@dataclass(frozen=True, slots=True)
class ArchivedRecord:
    """What stays of a forgotten fine-tune, so that re-adding it re-uses its model and never its numbers."""

    generation: int
    jobs: tuple[RecordedJob, ...] = ()
    spent_nonces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """Everything that is remembered. `serial` grows with each write; `lineage` is made once, with the state.

    `datasets` maps provider -> SHA-256 -> file id; `not_mine` maps provider -> ids of jobs that a person
    declared to be somebody else's. `applied` is what was last applied, where git told it.
    """

    project: str
    lineage: str
    serial: int = 0
    fine_tunes: Mapping[str, Record] = field(default_factory=dict)
    archive: Mapping[str, ArchivedRecord] = field(default_factory=dict)
    datasets: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    not_mine: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    applied: AppliedCommit | None = None

    def with_record(self, name: str, record: Record) -> State:
        """Give the state with this record in place of the name's old one."""
        return replace(self, fine_tunes={**self.fine_tunes, name: record})


def _known(new: _T | None, old: _T | None) -> _T | None:
    return old if new is None else new
