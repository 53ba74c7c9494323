"""One round of an apply: lock, plan again, and do what was approved; nothing else.

The rounds of one command share its limits: the selection of each holds what the earlier ones did.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from ftops.api.freeze import Freeze
from ftops.api.notifying import deliver, observe_undone, observing
from ftops.api.session import Session
from ftops.applier.context import Hands
from ftops.errors import NeedsPerson
from ftops.model.event import ChangeResult, Event, EventKind, Outcome
from ftops.model.steps import SoFar, Steps, steps_done
from ftops.model.value import replace
from ftops.reconciler.data_differences import keep_what_trains
from ftops.reconciler.line import carry_out
from ftops.reconciler.loading import require_read
from ftops.reconciler.values import Reviewed
from ftops.review.approval import Approved, unapproved
from ftops.review.selection import Selection


class Round(Struct, frozen=True):
    """One planned and applied round. `frozen` says that the kill switch stopped it half way.

    `frozen`: the kill switch stopped it half way. `so_far` is what the command has done, this round included:
    pass it to the next round.
    """

    reviewed: Reviewed
    results: tuple[ChangeResult, ...] = ()
    frozen: Freeze | None = None

    @property
    def so_far(self) -> SoFar:
        """What the command has done, this round included; some cancels count in no limit."""
        before = self.reviewed.selection.so_far
        uncounted = Steps(cancels=self.reviewed.plan.facts.uncounted)
        recorded = len(self.reviewed.stored.fine_tunes) if before.recorded is None else before.recorded
        return SoFar(before.steps | (steps_done(self.results) - uncounted), recorded)


def apply_round(
    session: Session,
    selection: Selection,
    parallelism: int,
    *,
    approved: Approved | None,
    look: Callable[[Reviewed], None] = lambda _: None,
    operation: str = "apply",
) -> Round:
    """Lock, plan again, and do what is approved (None: everything within the limits).

    A plan with violations is returned undone. `look` sees the plan before anything is done, and
    `operation` is what others read who find the lock taken. Raises Refused when frozen, LockHeld, and
    NeedsPerson when the plan now holds what nobody approved, or costs more than was shown.
    """
    session.refuse_frozen()
    with session.locked(operation) as lock:
        reviewed = session.plan(selection)
        look(reviewed)
        if reviewed.review.violations:
            observe_undone(session, reviewed, lock)
            return Round(reviewed)
        if approved is not None and (moved := unapproved(reviewed.plan, approved)):
            names = ", ".join(sorted({change.name for change in moved}))
            raise NeedsPerson(
                f"the plan has changed since it was approved: {names}; nothing more was done",
                hint="look at `ftops plan` and apply again",
            )
        return carried_out(session, reviewed, session.hands(lock, parallelism))


def _tell_unknown_commit(session: Session, reviewed: Reviewed) -> None:
    """Say that an older commit would not be noticed: git is missing, or does not trust the directory."""
    applied = reviewed.stored.applied
    if applied is not None and session.loaded.commit is None and reviewed.plan.effective_changes:
        words = (
            f"git cannot determine which commit is checked out, so it may be older than {applied.commit}, "
            "from which the state was last applied (see `ftops doctor`)"
        )
        session.surroundings.emit(Event(EventKind.COMMIT_UNKNOWN, session.clock.now(), words))


def carried_out(session: Session, reviewed: Reviewed, hands: Hands) -> Round:
    """Do what a plan holds; the lock is held since before it was made. Raises Refused when frozen."""
    # Planning lists every provider, which takes its time: the switch may have been turned meanwhile.
    session.refuse_frozen()
    require_read(session.loaded, {one.name for one in reviewed.plan.effective_changes})
    _tell_unknown_commit(session, reviewed)
    hands = replace(hands, observe=observing(session, reviewed))
    applied = carry_out(session.loaded, reviewed, reviewed.plan.effective_changes, hands)
    results = applied.results
    keep_what_trains(session.loaded, results)
    deliver(session, applied.state, hands.lock)
    undone = any(result.outcome is not Outcome.DONE for result in results)
    return Round(reviewed, results, session.freeze() if undone else None)
