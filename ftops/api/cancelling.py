"""Stop jobs by hand: settle, note durably, send. A crash between is finished by the next run.

The note names what was declared, running or in doubt. With it, the decision table itself wants what the
person wants: it stops what runs and holds what is declared, in this run and in every later one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from ftops.api.freeze import Freeze, freeze
from ftops.api.notifying import deliver, observing
from ftops.api.opening import opened_or_not
from ftops.api.session import Session
from ftops.applier.applier import Applied, apply
from ftops.applier.context import Context, Hands
from ftops.errors import ExitCode, Interrupted, Problem, UsageError
from ftops.model.cancelling import Cancelled, Fate, Stop
from ftops.model.change import RESTING_REASONS, Change
from ftops.model.event import ChangeResult, Event, EventKind, Outcome
from ftops.model.finetune import FineTune
from ftops.model.job import JobStatus
from ftops.model.nearest import did_you_mean
from ftops.model.observation import Observation
from ftops.model.state import State
from ftops.model.value import replace
from ftops.planner.by_hand import to_note
from ftops.planner.stopping import idle, recorded_job, sorted_out
from ftops.providers.provider import Provider
from ftops.reconciler.line import make_plan
from ftops.reconciler.values import Reviewed
from ftops.records.surgery import noted_by_hand
from ftops.review.selection import Selection
from ftops.state.backend import Lease
from ftops.state.holder import clock, current_holder


class Intended(Struct, frozen=True):
    """What cancelling some names would do: which jobs stop, and what to report about the rest.

    `noted` is the settled state with the cancel noted, and `stored` the one that the store holds. `after` is
    the plan that knows of the cancel.
    """

    stops: tuple[Stop, ...]
    rest: tuple[Cancelled, ...]
    noted: State
    stored: State
    observations: Mapping[str, Observation]
    after: Reviewed

    @property
    def anything(self) -> bool:
        """Whether there is something to stop or to hold."""
        return bool(self.stops) or any(one.fate is not Fate.NOTHING for one in self.rest)


class Cancellation(Struct, frozen=True):
    """The outcome. `freeze` is the kill switch, where it was turned on for this.

    `unread` are the problems of manifests that do not load: what they declare is not known, and not held.
    """

    results: tuple[Cancelled, ...]
    freeze: Freeze | None = None
    unread: tuple[Problem, ...] = ()

    @property
    def code(self) -> ExitCode:
        """The exit code by which a script knows whether everything is surely stopped."""
        fates = {one.fate for one in self.results}
        if Fate.FAILED in fates or self.unread:
            return ExitCode.ERROR
        return ExitCode.NEEDS_PERSON if Fate.UNSURE in fates else ExitCode.NOTHING


def intended(session: Session, names: Sequence[str] | None) -> Intended:
    """Find out what cancelling these names (None: all of the project) would do. Changes nothing.

    Raises UsageError for an unknown name.
    """
    # Who is cancelled is named by a person: a manifest that is not seen takes nothing away.
    selection = Selection(allow_empty=True)
    before = session.plan(selection, everywhere=_detached(session.manager.read(), names))
    chosen = _chosen(session, before, names)
    noted, touched = with_notes(before, chosen, session.loaded.fine_tunes)
    after = make_plan(session.loaded, before.observations, noted, selection, session.clock.now())
    unread = bool(session.unread)
    stops, rest = sorted_out(after.plan.changes, after.planning.state, touched, unread=unread)
    protected = {one.name for one in session.loaded.fine_tunes if one.lifecycle.protect}
    stops = [replace(one, protected=one.protected or one.change.name in protected) for one in stops]
    untouched = [one for name in chosen if name not in touched for one in idle(name, before.plan.changes)]
    return Intended(
        tuple(stops),
        (*rest, *untouched),
        after.planning.state,
        before.stored,
        before.observations,
        replace(after, stored=before.stored),
    )


def cancel(session: Session, names: Sequence[str] | None) -> Cancellation:
    """Stop the jobs of these names (None: of all, with the kill switch on first) and hold what they declare.

    Works while ftops is frozen. Raises UsageError for an unknown name, FtopsError where the kill
    switch cannot be turned on; LockHeld, StateError and LeaseLost as an apply does, and Interrupted.
    """
    switch = _turned_on(session) if names is None else None
    with session.locked("cancel") as lock:
        intent = intended(session, names)
        providers, closed = opened_or_not(session.providers, {one.change.provider for one in intent.stops})
        orders = [one.change for one in intent.stops if one.change.provider in providers]
        applied = _sent(session, intent, orders, providers, lock)
        deliver(session, applied.state, lock)
    if session.stop.is_set():
        raise Interrupted(
            "stopped; what is to be cancelled is recorded, but some jobs may still be running",
            hint="run `ftops cancel` again",
        )
    return Cancellation(tuple(_told(intent, applied, closed)), switch, session.unread)


def _detached(state: State, names: Sequence[str] | None) -> bool:
    """Return whether these names have a job that was let go: no other run looks at its provider for it."""
    kept = [state.archive.get(name) for name in (state.archive if names is None else names)]
    return any(job.detached and job.status.active for entry in kept if entry for job in entry.jobs)


def with_notes(
    before: Reviewed, chosen: Iterable[str], fine_tunes: Iterable[FineTune]
) -> tuple[State, frozenset[str]]:
    """Return the settled state with the cancel noted, and the names concerned: pure.

    A name of which nothing runs, and nothing would be created, is left out.
    """
    declared = {one.name: one for one in fine_tunes}
    state, changes = before.planning.state, before.plan.changes
    shown = {job.id for seen in before.observations.values() for job in seen.jobs if job.status.active}
    noted, touched = state, set()
    for name in chosen:
        fingerprints = to_note(changes, name, state, shown)
        if fingerprints:
            touched.add(name)
            spec = next((one.spec for one in changes if one.name == name and one.spec), {})
            noted = noted_by_hand(noted, name, fingerprints, (declared.get(name), spec), shown)
    return noted, frozenset(touched)


def _turned_on(session: Session) -> Freeze:
    environ, now = session.surroundings.environ, session.clock.now()
    who = current_holder("cancel", environ, now).who
    switch = freeze(session.loaded.root, environ, f"ftops cancel --all by {who}, {clock(now)}")
    # Said before the lock is taken: whatever happens to this run, it stays on.
    session.surroundings.emit(Event(EventKind.FROZEN, now, f"the kill switch {switch.switch} is on"))
    return switch


def _chosen(session: Session, before: Reviewed, names: Sequence[str] | None) -> tuple[str, ...]:
    """Resolve names to those of the settled state: a fine-tune that was just renamed is found under both."""
    state = before.planning.state
    known = {one.name for one in session.loaded.fine_tunes} | {one.name for one in before.plan.changes}
    known |= state.fine_tunes.keys() | state.archive.keys()
    if names is None:
        return tuple(sorted(known))
    present = {name: _present(name, before) for name in names}
    unknown = [name for name, now in present.items() if now not in known]
    if unknown:
        raise UsageError(
            f"no fine-tune is named {', '.join(unknown)}; nothing was cancelled",
            hint=did_you_mean(unknown[0], known) or "see `ftops status`",
        )
    return tuple(dict.fromkeys(present.values()))


def _present(name: str, before: Reviewed) -> str:
    """Return the name that a record goes by since it was written."""
    record, state = before.stored.fine_tunes.get(name), before.planning.state
    if record is None or name in state.fine_tunes:
        return name
    ids = {job.id for job in record.jobs}
    moved = (new for new, other in state.fine_tunes.items() if ids & {job.id for job in other.jobs})
    return next(moved, name)


def _sent(
    session: Session,
    intent: Intended,
    orders: list[Change],
    providers: Mapping[str, Provider],
    lock: Lease,
) -> Applied:
    """Note the cancel, then send it. The kill switch does not stop a cancel."""
    context = Context(
        project=session.loaded.project.name,
        root=session.loaded.root,
        fine_tunes={},
        datasets={},
        observations=intent.observations,
        hands=Hands(
            providers=providers,
            manager=session.manager,
            lock=lock,
            clock=session.clock,
            new_nonce=str,
            stopping=session.stop.is_set,
            emit=session.surroundings.emit,
            observe=observing(session, intent.after),
        ),
    )
    return apply(orders, (intent.stored, intent.noted), context)


def _told(intent: Intended, applied: Applied, closed: Mapping[str, str]) -> Iterator[Cancelled]:
    results = {one.change.job_id: one for one in applied.results}
    for stop in intent.stops:
        result = results.get(stop.job.id)
        resting = stop.change.reason in RESTING_REASONS
        yield _came_to(stop, result, applied.state, closed.get(stop.change.provider), resting=resting)
    yield from intent.rest


def _came_to(
    stop: Stop, result: ChangeResult | None, state: State, closed: str | None, *, resting: bool
) -> Cancelled:
    name, job_id, provider = stop.change.name, stop.job.id, stop.change.provider
    if result is None or result.outcome is not Outcome.DONE:
        why = closed or (result.error if result else None) or "it was not sent"
        fate = Fate.UNSURE if resting or closed else Fate.FAILED
        words = (
            f"job {job_id} was not stopped: {why}; this is recorded, and the next run sends the cancel again"
        )
        return Cancelled(name, provider, job_id, fate, words)
    job = recorded_job(stop.change, state)
    if job is None or job.status.active:
        words = f"{provider} accepted the cancel of job {job_id}, which is stopping"
        return Cancelled(name, provider, job_id, Fate.CANCELLING, words)
    if job.status is not JobStatus.CANCELLED:
        words = f"job {job_id} had {job.status.value} before it could be stopped"
        return Cancelled(name, provider, job_id, Fate.NOTHING, words)
    return Cancelled(name, provider, job_id, Fate.CANCELLED, f"job {job_id} is cancelled")
