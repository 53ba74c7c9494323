"""The queue in front of a provider: what it lets through, and the place of what waits in it."""

from __future__ import annotations

from msgspec import Struct


class Queue(Struct, frozen=True):
    """How much of a provider this project may use; None means no limit of ours.

    `max_active` is how many jobs may run there at once, whoever made them; `per_day` how many creates of this
    project a day of UTC may have. `leave_free` are the places of `max_active` that an unattended round leaves
    to people.
    """

    max_active: int | None = None
    per_day: int | None = None
    leave_free: int = 0


class QueuePlace(Struct, frozen=True, gc=False):
    """The place of a create that waits: the `position`th (from 1) `of` so many that wait at its `provider`.

    It goes on `until` (Unix seconds) at the earliest, None where nobody can say.
    """

    provider: str
    position: int
    of: int
    until: float | None = None


def ordinal(number: int) -> str:
    """Write 1st, 2nd, 3rd, 4th, 11th, 21st."""
    last = "th" if number // 10 % 10 == 1 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{last}"
