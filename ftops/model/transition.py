"""Transitions: what newly became true of a fine-tune, and the messages about it that targets are to get.

`observed` of a state says which conditions were true when it was last looked. What is true now and was not
then is a transition, written together with the deliveries of it: so it is told once, whoever looks next.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct, field

from ftops.model.commit import Hash
from ftops.model.identifiers import NAME, Count, Name, ProvidersId, Word

MOST_TRANSITIONS = 500
"""Of a project, kept in its state: about 150 KB. What is older is told by the records, which stay."""

LONGEST_MESSAGE = 500
"""Characters: a provider's words may be a page, and every one of them is in the state twice."""

PROJECT = "-"
"""Under this instead of a name: what is true of the project as a whole, or of a provider."""

Observable = Annotated[str, Meta(pattern=rf"\A(-|{NAME})\Z", title="a name, or - for the project")]

_HEX = "[0-9a-f]"
Condition = Annotated[str, Meta(pattern=r"\A[a-z_]{1,16}(:[!-~]{1,300})?\Z", title="a condition")]
"""`succeeded:JOB`, `held:REASON:...`, `over_budget`: small words, of which only a change is of interest."""

DeliveryId = Annotated[str, Meta(pattern=rf"\A{_HEX}{{32}}\Z", title="32 hexadecimal digits")]
TargetKey = Annotated[str, Meta(pattern=rf"\A{_HEX}{{16}}\Z", title="16 hexadecimal digits")]
Message = Annotated[str, Meta(max_length=2 * LONGEST_MESSAGE)]
Who = Annotated[str, Meta(max_length=256)]


class TransitionKind(StrEnum):
    """What happened: stable words for machines. `Transition.message` says it to a person."""

    CREATED = "created"
    ADOPTED = "adopted"
    REPLACED = "replaced"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    HELD = "held"
    RELEASED = "released"
    OVER_BUDGET = "over_budget"
    RETIRING = "retiring"
    STALLED = "stalled"
    FORGOTTEN = "forgotten"
    UNDELIVERED = "undelivered"


class Transition(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """One thing that happened. `at` (Unix seconds) is when it was observed, not when it came true.

    `name` is None for what concerns the project or a provider. `message` holds the provider's own words.
    `commit` and `by` are those of whoever created a job, else of the run that observed it.
    """

    at: float
    kind: TransitionKind
    message: Message
    name: Name | None = None
    reason: Word | None = None
    provider: Word | None = None
    job_id: ProvidersId | None = None
    generation: Count | None = None
    commit: Hash | None = None
    by: Who | None = None


class Delivery(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """One message to one target. Times are Unix seconds.

    `id` is the same at each attempt, so that a receiver can drop a repetition. `about` is there until it is
    settled: `done_at` says when it was delivered, `given_up_at` when it was not. `failure` says why the last
    attempt failed.
    """

    id: DeliveryId
    target: TargetKey
    at: float
    about: Transition | None = None
    attempts: Count = 0
    next_at: float | None = None
    done_at: float | None = None
    given_up_at: float | None = None
    failure: Message | None = None

    @property
    def pending(self) -> bool:
        """Return whether it is still to be delivered."""
        return self.about is not None


class Telling(Struct, frozen=True):
    """Which transitions a target is told of: by kind, and by labels of the fine-tune where it names some."""

    key: str
    on: frozenset[TransitionKind]
    labels: Mapping[str, str] = field(default_factory=dict)
