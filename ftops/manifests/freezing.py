"""The freeze windows of ftops.yaml."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ftops.manifests.schema import Finding
from ftops.model.duration import span
from ftops.model.freezing import FreezeWindow, FrozenWhat
from ftops.review.cron import cron_problem, zone_problem

LONGEST = 366 * 86_400.0
"""Seconds that one window may last: what is frozen for longer is suspended."""


def freezes_of(written: Sequence[Mapping[str, Any]]) -> tuple[FreezeWindow, ...]:
    """Return the windows of a project file that has no findings."""
    return tuple(
        FreezeWindow(
            one["cron"],
            one["duration"],
            one.get("zone", "UTC"),
            FrozenWhat(one.get("for", FrozenWhat.CREATES)),
            one.get("reason"),
        )
        for one in written
    )


def freeze_findings(written: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """Check what the schema cannot say: that each expression has times, each zone clocks."""
    for number, one in enumerate(written):
        path = ("spec", "freeze", number)
        if problem := cron_problem(one["cron"]):
            hint = 'write "0 18 * * FRI" for Friday at 18:00'
            yield Finding((*path, "cron"), problem, hint)
        if unknown := zone_problem(one.get("zone", "UTC")):
            message, meant = unknown
            yield Finding((*path, "zone"), message, meant or "write an IANA name such as Europe/Berlin")
        if not 0 < span(one["duration"]) <= LONGEST:
            message = "must be longer than nothing and at most 366 days"
            yield Finding((*path, "duration"), message, "a fine-tune that is to rest has lifecycle.suspend")
