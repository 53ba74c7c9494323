"""Freeze windows: times in which nothing is created, as ftops.yaml has them and as they are now."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class FrozenWhat(StrEnum):
    """What a window puts off: what starts a job, or also what stops one."""

    CREATES = "creates"
    ALL = "all"


class FreezeWindow(Struct, frozen=True):
    """A window that opens at each time of `cron` on the clocks of `zone` (IANA), for `duration` (a span)."""

    cron: str
    duration: str
    zone: str = "UTC"
    what: FrozenWhat = FrozenWhat.CREATES
    reason: str | None = None

    def __str__(self) -> str:
        return self.reason or f"{self.cron} for {self.duration}"


class Freeze(Struct, frozen=True):
    """What is frozen now: until when (Unix seconds), and that in words with the windows that say so."""

    until: float
    message: str


class Freezes(Struct, frozen=True):
    """The open windows, as they concern creates and as they concern cancels; None where none is open."""

    creates: Freeze | None = None
    stops: Freeze | None = None
