"""Ack: a person's word that a failure is known, so that it raises no alarm until it changes."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from ftops.model.identifiers import SHA256Hex

MOST_REASON = 200
"""Characters of a reason: two lines of a terminal."""

MOST_BY = 80

LONGEST_SECONDS = 90 * 86_400.0
"""For how long at most: what nobody looks at for a quarter of a year is forgotten, not known."""

_SLACK_SECONDS = 86_400.0
"""By how much the clocks of two runners may differ, and more."""

Words = Annotated[str, Meta(min_length=1, max_length=1000)]
Instant = Annotated[float, Meta(ge=0, le=253_402_300_799)]
"""Unix seconds up to the year 9999: every one of them can be written as a date."""


class Ack(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """What somebody knows about one fine-tune. `what` are the digests of failures (`review.alarms`).

    Times are Unix seconds.
    """

    what: tuple[SHA256Hex, ...]
    reason: Words
    by: Words
    at: Instant
    until: Instant

    def in_force(self, now: float) -> bool:
        """Return whether it counts; one that would for longer than anybody may ask for never does."""
        return now < self.until <= now + LONGEST_SECONDS + _SLACK_SECONDS
