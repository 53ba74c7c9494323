"""What is true of each fine-tune now, as conditions whose changes are told: from records and plan alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

from msgspec import Struct, field

from ftops.model.change import RESTING_REASONS, Action, Change, Reason
from ftops.model.identifiers import is_word
from ftops.model.job import JobStatus
from ftops.model.plan import Plan
from ftops.model.review import Review, Violation
from ftops.model.state import RecordedJob, State
from ftops.model.transition import LONGEST_MESSAGE, PROJECT, Telling, Transition, TransitionKind
from ftops.model.value import replace

ENDED: Mapping[JobStatus, TransitionKind] = {
    JobStatus.SUCCEEDED: TransitionKind.SUCCEEDED,
    JobStatus.FAILED: TransitionKind.FAILED,
    JobStatus.CANCELLED: TransitionKind.CANCELLED,
}
ACTIVE = "active"
FORGOTTEN = "forgotten"
HELD = "held:"
RETIRING = "retiring:"
STALLED = "stall"
"""What begins so, as a reason of a change, says that a job does not move."""

_QUIET = frozenset({Reason.PROTECTED, Reason.CANCELLED_BY_HAND}) | RESTING_REASONS
"""Holds that nobody needs to be told of: a person has asked for them, or the provider is told of once."""

_BY_JOB = frozenset(
    {
        Reason.FAILED,
        Reason.VANISHED,
        Reason.CANCELLED_EXTERNALLY,
        Reason.ALTERED,
        Reason.LIKENESS,
        Reason.ORPHAN,
        Reason.DUPLICATE,
        Reason.SUPERSEDED,
    }
)
"""Held because of a job: another job held for the same reason is news. Else another declaration is."""

_REFUSING = {"budget": TransitionKind.OVER_BUDGET, "retirement_horizon": TransitionKind.RETIRING}
MOST_PROBLEMS = 3


class Retiring(Struct, frozen=True):
    """The day (ISO) on which the model that a fine-tune serves ends, and the words for it."""

    day: str
    message: str


class Seen(Struct, frozen=True):
    """One round, as what it says about now. `stored` is the state from before it.

    `complete`: it was about the whole project, so that what it does not mention is over. `retiring` goes
    by fine-tune. `commit` and `by` are those of this run, and `telling` the targets of the project.
    """

    stored: State
    plan: Plan
    now: float
    review: Review = Review()
    complete: bool = True
    retiring: Mapping[str, Retiring] = field(default_factory=dict)
    commit: str | None = None
    by: str | None = None
    telling: tuple[Telling, ...] = ()


Standing = dict[str, dict[str, Transition]]
"""Name -> condition -> what would be told of it, were it new."""


def jobs_of(state: State) -> Iterator[tuple[str, RecordedJob]]:
    """Yield every job that a state knows, with the name that has it."""
    for name, record in state.fine_tunes.items():
        for job in record.jobs:
            yield name, job
    for name, entry in state.archive.items():
        for job in entry.jobs:
            yield name, job


def is_forgotten(state: State, name: str) -> bool:
    """Return whether a name is archived with what it has trained."""
    return name not in state.fine_tunes and name in state.archive and bool(state.archive[name].jobs)


def standing(state: State, seen: Seen) -> Standing:
    """Return what is true now besides the phases of jobs."""
    found: Standing = {}
    for change in seen.plan.changes:
        # Billing stops a provider: whose create is the one that is tried may change with each round.
        name = PROJECT if change.reason is Reason.BILLING else change.name
        if (one := _of_change(change)) is not None:
            found.setdefault(name, {}).setdefault(*one)
    for name in state.archive:
        if is_forgotten(state, name):
            words = "it is no longer declared; its models stay known"
            told = Transition(0, TransitionKind.FORGOTTEN, words, name)
            found.setdefault(name, {})[FORGOTTEN] = told
    for name, end in seen.retiring.items():
        told = Transition(0, TransitionKind.RETIRING, end.message, name)
        found.setdefault(name, {})[f"{RETIRING}{end.day}"] = told
    for violation in seen.review.violations:
        name = violation.name or PROJECT
        found.setdefault(name, {}).setdefault(*_of_violation(violation))
    for provider, why in seen.plan.incomplete.items():
        words = f"provider {provider}: {why}"
        told = Transition(
            0, TransitionKind.HELD, words, reason=Reason.UNREACHABLE.value, provider=_word(provider)
        )
        found.setdefault(PROJECT, {})[f"{HELD}unreachable:{_word(provider)}"] = told
    return found


def blind(change: Change) -> bool:
    """Return whether a change leaves open if a hold is over: something hides it, or it is only tried."""
    tried = change.reason is Reason.STUCK and change.action is not Action.HOLD
    return tried or change.reason in RESTING_REASONS or change.reason is Reason.FREEZE


def _of_change(change: Change) -> tuple[str, Transition] | None:
    reason = change.reason
    told = Transition(
        0,
        TransitionKind.HELD,
        _words(change),
        change.name,
        reason=reason.value,
        provider=_word(change.provider),
        job_id=change.job_id,
        generation=change.generation or None,
    )
    if reason is Reason.OVER_BUDGET:
        return "over_budget", replace(told, kind=TransitionKind.OVER_BUDGET)
    if reason.value.startswith(STALLED):
        return f"stalled:{change.job_id or ''}".rstrip(":"), replace(told, kind=TransitionKind.STALLED)
    if reason is Reason.BILLING:
        # Also while a create is tried: until it has succeeded, nothing is known to be settled.
        about_all = replace(told, name=None, job_id=None, generation=None)
        return f"{HELD}{reason.value}:{_word(change.provider)}", about_all
    if change.action is not Action.HOLD or reason in _QUIET:
        return None
    about = change.job_id if reason in _BY_JOB else None
    detail = about or (change.fingerprint or "")[-12:]
    return f"{HELD}{reason.value}:{detail}".rstrip(":"), told


def _words(change: Change) -> str:
    problems = [str(problem) for problem in change.problems[:MOST_PROBLEMS]]
    missing = [one for one in problems if one not in change.message]
    return "; ".join((change.message, *missing))


def _of_violation(violation: Violation) -> tuple[str, Transition]:
    kind = _REFUSING.get(violation.rule, TransitionKind.HELD)
    prefix = HELD.rstrip(":") if kind is TransitionKind.HELD else kind.value
    rule = _word(violation.rule)
    told = Transition(0, kind, violation.message, violation.name, reason=rule)
    return f"{prefix}:refused:{rule}", told


def _word(text: str) -> str:
    """Return a text that fits into the state: a provider or a rule may be called anything."""
    return text if is_word(text) else hashlib.sha256(text.encode()).hexdigest()[:12]


def fitted(message: str) -> str:
    """Return words on one line, cut to what the state keeps."""
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in message).split())
    return line if len(line) <= LONGEST_MESSAGE else line[: LONGEST_MESSAGE - 1] + "…"
