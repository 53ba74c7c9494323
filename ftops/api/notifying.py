"""What a round observes, and telling those whom ftops.yaml names; a failed delivery fails no round.

Both under the lock. A delivery is in the state before it is sent, and settled there after: a run that is
killed between makes the next one repeat it, under the same id.
"""

from __future__ import annotations

from collections.abc import Callable

from ftops.api.session import Session
from ftops.applier.context import HeldLock
from ftops.model.change import Reason
from ftops.model.state import State
from ftops.model.value import replace
from ftops.reconciler.serving_ends import retiring
from ftops.reconciler.values import Reviewed
from ftops.records.standing import Seen
from ftops.records.transitions import observe
from ftops.state.holder import acting

LONGEST_NAME = 256


def observing(session: Session, reviewed: Reviewed) -> Callable[[State], State]:
    """Return what adds to a state what has newly come true, as this round sees it."""
    loaded, plan = session.loaded, reviewed.plan
    ends = retiring(loaded, reviewed.planning.state, reviewed.observations, reviewed.at)
    seen = Seen(
        stored=reviewed.stored,
        plan=plan,
        now=session.clock.now(),
        review=reviewed.review,
        complete=reviewed.selection.everything and not session.partly,
        retiring=ends,
        commit=loaded.commit.id if loaded.commit else None,
        by=acting(session.surroundings.environ)[:LONGEST_NAME],
        telling=tuple(target.telling for target in loaded.project.notify),
    )
    return lambda state: observe(state, seen) if state.serial or _may_begin(seen) else state


def _may_begin(seen: Seen) -> bool:
    """Return whether a state may be begun for what was observed: only to tell somebody.

    Never where another state has made jobs: one that was lost has to stay missed until it is rebuilt.
    """
    lost = any(change.reason is Reason.OTHER_LINEAGE for change in seen.plan.changes)
    return bool(seen.telling) and not lost


def observe_undone(session: Session, reviewed: Reviewed, lock: HeldLock) -> None:
    """Observe a round of which nothing was done; then tell of it."""
    stored = reviewed.stored
    new = observing(session, reviewed)(reviewed.planning.state)
    # Its records stay as they were stored: nothing of the plan was done.
    told = replace(stored, observed=new.observed, events=new.events, deliveries=new.deliveries)
    if told != stored:
        lock.check()
        stored = session.manager.write(told)
    deliver(session, stored, lock)


def deliver(session: Session, state: State, lock: HeldLock) -> None:
    """Send what is due by the state as it is stored, and record each outcome; what fails is a warning."""
    if any(one.pending for one in state.deliveries):
        # What sends takes longer to import than all of a round in which nobody is told anything.
        from ftops.api.sending import send_due

        send_due(session, state, lock)
