"""A session: a loaded project with its providers, embedded emulators and state open, around one `with`."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from msgspec import Struct, field

from ftops.api.freeze import Freeze, frozen
from ftops.api.opening import ProjectProviders
from ftops.api.partly import load_partly
from ftops.api.stored_state import StoredState, open_stored_state
from ftops.api.surroundings import Surroundings
from ftops.applier.context import Clock, Hands
from ftops.errors import Interrupted, LockHeld, Problem, StateError
from ftops.files.forks import fork_point
from ftops.files.index import drop_exposed
from ftops.model.event import Event, EventKind
from ftops.model.plan import Base
from ftops.model.state import State
from ftops.model.value import replace
from ftops.planner.incomplete import used_providers
from ftops.reconciler.brought import since
from ftops.reconciler.data_differences import DataDifferences
from ftops.reconciler.elsewhere import known_by
from ftops.reconciler.line import make_plan
from ftops.reconciler.loading import load, loaded_again
from ftops.reconciler.observing import look_closer, observe
from ftops.reconciler.values import Loaded, Reviewed
from ftops.records.provider_names import follow_providers, renames
from ftops.review.selection import Selection
from ftops.state.backend import Holder, Lease
from ftops.state.features import ComparesClocks, TookOver
from ftops.state.holder import acting, current_holder
from ftops.state.manager import StateManager

MOST_SKEW_SECONDS = 60.0
"""How far a clock may be off: a send window. The settle time, 900 s, has to cover it many times over."""


class Session(Struct):
    """A loaded project with everything open that a run needs. `loaded` is read again under the lock.

    With `partly`, what does not load is left out, and `unread` says why: for what creates nothing.
    """

    loaded: Loaded
    providers: ProjectProviders
    state: StoredState
    surroundings: Surroundings
    partly: bool = False
    unread: tuple[Problem, ...] = ()
    data_differences: DataDifferences = field(default_factory=DataDifferences)

    @property
    def root(self) -> Path:
        """The project's directory, resolved."""
        return self.loaded.root

    @property
    def manager(self) -> StateManager:
        """Who reads and writes the state."""
        return self.state.manager

    @property
    def clock(self) -> Clock:
        """The clocks that this run goes by."""
        return self.surroundings.clock

    @property
    def stop(self) -> threading.Event:
        """Set it to stop after what is in flight."""
        return self.surroundings.stop

    def plan(self, selection: Selection, *, everywhere: bool = False, base: str | None = None) -> Reviewed:
        """Read the state, list the providers that are used (or all, `everywhere`), and plan.

        With `base`, say of each change whether it is new since the branch began at that revision. Raises
        InvalidInput where manifests may be that were not seen, unless `--allow-empty` accepts it.
        """
        began = Base(base, fork_point(self.root, base)) if base is not None else None
        if not selection.allow_empty:
            self.loaded.require_seen()
        state = self.manager.read()
        loaded, facts = known_by(self.loaded, state), self.loaded.facts
        present = self.present(state)
        used = (
            facts.keys()
            if everywhere
            else used_providers(loaded.fine_tunes, present, facts.values()) & facts.keys()
        )
        observations = observe(self.providers, [facts[name] for name in sorted(used)], present, self.clock)
        look = partial(look_closer, self.providers)
        reviewed = make_plan(loaded, observations, state, selection, self.clock.now(), look)
        explained = self.data_differences.explain(reviewed.plan, loaded, state)
        told = replace(reviewed, planning=replace(reviewed.planning, plan=explained))
        return told if began is None else since(loaded, told, began)

    def present(self, state: State) -> State:
        """Return a state as its providers are called now."""
        return follow_providers(state, renames(self.loaded.facts.values()))

    def hands(self, lock: Lease, parallelism: int) -> Hands:
        """Return what an apply works with. Once the project is frozen it sends nothing more."""
        return Hands(
            providers=self.providers,
            manager=self.manager,
            lock=lock,
            clock=self.clock,
            new_nonce=lambda: uuid.uuid4().hex,
            stopping=lambda: self.stop.is_set() or self.freeze() is not None,
            emit=self.surroundings.emit,
            parallelism=parallelism,
            who=acting(self.surroundings.environ),
        )

    @contextmanager
    def locked(self, operation: str) -> Iterator[Lease]:
        """Hold the lock of the state, and look again at what is declared: others ran meanwhile."""
        with hold_lock(self.manager, operation, self.clock.now(), self.surroundings) as lease:
            if self.partly:
                self.loaded, self.unread = load_partly(self.loaded.root)
            else:
                self.loaded = loaded_again(self.loaded, self.surroundings.fetcher)
            yield lease

    def freeze(self) -> Freeze | None:
        """Return whether the kill switch is on, now."""
        return frozen(self.loaded.root, self.surroundings.environ)

    def refuse_frozen(self) -> None:
        """Raise Refused while the kill switch is on."""
        if found := self.freeze():
            raise found.refusal()

    def raise_if_stopped(self) -> None:
        """Turn a stop request into its exit code, once everything is written down."""
        if self.stop.is_set():
            raise Interrupted(
                "stopped; what was sent is recorded and no job was cancelled",
                hint="run `ftops apply` again to continue",
            )


@contextmanager
def hold_lock(
    manager: StateManager, operation: str, now: float, surroundings: Surroundings
) -> Iterator[Lease]:
    """Hold the lock of a state, and say so if the last holder ended without releasing it.

    Raises LockHeld, and StateError where this machine's clock is not the store's: a create that another run
    left in doubt would be given up too soon, or waited for too long.
    """
    holder = current_holder(operation, surroundings.environ, now)
    lease = _taken(manager, holder, surroundings)
    try:
        _compare_clocks(lease, manager.location)
        if isinstance(lease, TookOver) and lease.taken_from is not None:
            words = f"took over the lock of {lease.taken_from}, which ended without releasing it"
            surroundings.emit(Event(EventKind.LOCK_TAKEN_OVER, now, words))
        yield lease
    finally:
        lease.release()


def _taken(manager: StateManager, holder: Holder, surroundings: Surroundings) -> Lease:
    """Take the lock; if it is held, say by whom before the wait begins."""
    if surroundings.lock_timeout:
        try:
            return manager.lock(holder, 0.0)
        except LockHeld as held:
            words = f"{held.message}; waiting up to {surroundings.lock_timeout:g} s"
            surroundings.emit(Event(EventKind.LOCK_AWAITED, holder.since, words))
    return manager.lock(holder, surroundings.lock_timeout)


def _compare_clocks(lease: Lease, location: str) -> None:
    ahead = lease.clock_ahead if isinstance(lease, ComparesClocks) else None
    if ahead is not None and abs(ahead) > MOST_SKEW_SECONDS:
        side = "ahead of" if ahead > 0 else "behind"
        raise StateError(
            f"the clock of this machine is {abs(ahead):.0f} s {side} the clock of {location}",
            hint="set the clock (NTP): other runners' creates in doubt are judged by it; nothing was done",
        )


@contextmanager
def open_session(
    root: Path, surroundings: Surroundings, *, lineage: str | None = None, partly: bool = False
) -> Iterator[Session]:
    """Load the project and open its state; providers are opened when needed, and all closed at the end.

    `lineage` is for a state that does not exist yet: a saved plan may define its lineage. With `partly`,
    what does not load is left out.
    """
    root = root.resolve()
    if partly:
        loaded, unread = load_partly(root)
    else:
        loaded, unread = load(root, remembering=surroundings.cache, fetcher=surroundings.fetcher), ()
    with ExitStack() as stack:
        environ, vault = surroundings.environ, surroundings.vault
        hearer = surroundings.hearer and partial(surroundings.hearer, loaded.project.name)
        providers = ProjectProviders(loaded.project.providers, root, (environ, vault), stack, hearer)
        state = open_stored_state(
            loaded.project, root, surroundings, new_lineage=lambda: lineage or str(uuid.uuid4())
        )
        session = Session(loaded, providers, state, surroundings, partly, unread)
        try:
            yield session
        finally:
            if session.loaded.indexed:
                drop_exposed(root, vault.holds)
