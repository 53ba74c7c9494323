"""Change: one step of a plan, with the reason for it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import UNSET, Struct, UnsetType, field

from ftops.errors import Problem
from ftops.model.data_difference import RowSample, RowsDifference
from ftops.model.finetune import Source
from ftops.model.json_value import JSON, JSONObject
from ftops.model.queue import QueuePlace
from ftops.model.review import Afterwards, CostEstimate


class Action(StrEnum):
    """What is done about one thing, in the order in which a plan shows it."""

    CREATE = "create"
    ADOPT = "adopt"
    REPLACE = "replace"
    CANCEL = "cancel"
    FORGET = "forget"
    UPDATE = "update"
    WAIT = "wait"
    HOLD = "hold"
    KEEP = "keep"

    @property
    def effective(self) -> bool:
        """Return whether applying it changes anything, at the provider or in the state."""
        return self not in (Action.WAIT, Action.HOLD, Action.KEEP)

    @property
    def creates(self) -> bool:
        """Return whether applying it starts a paid job."""
        return self in (Action.CREATE, Action.REPLACE)


class Reason(StrEnum):
    """Why: stable words for machines. `Change.message` says it to a person."""

    NEW = "new"
    CHANGED = "changed"
    RETRY = "retry"
    RE_DECLARED = "re-declared"
    REMOVED = "removed"
    DETACHED = "detached"
    DUPLICATE = "duplicate"
    SUPERSEDED = "superseded"
    RESTORED = "restored"
    FOUND_AT_PROVIDER = "found-at-provider"
    LOST_REPLY = "lost-reply"
    SETTINGS = "settings"
    RENAMED = "renamed"
    SUCCEEDED = "succeeded"
    IN_PROGRESS = "in-progress"
    SUSPENDED = "suspended"
    CANCELLING = "cancelling"
    SETTLING = "settling"
    MISSING = "missing"
    DRAINING = "draining"
    WAITING_FOR = "waiting-for"
    PROVIDER_LIMIT = "provider-limit"
    BACKOFF = "backoff"
    LOOKALIKE_IN_FLIGHT = "lookalike-in-flight"
    OVER_BUDGET = "over-budget"
    FREEZE = "freeze"
    FAILED = "failed"
    CANCELLED_EXTERNALLY = "cancelled-externally"
    CANCELLED_BY_HAND = "cancelled-by-hand"
    VANISHED = "vanished"
    OVERDUE = "overdue"
    REJECTED = "rejected"
    NOT_READY = "not-ready"
    STUCK = "stuck"
    STALLED = "stalled"
    BILLING = "billing"
    PROTECTED = "protected"
    ALTERED = "altered"
    LIKENESS = "likeness"
    LOOKALIKE = "lookalike"
    ORPHAN = "orphan"
    OTHER_LINEAGE = "other-lineage"
    AMBIGUOUS_CREATE = "ambiguous-create"
    UPSTREAM = "upstream"
    UNKNOWN_PROVIDER = "unknown-provider"
    UNREACHABLE = "unreachable"
    INCOMPLETE_LIST = "incomplete-list"
    INVALID_DATA = "invalid-data"


RESTING_REASONS = frozenset({Reason.UNREACHABLE, Reason.INCOMPLETE_LIST})
"""Nothing is done for these reasons because a provider's list could not be had, or not to its end."""

NEEDS_PERSON_REASONS = RESTING_REASONS | {
    Reason.AMBIGUOUS_CREATE,
    Reason.LOOKALIKE,
    Reason.LIKENESS,
    Reason.ALTERED,
    Reason.OTHER_LINEAGE,
    Reason.ORPHAN,
    Reason.DUPLICATE,
    Reason.UNKNOWN_PROVIDER,
    Reason.STUCK,
    Reason.STALLED,
    Reason.BILLING,
}
"""Changes for these reasons make the exit code 4: only a person can decide what is true."""

JOB_FAILED_REASONS = frozenset(
    {Reason.FAILED, Reason.CANCELLED_EXTERNALLY, Reason.VANISHED, Reason.OVERDUE, Reason.REJECTED}
)
"""Holds for these reasons make the exit code 5."""

INVALID_INPUT_REASONS = frozenset({Reason.INVALID_DATA})
"""Holds for these reasons make the exit code 1: files of the project have to be corrected."""

REFUSED_REASONS = frozenset({Reason.OVER_BUDGET})
"""Holds for these reasons make the exit code 3: only another project file lifts them."""

STOPS_ALWAYS = frozenset({Reason.DUPLICATE, Reason.CANCELLED_BY_HAND, Reason.OVERDUE})
"""A second payment, a person's own word, and a bound declared for when nobody looks: nothing puts off
a stop for these reasons.
"""

TRIED_AGAIN_REASONS = frozenset({Reason.STUCK, Reason.BILLING})
"""Holds for these reasons are tried again all the same: where that went well just now, nobody is needed."""

UNPLANNED_REASONS = RESTING_REASONS | INVALID_INPUT_REASONS | {Reason.UPSTREAM}
"""A plan with nothing else achieves nothing. An upstream of a hold `upstream` is always in the plan too."""


class DataUse(Struct, frozen=True, gc=False):
    """A file that a change trains on. A provider's own file has only its id: its content is unknown.

    `url` is where it lies, for data that is not in the project; `path` is that of its copy then.
    """

    role: str
    path: str | None = None
    file_id: str | None = None
    sha256: str | None = None
    bytes: int | None = None
    examples: int | None = None
    url: str | None = None


class FieldDifference(Struct, frozen=True, gc=False):
    """One field before and after; None on a side where the field is absent.

    `rows` says what the digest of a data file does not, where that is known; `samples` are some of the rows
    that differ, only where they may be shown.
    """

    path: str
    before: JSON
    after: JSON
    rows: RowsDifference | UnsetType = UNSET
    samples: tuple[RowSample, ...] | UnsetType = UNSET


class StoppedJob(Struct, frozen=True, gc=False):
    """How far the job is that a change stops: what is lost by it.

    `progress` is a share of 1, None where nobody tells. `spent` is what its work so far may cost, None where
    that is unknown.
    """

    status: str
    progress: float | None = None
    spent: CostEstimate | None = None


class Then(Struct, frozen=True):
    """The training that a change leads to, in a later round or run: it is paid for then, not now.

    `action` is CREATE, or REPLACE where the change's job will still run and is stopped for it.
    """

    action: Action
    reason: Reason
    message: str
    generation: int
    attempt: int
    data: tuple[DataUse, ...] = ()
    estimated_cost: CostEstimate | None = None
    afterwards: tuple[Afterwards, ...] = ()


class Change(Struct, frozen=True, gc=False):
    """One step about one fine-tune or one stray job.

    `job_id` is the job that it keeps, adopts or cancels (for a replace: the one to cancel) and
    `cancel_first` a running successor that an adopt cancels before. `provider` is where it acts; the job
    that a replace cancels may be at another, which its record knows. `then` is the training that follows
    once what it waits for has come. `extras` go to a gateway with a create, in addition to `spec`.
    `afterwards` is what its model costs once it is trained. `problems` are those of its data, each with
    its place. A declared fine-tune whose data cannot be read has no `fingerprint`, and its `spec` names
    paths in place of contents. `serves` is the newest model that it has made so far, which stays whatever is
    done, and `stopped` how far the job is that is stopped. `brought` tells, where the plan was compared with
    a base, whether the change is new since it: False for what was pending there
    already. `queue` is its place where it waits for one.
    """

    name: str
    action: Action
    reason: Reason
    message: str
    provider: str
    generation: int = 0
    attempt: int = 0
    fingerprint: str | None = None
    job_id: str | None = None
    cancel_first: str | None = None
    spec: JSONObject = field(default_factory=dict)
    data: tuple[DataUse, ...] = ()
    differences: tuple[FieldDifference, ...] = ()
    depends_on: tuple[str, ...] = ()
    estimated_cost: CostEstimate | None = None
    source: Source | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    then: Then | None = None
    extras: Mapping[str, JSON] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    afterwards: tuple[Afterwards, ...] = ()
    serves: str | UnsetType = UNSET
    stopped: StoppedJob | UnsetType = UNSET
    brought: bool | UnsetType = UNSET
    queue: QueuePlace | UnsetType = UNSET

    @property
    def stops(self) -> str | None:
        """Name the job that carrying it out cancels, wherever the cancel is: also inside an adopt."""
        return self.job_id if self.action in (Action.CANCEL, Action.REPLACE) else self.cancel_first
