"""The queue of each provider: who goes now, and the place, the reason and the end of each wait.

The gate `provider-limit`, for limits of ours. It comes last, since only then everybody who wants a place is
known. Those whom the provider itself makes wait (refusals.py) stand in the same queue.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime

from msgspec import Struct

from ftops.model.calendar import Period, span
from ftops.model.change import Action, Change, Reason
from ftops.model.duration import duration
from ftops.model.queue import QueuePlace, ordinal
from ftops.model.state import State
from ftops.model.value import replace
from ftops.planner.decision import Decision
from ftops.planner.refusals import Stop
from ftops.planner.situation import Situation
from ftops.records.creates import creates_in
from ftops.records.matching import LiveJobs

Decided = tuple[Situation, Decision]


class _Hindrance(Struct, frozen=True):
    """What keeps a create from going now, in words that follow its place in the queue."""

    why: str
    until: float | None = None


_Line = list[tuple[Situation, Decision, _Hindrance | None]]


class Queues:
    """The places that the providers have now. `unattended` rounds leave some of them to people.

    Everything active in the account takes a place, whoever made it, and so does every open intent; what the
    plan cancels makes room. A replace takes the room it makes, and counts in a day like any create. `stops`
    are the providers whose billing stops every create.
    """

    def __init__(
        self, live: LiveJobs, state: State, now: float, stops: Mapping[str, Stop], *, unattended: bool
    ) -> None:
        self._live, self._state, self._now, self._stops = live, state, now, stops
        self._unattended = unattended
        self._today = span(Period.DAY, now)
        self._created: Counter[str] = Counter()
        self._taken: Counter[str] = Counter()
        self._tried: dict[str, str] = {}

    def gated(
        self, decided: Collection[Decided], strays: Iterable[Change], depths: Mapping[str, int]
    ) -> dict[str, Decision]:
        """Return what becomes of the creates that wait now, and of one that is tried."""
        queue = sorted((pair for pair in decided if _queues(*pair)), key=lambda pair: _rank(pair[0], depths))
        if not queue:
            return {}
        self._count(frozenset(_cancelled(decided, strays)))
        changed: dict[str, Decision] = {}
        lines: dict[str, _Line] = defaultdict(list)
        for situation, decision in queue:
            hindrance = self._hindrance(situation, decision) if decision.action.creates else None
            if hindrance is not None or not decision.action.creates:
                lines[situation.provider.name].append((situation, decision, hindrance))
            elif (taking := self._taking(situation, decision)) is not decision:
                changed[situation.name] = taking
        for name, line in lines.items():
            changed.update(self._placed(name, line))
        return changed

    def _count(self, freed: frozenset[tuple[str, str]]) -> None:
        """Count the active jobs and open intents of each provider, and the creates of today."""
        queues = {name: seen.provider.queue for name, seen in self._live.observations.items()}
        if any(queue.per_day is not None for queue in queues.values()):
            self._created = creates_in(self._today, self._state)
        if all(queue.max_active is None for queue in queues.values()):
            return
        for record in self._state.fine_tunes.values():
            if record.intent is not None and not record.intent.lapsed:
                self._taken[record.intent.provider] += 1
        for name, seen in self._live.observations.items():
            active = (job for job in seen.jobs if job.status.active)
            self._taken[name] += sum(1 for job in active if (name, job.id) not in freed)

    def _hindrance(self, situation: Situation, decision: Decision) -> _Hindrance | None:
        name, queue = situation.provider.name, situation.provider.queue
        if name in self._tried:
            return _Hindrance(
                f": {self._tried[name]} is tried first, since {name} refused a create for billing"
            )
        if queue.per_day is not None and self._created[name] >= queue.per_day:
            used = (
                f"its {queue.per_day} creates of today are" if queue.per_day > 1 else "its create of today is"
            )
            until = f"{datetime.fromtimestamp(self._today.end, UTC):%Y-%m-%d %H:%M} UTC"
            return _Hindrance(f": {used} used; it goes on at {until}", self._today.end)
        if queue.max_active is None or not _takes_place(situation, decision):
            return None
        room = queue.max_active - self._taken[name]
        if room <= 0:
            return _Hindrance(f" (max_active {queue.max_active})")
        if self._unattended and room <= queue.leave_free:
            return _Hindrance(
                f" (max_active {queue.max_active}, {queue.leave_free} of it left free for people)"
            )
        return None

    def _taking(self, situation: Situation, decision: Decision) -> Decision:
        """Give a create its place. Where billing stopped everything, it is the one that is tried."""
        name = situation.provider.name
        self._created[name] += 1
        self._taken[name] += _takes_place(situation, decision)
        stop = self._stops.get(name)
        if stop is None:
            return decision
        self._tried[name] = situation.name
        message = f"tried again after {name} refused a create for billing: {stop.refusal}"
        return replace(decision, reason=Reason.BILLING, message=message)

    def _placed(self, provider: str, line: _Line) -> Iterator[tuple[str, Decision]]:
        """Yield what each in a provider's queue comes to, with its place."""
        stop = None if provider in self._tried else self._stops.get(provider)
        for number, (situation, decision, hindrance) in enumerate(line, 1):
            nth = f"{ordinal(number)} in the queue at {provider}"
            waits = decision
            if stop is not None:
                waits = self._stopped(decision, stop, line[0][0].name, number)
            elif hindrance is not None:
                message = f"{nth}{hindrance.why}"
                waits = Decision(
                    Action.WAIT, Reason.PROVIDER_LIMIT, message, decision.job_id, until=hindrance.until
                )
            place = QueuePlace(provider, number, len(line), waits.until)
            yield situation.name, replace(waits, queue=place)

    def _stopped(self, decision: Decision, stop: Stop, first: str, number: int) -> Decision:
        """Hold the first of a queue that billing stops, with what to do; it is said once, others wait."""
        provider = stop.provider
        if number > 1:
            message = (
                f"{ordinal(number)} in the queue at {provider}: its billing stops every create (see {first})"
            )
            return replace(decision, message=message, until=stop.until)
        message = (
            f"{provider} refuses to create for billing, so nothing more is sent there: {stop.refusal}; "
            f"settle it at the provider, then `ftops apply`; `ftops reconcile` tries one create in "
            f"{duration(stop.until - self._now)}"
        )
        return Decision(Action.HOLD, Reason.BILLING, message, decision.job_id, until=stop.until)


def _queues(situation: Situation, decision: Decision) -> bool:
    """Return whether it stands in a queue: it would create now, or the provider makes it wait."""
    waits = decision.action is Action.WAIT and decision.reason is Reason.PROVIDER_LIMIT
    return situation.fine_tune is not None and (decision.action.creates or waits)


def _takes_place(situation: Situation, decision: Decision) -> bool:
    """Return whether a create takes a place more; a replace takes that of the job it stops."""
    stops = situation.job if decision.action is Action.REPLACE else None
    return stops is None or stops.provider != situation.provider.name


def _rank(situation: Situation, depths: Mapping[str, int]) -> tuple[int, int, str]:
    priority = situation.fine_tune.lifecycle.priority if situation.fine_tune else 0
    return -priority, depths.get(situation.name, 0), situation.name


def _cancelled(decided: Iterable[Decided], strays: Iterable[Change]) -> Iterator[tuple[str, str]]:
    """Yield provider and id of each job that is cancelled."""
    for change in strays:
        if change.action is Action.CANCEL and change.job_id:
            yield change.provider, change.job_id
    for situation, decision in decided:
        ending = decision.job_id if decision.action is Action.CANCEL else decision.cancel_first
        if ending and situation.job:
            yield situation.job.provider, ending
