"""A lost state, made again from the marks that jobs carry at their providers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ftops.api.session import Session
from ftops.api.state_edit import Consent, Proposal, agreed, edit
from ftops.errors import NeedsPerson, Refused
from ftops.model.event import Event, EventKind
from ftops.model.observation import Observation
from ftops.model.state import State
from ftops.model.value import replace
from ftops.planner.incomplete import incomplete, problem_of
from ftops.reconciler.commits import applied_commit
from ftops.reconciler.values import Reviewed
from ftops.records.matching import LiveJobs
from ftops.records.rebuilding import Rebuilt, rebuilt
from ftops.report.words import counted
from ftops.review.selection import Selection

_MOST_NAMED = 5


def rebuild_state(session: Session, consent: Consent = agreed) -> tuple[str, ...]:
    """Record every job that carries this project's mark and that no record knows; return a note of each name.

    Without any nothing is written. Raises NeedsPerson where a provider cannot be listed to its end, and
    Refused for what looks like another account.
    """
    notes: tuple[str, ...] = ()

    def propose(data: bytes | None) -> Proposal | None:
        nonlocal notes
        stored = session.manager.read()
        found = _found(session, session.present(stored), lost=data is None)
        notes = found.notes
        lines = "\n".join(f"  {note}" for note in notes)
        words = f"In the state, lineage {found.state.lineage}, will be recorded:\n{lines}"
        return Proposal(words, found.state, stored) if notes else None

    edit(session, "state rebuild", propose, consent)
    return notes


def _found(session: Session, state: State, *, lost: bool) -> Rebuilt:
    """List every provider: half a list makes half a state."""
    reviewed = session.plan(Selection(), everywhere=True)
    refuse_unsafe(reviewed, reviewed.observations)
    for words in _unmarked(reviewed, state):
        session.surroundings.emit(Event(EventKind.NOTED, session.clock.now(), words))
    found = rebuilt(state, reviewed.observations, session.loaded.fine_tunes, reviewed.plan, lost=lost)
    return replace(found, state=replace(found.state, applied=applied_commit(session.loaded, reviewed)))


def refuse_unsafe(reviewed: Reviewed, observations: Mapping[str, Observation]) -> None:
    """Raise what would make a plan unsafe: half a list of these providers, or another account."""
    if resting := incomplete(observations):
        told = (f"provider {name}: {problem_of(seen)}" for name, seen in resting.items())
        hints = (seen.hint for seen in resting.values() if seen.hint)
        raise NeedsPerson("; ".join(told), hint=next(hints, "run it again when every provider can be listed"))
    for found in reviewed.review.violations:
        if found.rule == "wrong-account":
            raise Refused(found.message, hint=found.hint)


def _unmarked(reviewed: Reviewed, state: State) -> Iterator[str]:
    """Say what a rebuild cannot see: whose an unmarked job is."""
    live = LiveJobs(reviewed.observations, state)
    for name in reviewed.observations:
        foreign = state.not_mine.get(name, ())
        jobs = [
            job.id
            for job in live.unrecorded
            if job.provider == name and job.stamp is None and job.id not in foreign
        ]
        if jobs:
            yield _words(name, jobs)


def _words(provider: str, jobs: Sequence[str]) -> str:
    some = ", ".join(jobs[:_MOST_NAMED]) + (", ..." if len(jobs) > _MOST_NAMED else "")
    return (
        f"provider {provider}: {counted(len(jobs), 'unrecorded job')} without a mark ({some}) may be this "
        "project's: the format has no room for a mark, or a gateway drops it; check them before the next "
        "apply, and take one over with `ftops import NAME ID` or `ftops resolve NAME --job ID`"
    )
