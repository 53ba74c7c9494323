"""Follow a job to its end: every event once, in order, whatever happens to the connection."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator

from msgspec import Struct, field

from ftops.errors import Ambiguous, NotSent, ProviderError, RateLimited
from ftops.model.job import Job, JobEvent
from ftops.providers.provider import Provider

POLL_SECONDS = 2.0
MOST_FAILURES = 6
"""Reads in a row that bring nothing new and fail, until the failure is reported; about two minutes."""

LONGEST_PAUSE_SECONDS = 30.0
_PASSING = (Ambiguous, NotSent, RateLimited)


class Follower(Struct):
    """Follows one job. `job` is how it was seen last; after the iterator's end, how it ended.

    `pause(seconds)` waits and gives True when a person asked to stop, which ends the following early.
    """

    provider: Provider
    job_id: str
    pause: Callable[[float], bool]
    job: Job | None = None
    _given: set[Hashable] = field(default_factory=set)
    _last: str | None = None

    def events(self) -> Iterator[JobEvent]:
        """Yield the events up to now and, as they come, those until the job has ended.

        A stream that breaks is opened again, and what it repeats is left out: events without an id are told
        apart by all that they say. Raises ProviderError for what no patience mends.
        """
        failures = 0
        while True:
            before = len(self._given)
            problem: ProviderError | None = None
            try:
                # The job is read before its events: once it has ended, those read after are all there are.
                self.job = self.provider.retrieve_fine_tune(self.job_id)
                yield from self._new()
            except _PASSING as error:
                problem = error
            over = self.job is not None and not self.job.status.active
            if over and problem is None:
                return
            failures = failures + 1 if problem and len(self._given) == before else 0
            if problem and failures >= MOST_FAILURES:
                raise problem
            if self.pause(_seconds(problem, failures)):
                return

    def _new(self) -> Iterator[JobEvent]:
        for event in self.provider.list_fine_tune_events(self.job_id, stream=True, since=self._last):
            key = identity(event)
            if key not in self._given:
                self._given.add(key)
                self._last = event.id or self._last
                yield event


def identity(event: JobEvent) -> Hashable:
    """Tell one event from another: by its id, or by all that it says where the format gives none."""
    return event.id or (event.created_at, event.level, event.type, event.message, repr(event.data))


def _seconds(problem: ProviderError | None, failures: int) -> float:
    if problem is None:
        return POLL_SECONDS
    wanted = problem.failure.retry_after or 2.0 ** max(0, failures - 1)
    return min(wanted, LONGEST_PAUSE_SECONDS)
