"""The decision table: the first row that fits answers. The documentation is generated from here."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

from ftops.model.change import Reason
from ftops.planner import decision, lateness
from ftops.planner.decision import Decision
from ftops.planner.situation import Situation

_RETRIED = "create if `retry` allows, or wait for its `backoff`; else hold"


class Row(Struct, frozen=True):
    """A row: what decides, when it answers (as text), and every reason that it may give."""

    decide: Callable[[Situation], Decision | None]
    recorded: str
    live: str
    does: str
    reasons: tuple[Reason, ...]


DECLARED: Sequence[Row] = (
    Row(decision.cancelling, "a cancel was accepted", "active", "wait", (Reason.CANCELLING,)),
    Row(
        decision.stopped_by_hand,
        "trains what was cancelled by hand",
        "active",
        "cancel; replace if something else is declared by now",
        (Reason.CANCELLED_BY_HAND,),
    ),
    Row(
        lateness.overdue,
        "any",
        "active for longer than `lifecycle.deadline`",
        "cancel, or replace if something else is declared by now; hold where protected or suspended",
        (Reason.OVERDUE, Reason.LIKENESS),
    ),
    Row(decision.suspended, "any, and it is suspended", "any", "keep", (Reason.SUSPENDED,)),
    Row(
        decision.older_twin,
        "one of two jobs of one create",
        "active, and the newer one",
        "adopt the older, cancel it",
        (Reason.DUPLICATE,),
    ),
    Row(
        decision.altered,
        "the same, but shown with settings that differ from those sent",
        "active or succeeded",
        "hold",
        (Reason.ALTERED,),
    ),
    Row(
        lateness.stalled,
        "the same",
        "running, and nothing new for as long as `lifecycle.stall_after`",
        "hold; it keeps running",
        (Reason.STALLED,),
    ),
    Row(decision.in_progress, "the same", "active", "keep", (Reason.IN_PROGRESS,)),
    Row(decision.succeeded, "the same", "succeeded, listed or not", "keep", (Reason.SUCCEEDED,)),
    Row(
        decision.held_by_hand,
        "what is declared was cancelled by hand",
        "not active, not succeeded",
        "hold; adopt what costs nothing further",
        (Reason.CANCELLED_BY_HAND, Reason.RESTORED, Reason.FOUND_AT_PROVIDER, Reason.OTHER_LINEAGE),
    ),
    Row(decision.failed, "the same", "failed", _RETRIED, (Reason.RETRY, Reason.BACKOFF, Reason.FAILED)),
    Row(
        lateness.ended_overdue,
        "the same, cancelled by ftops for its deadline",
        "cancelled",
        "hold; adopt what costs nothing further",
        (Reason.OVERDUE, Reason.RESTORED),
    ),
    Row(decision.re_declared, "the same, cancelled by ftops", "cancelled", "create", (Reason.RE_DECLARED,)),
    Row(
        decision.cancelled_externally,
        "the same, cancelled outside ftops",
        "cancelled",
        _RETRIED,
        (Reason.RETRY, Reason.BACKOFF, Reason.CANCELLED_EXTERNALLY),
    ),
    Row(
        decision.missing,
        "any",
        "was active, missing for less than the settle time",
        "wait",
        (Reason.MISSING,),
    ),
    Row(
        decision.vanished,
        "the same",
        "was active, missing for longer",
        _RETRIED,
        (Reason.RETRY, Reason.BACKOFF, Reason.VANISHED),
    ),
    Row(
        decision.restored,
        "none or another; this one succeeded before, or runs on detached",
        "any",
        "adopt; a running successor is cancelled first",
        (Reason.RESTORED,),
    ),
    Row(
        decision.found_at_provider,
        "none or another",
        "stamped as this fine-tune",
        "adopt",
        (Reason.FOUND_AT_PROVIDER,),
    ),
    Row(
        decision.other_lineage,
        "none or another",
        "stamped with this name by another state",
        "hold",
        (Reason.OTHER_LINEAGE,),
    ),
    Row(decision.protected, "another", "active, protected", "hold", (Reason.PROTECTED,)),
    Row(decision.draining, "another", "active, `on_change: drain`", "wait", (Reason.DRAINING,)),
    Row(
        decision.likeness,
        "recognised only by what it trains, on a file that is not this project's alone",
        "active, and would be cancelled",
        "hold",
        (Reason.LIKENESS,),
    ),
    Row(
        decision.replace,
        "another",
        "active",
        "replace; cancel if its base is still to be trained",
        (Reason.CHANGED,),
    ),
    Row(decision.create, "none, or another and ended", "-", "create", (Reason.NEW, Reason.CHANGED)),
)
"""What is declared, and whose data can be read."""

UNREAD: Sequence[Row] = (
    *DECLARED[:4],
    Row(
        decision.unread,
        "any, and its data, or that of what it starts from, cannot be read",
        "any, left alone",
        "hold",
        (Reason.INVALID_DATA, Reason.UPSTREAM),
    ),
)
"""Without a fingerprint nothing can be compared: a job is left alone, unless a person stopped it."""

UNDECLARED: Sequence[Row] = (
    *DECLARED[:3],
    next(row for row in DECLARED if row.decide is decision.missing),
    Row(decision.protected, "yes", "active, protected", "hold", (Reason.PROTECTED,)),
    Row(decision.detached, "yes", "active, `on_remove: detach`", "forget", (Reason.DETACHED,)),
    next(row for row in DECLARED if row.decide is decision.likeness),
    Row(decision.cancel, "yes", "active", "cancel", (Reason.REMOVED,)),
    Row(decision.forget, "yes", "ended, vanished or none", "forget", (Reason.REMOVED,)),
)
"""What is recorded, and nobody declares any more."""


def decide(situation: Situation) -> Decision:
    """Return the first row that fits; the last row of each part fits always."""
    rows = UNDECLARED
    if situation.fine_tune is not None:
        rows = UNREAD if situation.unread else DECLARED
    return next(made for row in rows if (made := row.decide(situation)) is not None)


class Beside(Struct, frozen=True):
    """What is decided before, after or next to the table, as text."""

    when: str
    does: str
    reasons: tuple[Reason, ...]


BEFORE: Sequence[Beside] = (
    Beside("an intent is open, and its job exists", "adopt", (Reason.LOST_REPLY,)),
    Beside("an intent is open, and no job is visible yet", "wait", (Reason.SETTLING,)),
    Beside(
        "an intent is open, and several jobs fit, one differs, or the list is incomplete",
        "hold",
        (Reason.AMBIGUOUS_CREATE,),
    ),
    Beside("a declared name takes over the record of a removed one", "adopt or update", (Reason.RENAMED,)),
    Beside(
        "a declared name takes over what a removed and forgotten one has trained",
        "adopt",
        (Reason.RESTORED,),
    ),
    Beside(
        "a record's provider is not in `ftops.yaml`, and its job is active, in doubt, or listed elsewhere",
        "hold",
        (Reason.UNKNOWN_PROVIDER,),
    ),
)
"""The records are settled first; a name whose create is in doubt never reaches the table."""

GATES: Sequence[Beside] = (
    Beside("its data has problems: nothing is created, replaced or drained", "hold", (Reason.INVALID_DATA,)),
    Beside("what would be created was cancelled by hand", "hold", (Reason.CANCELLED_BY_HAND,)),
    Beside(
        "a removed name may go on under a declared one whose data cannot be read",
        "hold",
        (Reason.INVALID_DATA,),
    ),
    Beside(
        "its provider could not be listed, or not to the end",
        "hold; a job that was not seen is waited for",
        (Reason.UNREACHABLE, Reason.INCOMPLETE_LIST),
    ),
    Beside(
        "the provider has an unrecorded, unmarked job that could be it",
        "hold",
        (Reason.LOOKALIKE,),
    ),
    Beside(
        "a budget has no room for it, in a round of `reconcile`",
        "wait for the next day or month (a replace stops nothing); hold what never fits or has no known cost",
        (Reason.OVER_BUDGET,),
    ),
    Beside("its base model is still to be trained", "wait; a replace cancels now", (Reason.WAITING_FOR,)),
    Beside("what it starts from failed or is held", "hold", (Reason.UPSTREAM,)),
    Beside("its create was refused for good", "hold", (Reason.REJECTED,)),
    Beside(
        "its create was temporarily refused",
        "`apply` tries at once; `reconcile` and the rounds of `--wait` wait",
        (Reason.NOT_READY,),
    ),
    Beside("it has been temporarily refused for more than a day", "hold, and tried again", (Reason.STUCK,)),
    Beside(
        "the provider is full, according to its own refusal",
        "wait",
        (Reason.PROVIDER_LIMIT,),
    ),
    Beside(
        "another create that looks the same is in doubt",
        "wait",
        (Reason.LOOKALIKE_IN_FLIGHT,),
    ),
    Beside(
        "its provider has no place left by its `queue` (`max_active`, `per_day`, `leave_free`)",
        "wait (a replace stops nothing), in the order of priority, depth in the chain, and name",
        (Reason.PROVIDER_LIMIT,),
    ),
    Beside(
        "its provider refused a create for billing, and none has succeeded since",
        "hold the first in the queue, the others wait; create one after growing pauses, to try",
        (Reason.BILLING, Reason.PROVIDER_LIMIT),
    ),
    Beside(
        "it is retried, and that may cost more than `retry.max_cost` leaves, or an unknown amount",
        "hold",
        (Reason.FAILED, Reason.CANCELLED_EXTERNALLY, Reason.VANISHED),
    ),
    Beside(
        "a freeze window is open",
        "wait (a replace stops nothing); with `for: all` cancels, and adopts that cancel, wait too",
        (Reason.FREEZE,),
    ),
    Beside("only settings of the record differ", "update", (Reason.SETTINGS, Reason.RENAMED)),
)
"""What a decision passes on its way to a change; a hold cancels nothing."""

STRAYS: Sequence[Beside] = (
    Beside(
        "a job of ours is active but not the current one",
        "cancel; hold where protected or suspended",
        (Reason.DUPLICATE, Reason.SUPERSEDED, Reason.CANCELLED_BY_HAND, Reason.CANCELLING, Reason.LIKENESS),
    ),
    Beside("an active job without a mark looks like a second one for a request", "hold", (Reason.LOOKALIKE,)),
    Beside("an active job has this project's mark but is not recorded", "hold", (Reason.ORPHAN,)),
)
"""Jobs besides the current ones, each a separate change that no row hides."""
