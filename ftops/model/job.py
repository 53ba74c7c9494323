"""Job: one fine-tuning run as a provider reports it, in our words."""

from __future__ import annotations

from base64 import b32encode
from collections.abc import Mapping
from enum import StrEnum
from hashlib import sha256

from msgspec import Struct, field

from ftops.model.json_value import JSON, JSONObject
from ftops.model.spending import Amount


class JobStatus(StrEnum):
    """Our words for where a job is. A status that no dialect knows is `unknown`, and counts as active."""

    PENDING = "pending"
    RUNNING = "running"
    PAUSED = "paused"
    CANCELLING = "cancelling"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"

    @property
    def active(self) -> bool:
        """Return whether the job may still run and cost; only a surely ended one does not."""
        return self is not _SUCCEEDED and self is not _FAILED and self is not _CANCELLED


_SUCCEEDED, _FAILED, _CANCELLED = JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED
"""By identity: a set would ask for the hash of an enum, which is slow, a hundred thousand times."""


class FailureClass(StrEnum):
    """Whose fault a job's failure is; decides whether `retry` may try it again.

    `moderation`: the provider refuses what the data or the model says. `billing`: the account cannot pay.
    """

    USER_ERROR = "user_error"
    PROVIDER_ERROR = "provider_error"
    QUOTA = "quota"
    MODERATION = "moderation"
    BILLING = "billing"
    UNKNOWN = "unknown"


class JobError(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """Why a job failed or a create was refused, in the provider's words."""

    code: str | None
    message: str
    failure_class: FailureClass = FailureClass.UNKNOWN

    def __str__(self) -> str:
        return f"{self.code}: {self.message}" if self.code else self.message


class Stamp(Struct, frozen=True, gc=False):
    """The mark ftops leaves on a job where the dialect has room for one: whose job it is."""

    project: str
    lineage: str
    name: str
    fingerprint: str
    generation: int
    attempt: int
    nonce: str

    @property
    def tag(self) -> str:
        """Return the short form of the mark, for where a whole one does not fit: `f` and 8 more.

        They are digits and letters without a, e, i and o: no word such as `finetuned` is one. A tag says
        nothing by itself: only a state that knows the nonce can tell whose job it is.
        """
        digest = sha256(f"{self.lineage}:{self.nonce}".encode()).digest()
        return f"f{b32encode(digest)[:8].decode().lower().translate(_NO_WORDS)}"


_NO_WORDS = str.maketrans("aeio", "0189")

TAG_LENGTH = 9
"""Characters of a tag; 40 bits of a digest, so that two of a project's jobs never have the same."""


class JobFile(Struct, frozen=True, gc=False):
    """A file as a job names it; `filename` only where the provider embeds the whole file object."""

    id: str
    filename: str | None = None


class Job(Struct, frozen=True, gc=False):
    """One job at a provider. Times are Unix seconds; None means that the reply did not say.

    `settings` holds what the reply shows of the request, by manifest path (`hyperparameters.n_epochs`,
    `seed`, ...); a provider may fill it in only later, so an absent or null value contradicts nothing.
    `suffix` is what a manifest says, `tag` the short mark that was found behind it or in the id. A tag counts
    only where a state knows it: then the job has its `stamp` too (`records.tags`). `result` is what a trainer
    told of its training: losses, checkpoints, steps. `price` is what the provider says that it cost, once
    it has ended.
    """

    id: str
    provider: str
    status: JobStatus
    raw_status: str = ""
    model: str | None = None
    fine_tuned_model: str | None = None
    created_at: float | None = None
    finished_at: float | None = None
    estimated_finish: float | None = None
    trained_tokens: int | None = None
    training_files: tuple[JobFile, ...] = ()
    validation_files: tuple[JobFile, ...] = ()
    result_files: tuple[str, ...] = ()
    settings: Mapping[str, JSON] = field(default_factory=dict)
    suffix: str | None = None
    error: JobError | None = None
    stamp: Stamp | None = None
    tag: str | None = None
    organization: str | None = None
    result: JSONObject = field(default_factory=dict)
    price: Amount | None = None


class JobEvent(Struct, frozen=True):
    """Something that a provider says happened to a job. `id` is None in dialects without event ids."""

    created_at: float | None
    level: str
    message: str
    type: str = "message"
    data: JSON = None
    id: str | None = None


class Progress(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """When a running job was last seen to move (Unix seconds), and its newest event that was looked at."""

    since: float
    event: str | None = None


class JobList(Struct, frozen=True):
    """All jobs of a provider, or as many as could be had.

    `complete` is False when a page failed, a cursor repeated or the pages contradict each other: then
    nothing may be concluded from the absence of a job. `problem` says why, in one sentence, and `hint` what
    to do where another try would not help. `session` names the memory of an engine that may lose it: another
    session knows nothing of the jobs of this one.
    """

    jobs: tuple[Job, ...]
    complete: bool = True
    problem: str | None = None
    hint: str | None = None
    session: str | None = None


class FileState(StrEnum):
    """Our words for whether a job can be made from a file. `unknown`: the provider does not say.

    `uploaded` is where files of some servers stay for ever, and of others only until they are processed.
    """

    READY = "ready"
    UPLOADED = "uploaded"
    PROCESSING = "processing"
    FAILED = "failed"
    GONE = "gone"
    UNKNOWN = "unknown"


class UploadedFile(Struct, frozen=True):
    """A file at a provider. `problem` is why it failed, in the provider's words."""

    id: str
    filename: str
    bytes: int | None = None
    purpose: str | None = None
    status: str | None = None
    created_at: float | None = None
    expires_at: float | None = None
    state: FileState = FileState.UNKNOWN
    problem: str | None = None
