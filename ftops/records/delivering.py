"""What becomes of deliveries: due, delivered, failed and tried again later, given up after a day."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ftops.model.state import State
from ftops.model.transition import MOST_TRANSITIONS, Delivery, Transition, TransitionKind
from ftops.model.value import replace
from ftops.records.standing import fitted

FIRST_PAUSE = 60.0
LONGEST_PAUSE = 3600.0
"""Seconds between two attempts: 1, 2, 4 ... minutes, an hour at the most."""

PATIENCE = 86_400.0
"""Seconds after which a delivery is given up: who was away for a day looks at `ftops history`."""

MOST_PENDING = 1_000
MOST_SETTLED = 100
"""Settled deliveries that are kept, to answer "were they told?"."""


def due(state: State, now: float) -> tuple[Delivery, ...]:
    """Return what is to be attempted now, the oldest first."""
    return tuple(one for one in state.deliveries if one.pending and (one.next_at or 0.0) <= now)


def delivered(state: State, delivery: Delivery, now: float) -> State:
    """Note that a target has taken it: it is never sent again."""
    done = replace(
        delivery, about=None, attempts=delivery.attempts + 1, next_at=None, failure=None, done_at=now
    )
    return _with(state, done, now)


def failed(state: State, delivery: Delivery, why: str, now: float) -> State:
    """Note a failed attempt, and when the next one is; after a day it is given up, as an event says."""
    attempts = delivery.attempts + 1
    tried = replace(delivery, attempts=attempts, failure=fitted(why))
    if now - delivery.at >= PATIENCE:
        return _given_up(state, tried, now)
    pause = min(FIRST_PAUSE * 2 ** min(attempts - 1, 16), LONGEST_PAUSE)
    return _with(state, replace(tried, next_at=now + pause), now)


def without_target(state: State, configured: Collection[str], now: float) -> State:
    """Give up what is due to targets that were removed more than a day ago.

    Not at once: a run of another branch may know other targets.
    """
    for one in due(state, now):
        if one.target not in configured and now - one.at >= PATIENCE:
            state = _given_up(state, replace(one, failure="ftops.yaml names this target no more"), now)
    return state


def bounded(deliveries: Iterable[Delivery], now: float) -> tuple[Delivery, ...]:
    """Keep the newest of each kind; what is dropped was settled, or is the oldest of far too many."""
    every = tuple(deliveries)
    pending = [one for one in every if one.pending]
    settled = [one for one in every if not one.pending]
    dropped = [
        replace(one, about=None, next_at=None, given_up_at=now, failure="too many messages were pending")
        for one in pending[:-MOST_PENDING]
    ]
    return (*(*settled, *dropped)[-MOST_SETTLED:], *pending[-MOST_PENDING:])


def _given_up(state: State, delivery: Delivery, now: float) -> State:
    about = delivery.about
    words = f"a message was not delivered within a day ({delivery.failure}); it is given up"
    if about is not None:
        words = f"{words}: {about.kind.value}: {about.message}"
    event = Transition(now, TransitionKind.UNDELIVERED, fitted(words), about.name if about else None)
    state = replace(state, events=(*state.events, event)[-MOST_TRANSITIONS:])
    return _with(state, replace(delivery, about=None, next_at=None, given_up_at=now), now)


def _with(state: State, delivery: Delivery, now: float) -> State:
    others = (one for one in state.deliveries if one.id != delivery.id)
    if delivery.pending:
        same = tuple(delivery if one.id == delivery.id else one for one in state.deliveries)
        return replace(state, deliveries=same)
    return replace(state, deliveries=bounded((*others, delivery), now))
