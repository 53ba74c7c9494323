"""What a cancel by hand would do, and what it came to."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from ftops.model.change import Change
from ftops.model.state import RecordedJob


class Fate(StrEnum):
    """What becomes of a job or a name.

    `unsure`: something may run that could not be stopped, and is noted to be stopped. `failed`: the provider
    refused the cancel, or gave no answer to it.
    """

    CANCELLED = "cancelled"
    CANCELLING = "cancelling"
    HELD = "held"
    NOTHING = "nothing"
    UNSURE = "unsure"
    FAILED = "failed"


class Cancelled(Struct, frozen=True):
    """What a cancel came to, for one job, or for a name without one."""

    name: str
    provider: str
    job_id: str | None
    fate: Fate
    message: str


class Stop(Struct, frozen=True):
    """A job that is to be stopped. `protected` says that its manifest wants it never to be cancelled."""

    change: Change
    job: RecordedJob
    protected: bool = False
