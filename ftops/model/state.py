"""State: which job ftops made for which fine-tune; what a run remembers for the next one.

These values are also the state file (`ftops.state.statefile`). There a member that has its default is left
out, and an unknown one is refused, since the next write would lose it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from msgspec import Struct, field

from ftops.model.ack import Ack
from ftops.model.change import FieldDifference
from ftops.model.commit import AppliedCommit
from ftops.model.finetune import Lifecycle
from ftops.model.identifiers import Count, Fingerprint, Name, ProvidersId, SHA256Hex, Word
from ftops.model.job import Job, JobError, JobStatus
from ftops.model.json_value import JSON, JSONObject
from ftops.model.kept_result import kept_result
from ftops.model.provider_memory import ProviderMemory
from ftops.model.refusal import Refusal
from ftops.model.spending import Charge, Purchase, surest
from ftops.model.transition import Condition, Delivery, Observable, Transition
from ftops.model.value import replace

_T = TypeVar("_T")


class SentRequest(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """What a create asks for, by which its job is recognised where no mark comes back.

    `known` is what the job would show of the request (manifest paths; files as `{"id", "sha256"}`), `seen`
    the ids of unrecorded jobs that looked like it before it was sent: these are not its job.
    """

    provider: Word
    known: Mapping[str, JSON] = field(default_factory=dict)
    seen: tuple[ProvidersId, ...] = ()


class Intent(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """A durable note "about to create this", written before the request that costs money.

    Times are Unix seconds. The POST may be sent until `not_after` and never later; once the provider
    has answered, however badly, `not_after` is that instant. `known` and `seen` are those of its
    SentRequest. `replied` is the job named by an answer that could not be trusted: while it is there and
    nobody's, nothing is sent again. `absent_since` is the start of the first complete list, after the settle
    time, that lacked the job: only a second one, a settle time later, proves that it never arrived. A clock
    that jumps forward proves nothing.
    A `lapsed` intent certainly never arrived: its nonce, generation and attempt serve the next create.
    `withdrawn_at` is when a run knew that it had not sent it; `refusal` what the provider answered last.
    `repeats_in` is the session in which sending it again makes no second job, where there is one, and
    `repeats_as` what its id was made of. One that has lapsed for that alone is `unanswered`: it may have
    arrived, so it is in doubt again in another session, where its job may live on, and once something else
    is to be sent (`records.repeating`). `purchase` is what it costs, and who wanted it: its job keeps that.
    """

    provider: Word
    nonce: Word
    fingerprint: Fingerprint
    generation: Count
    attempt: Count
    spec: JSONObject
    created_at: float
    not_after: float
    known: Mapping[str, JSON] = field(default_factory=dict)
    seen: tuple[ProvidersId, ...] = ()
    replied: ProvidersId | None = None
    absent_since: float | None = None
    lapsed: bool = False
    withdrawn_at: float | None = None
    refusal: Refusal | None = None
    repeats_in: Word | None = None
    repeats_as: Word | None = None
    unanswered: bool = False
    purchase: Purchase | None = None

    @property
    def request(self) -> SentRequest:
        """What it asks for, as it is kept when the intent is gone."""
        return SentRequest(self.provider, self.known, self.seen)


class RecordedJob(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """A job that ftops made or adopted, with the identity it was made under.

    `cancel_requested` is noted before a cancel is sent, `cancel_accepted` after the provider took it:
    the first alone means that a run may have died in between, so the cancel is sent again.
    `missing_since` is when a complete list first lacked it. A `detached` job keeps running, unwatched.
    `request` is what its create asked for, None for a job that ftops did not create. `altered` are fields
    that the provider shows otherwise than they were sent (before: sent, after: shown). A job known only by
    `likeness`, on a file that is not this project's alone, is never cancelled without a person. One that
    a person has `accepted` is taken as it is: neither altered nor doubted. `result` is what the trainer told.
    `purchase` is None for a job that ftops found; `charge` is what it cost, once that is known.
    """

    id: ProvidersId
    provider: Word
    fingerprint: Fingerprint
    generation: Count
    attempt: Count
    nonce: Word | None
    status: JobStatus
    created_at: float | None = None
    finished_at: float | None = None
    model: str | None = None
    fine_tuned_model: str | None = None
    trained_tokens: Count | None = None
    error: JobError | None = None
    missing_since: float | None = None
    cancel_requested: float | None = None
    cancel_accepted: float | None = None
    detached: bool = False
    request: SentRequest | None = None
    altered: tuple[FieldDifference, ...] = ()
    likeness: bool = False
    accepted: bool = False
    result: JSONObject = field(default_factory=dict)
    purchase: Purchase | None = None
    charge: Charge | None = None

    def seen_as(self, job: Job) -> RecordedJob:
        """Take over what the provider says now; a value once known is not lost to a thinner reply."""
        return self if self._shows(job) else self._taken_over(job)

    def _shows(self, job: Job) -> bool:
        """Return whether a reply says nothing new: so it is for most jobs of most runs."""
        return (
            job.status is self.status
            and self.missing_since is None
            and self.error is None
            and job.status is not JobStatus.FAILED
            and (job.created_at is None or job.created_at == self.created_at)
            and (job.finished_at is None or job.finished_at == self.finished_at)
            and (job.model is None or job.model == self.model)
            and (job.fine_tuned_model is None or job.fine_tuned_model == self.fine_tuned_model)
            and (job.trained_tokens is None or job.trained_tokens == self.trained_tokens)
            and (not job.result or kept_result(job.result) == self.result)
            and (job.price is None or surest(self.charge, job.price) == self.charge)
        )

    def _taken_over(self, job: Job) -> RecordedJob:
        failed = job.status is JobStatus.FAILED
        # One that we have stopped may end as a failure where the stop met its start.
        stopped = failed and self.cancel_requested is not None
        return replace(
            self,
            status=JobStatus.CANCELLED if stopped else job.status,
            created_at=_known(job.created_at, self.created_at),
            finished_at=_known(job.finished_at, self.finished_at),
            model=_known(job.model, self.model),
            fine_tuned_model=_known(job.fine_tuned_model, self.fine_tuned_model),
            trained_tokens=_known(job.trained_tokens, self.trained_tokens),
            error=_known(job.error, self.error) if failed else None,
            missing_since=None,
            result=kept_result(job.result) or self.result,
            charge=surest(self.charge, job.price),
        )


class Record(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """What ftops remembers of one fine-tune.

    `fingerprint` is that of the training this record stands for, `spec` its canonical form.
    `provider` is that of the training; an earlier job names its own.
    `generation` is the highest number ever used for the name and `attempt` the highest within it: they
    never fall, while `job.generation` is the job's own (a restored job is older than the record).
    A create that the provider refused is an `intent` that has lapsed. `spent_nonces` are those of creates
    that were given up: a job that turns up with one is ours and nobody waits for it; `requests` are what
    they asked for, by which a job without a mark is noticed. `cancelled_by_hand` are the fingerprints that
    were declared, running or in doubt when a person cancelled the name: none of them is trained until that
    person says so, and a job that trains one is stopped.
    """

    provider: Word
    fingerprint: Fingerprint
    generation: Count
    attempt: Count
    spec: JSONObject = field(default_factory=dict)
    lifecycle: Lifecycle = Lifecycle()
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    integrations: tuple[JSON, ...] = ()
    intent: Intent | None = None
    job: RecordedJob | None = None
    history: tuple[RecordedJob, ...] = ()
    spent_nonces: tuple[Word, ...] = ()
    requests: tuple[SentRequest, ...] = ()
    cancelled_by_hand: tuple[Fingerprint, ...] = ()

    @property
    def refused(self) -> Refusal | None:
        """What the provider answered to the create that is wanted still and was not made."""
        return self.intent.refusal if self.intent and self.intent.lapsed else None

    @property
    def jobs(self) -> tuple[RecordedJob, ...]:
        """Every job of the fine-tune, the current one first."""
        return (self.job, *self.history) if self.job else self.history


class ArchivedRecord(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """What stays of a forgotten fine-tune, so that re-adding it re-uses its model and never its numbers.

    What a person has cancelled stays cancelled, however often its manifest is removed and added again.
    """

    generation: Count
    jobs: tuple[RecordedJob, ...] = ()
    spent_nonces: tuple[Word, ...] = ()
    requests: tuple[SentRequest, ...] = ()
    cancelled_by_hand: tuple[Fingerprint, ...] = ()


class State(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """Everything that is remembered. `serial` grows with each write; `lineage` is made once, with the state.

    `datasets` maps provider -> SHA-256 -> file id; `not_mine` maps provider -> ids of jobs that a person
    declared to be somebody else's; `providers` what is remembered of each, by name. `applied` is what was
    last applied, where git reported it. `observed` are the conditions that were true when a round last
    looked, None where none has; `events` what newly came true, the oldest first. `acks` are the failures
    that a person knows about, by fine-tune.
    """

    project: Name
    lineage: Word
    serial: Count = 0
    fine_tunes: Mapping[Name, Record] = field(default_factory=dict)
    archive: Mapping[Name, ArchivedRecord] = field(default_factory=dict)
    datasets: Mapping[Word, Mapping[SHA256Hex, ProvidersId]] = field(default_factory=dict)
    not_mine: Mapping[Word, tuple[ProvidersId, ...]] = field(default_factory=dict)
    providers: Mapping[Word, ProviderMemory] = field(default_factory=dict)
    applied: AppliedCommit | None = None
    observed: Mapping[Observable, tuple[Condition, ...]] | None = None
    events: tuple[Transition, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    acks: Mapping[Name, Ack] = field(default_factory=dict)

    def with_record(self, name: str, record: Record) -> State:
        """Return the state with this record in place of the name's old one."""
        return replace(self, fine_tunes={**self.fine_tunes, name: record})

    def cancelled_by_hand(self, name: str) -> frozenset[str]:
        """Return the fingerprints that a person has cancelled under this name."""
        kept = (self.fine_tunes.get(name), self.archive.get(name))
        return frozenset(one for entry in kept if entry is not None for one in entry.cancelled_by_hand)

    def session(self, provider: str) -> str | None:
        """Return the session of the provider's last list."""
        memory = self.providers.get(provider)
        return memory.session if memory else None

    def with_session(self, provider: str, session: str) -> State:
        """Return the state that knows the session of this provider."""
        memory = replace(self.providers.get(provider, ProviderMemory()), session=session)
        return replace(self, providers={**self.providers, provider: memory})

    def unmarked(self, provider: str) -> bool:
        """Return whether this provider is known not to return the marks that it is sent."""
        memory = self.providers.get(provider)
        return memory is not None and memory.unmarked_since is not None

    def with_unmarked(self, provider: str, now: float) -> State:
        """Return the state that knows this provider as unmarked; the first time that was seen stays."""
        if self.unmarked(provider):
            return self
        memory = replace(self.providers.get(provider, ProviderMemory()), unmarked_since=now)
        return replace(self, providers={**self.providers, provider: memory})


def _known(new: _T | None, old: _T | None) -> _T | None:
    return old if new is None else new
