"""When the next round begins: a pure function of how the last ones ended and of a random number."""

from __future__ import annotations

from msgspec import Struct

from ftops.controller.reconciled import Reconciled, Result
from ftops.model.value import replace

SHORTEST_INTERVAL = 1.0
"""Seconds. Rounds without a pause would be all that a provider's limits of requests are spent on."""

STANDING_BY_SECONDS = 30.0
"""Who stands by looks this often, so that a lock that was let go, or has run out, is soon taken."""

MOST_INTERVALS = 6
LONGEST_PAUSE_SECONDS = 3600.0
"""Backoff ends at the smaller of the two: an hour after a provider is back, its jobs are looked at again."""

_MOST_DOUBLINGS = 20


class Pacing(Struct, frozen=True):
    """How long to wait after a round. `jitter` is a share of the pause, from 0 to 1.

    `failures` counts the rounds in a row that failed or reached no provider; `standing_by` says that the last
    one found the lock held.
    """

    interval: float
    jitter: float = 0.1
    failures: int = 0
    standing_by: bool = False

    def after(self, ended: Reconciled) -> Pacing:
        """Return the pacing after one more round."""
        standing_by = ended.result is Result.STANDING_BY
        if standing_by:
            return replace(self, standing_by=True)
        failures = self.failures + 1 if in_trouble(ended) else 0
        return replace(self, standing_by=False, failures=failures)

    @property
    def standing_by_seconds(self) -> float:
        """The usual pause of whoever stands by."""
        return min(self.interval, STANDING_BY_SECONDS)

    @property
    def longest(self) -> float:
        """The usual pause at the end of the backoff: never less than the interval."""
        return max(self.interval, min(MOST_INTERVALS * self.interval, LONGEST_PAUSE_SECONDS))

    @property
    def backoff(self) -> float:
        """How many seconds of the usual pause are for rounds that failed."""
        if self.standing_by:
            return 0.0
        doubled: float = self.interval * 2 ** min(self.failures, _MOST_DOUBLINGS)
        return min(doubled, self.longest) - self.interval

    def seconds(self, drawn: float) -> float:
        """Return the pause, for a random number from 0 to 1."""
        usual = self.standing_by_seconds if self.standing_by else self.interval + self.backoff
        return usual * (1 + self.jitter * (2 * drawn - 1))


def in_trouble(ended: Reconciled) -> bool:
    """Return whether a round failed as a whole, or no provider that it asked could be listed."""
    if ended.result is Result.FAILED:
        return True
    if ended.round is None:
        return False
    reviewed = ended.round.reviewed
    return bool(reviewed.observations) and reviewed.observations.keys() <= reviewed.plan.incomplete.keys()
