"""One project, one provider, one state; and the runs of ftops that work on them."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from functools import partial
from pathlib import Path

from ftops.api.cancelling import with_notes
from ftops.applier.context import Hands
from ftops.errors import Problem
from ftops.model.change import Change, Reason
from ftops.model.dataset import Dataset
from ftops.model.event import ChangeResult, Event
from ftops.model.finetune import DataFile, FineTune, Lifecycle, Upstream
from ftops.model.job import Job, JobFile, JobStatus, Stamp
from ftops.model.plan import Plan
from ftops.model.project import Limits, Project, StateSettings
from ftops.model.queue import Queue
from ftops.model.state import State
from ftops.model.value import replace
from ftops.reconciler.line import carry_out, make_plan
from ftops.reconciler.observing import look_closer, observe
from ftops.reconciler.values import Loaded, Reviewed
from ftops.review.selection import Selection
from ftops.state.backend import Holder
from ftops.state.manager import StateManager
from tests.simulator import money
from tests.simulator.account import NO_QUEUE, Account, SimulatedClock
from tests.simulator.bends import WORLDS, Bends
from tests.simulator.engine import Engine
from tests.simulator.laws import Findings, Watch
from tests.simulator.port import Port
from tests.simulator.runner import Runner
from tests.simulator.store import Store, StorePort

TICK_SECONDS = 0.01
"""What passes at each boundary: no two effects happen at one instant."""
PROJECT = Project(
    "sim",
    ("jobs/",),
    StateSettings("state"),
    {},
    limits=Limits(max_creates=1000, max_cancels=1000, max_cancels_percent=100),
)
ANYTHING = Selection(allow_empty=True, lifted={"vanished": 1000.0})

Boundary = Callable[[str], None]
Choice = Callable[[Loaded, Reviewed], tuple[Reviewed, Iterable[Change]] | None]
"""Which changes of the plan that it made a run carries out; None: it ends here."""


def nowhere(where: str) -> None:
    """Stop at no boundary."""


def whole(loaded: Loaded, reviewed: Reviewed) -> tuple[Reviewed, Iterable[Change]] | None:
    """Choose what `ftops apply --yes` would."""
    return None if reviewed.review.violations else (reviewed, reviewed.plan.effective_changes)


def fine_tune(
    name: str, version: int = 1, upstream: str | None = None, data: str | None = None, **lifecycle: object
) -> FineTune:
    return FineTune(
        name=name,
        provider="p",
        model=Upstream(upstream) if upstream else "gpt-4o-mini",
        training_files=(DataFile(path=f"{data or name}.jsonl"),),
        hyperparameters={"n_epochs": version},
        lifecycle=Lifecycle(**lifecycle),  # type: ignore[arg-type]  # keywords of a test
    )


class World:
    """`apply` is a whole run of ftops; `start` one that can be stopped on its way."""

    def __init__(
        self,
        dialect: str = "openai",
        *,
        lease_seconds: float | None = None,
        queue: Queue = NO_QUEUE,
        bends: Bends = WORLDS["plain"],
        budget: int | None = None,
    ) -> None:
        self.clock = SimulatedClock()
        self.budget = budget
        self.project = replace(PROJECT, budgets=money.budgets(budget))
        made = Engine if bends.engine else Account
        self.provider = made(self.clock, dialect, queue, bends)
        self.store = Store(self.clock.now, lease_seconds)
        self.findings = Findings(self.store.history, budget=budget)
        self.declared: dict[str, FineTune] = {}
        self.invalid: set[str] = set()
        """Names whose data breaks a rule."""
        self.unread: set[str] = set()
        """Paths of data that cannot be read."""
        self.results: dict[str, tuple[ChangeResult, ...]] = {}
        self._nonces, self._lineages, self._runs = itertools.count(1), itertools.count(1), itertools.count(1)

    @property
    def selection(self) -> Selection:
        """What a run asks for; with a budget it is a reconcile's."""
        return replace(ANYTHING, defers=self.budget is not None)

    def start(self) -> Runner:
        """Make a run of what is declared now; it has done nothing yet."""
        declared = dict(self.declared)
        return Runner(f"run {next(self._runs)}", lambda runner: self._round(runner, declared))

    def apply(
        self, *, stopping: bool = False, dies_after: int | None = None, choose: Choice = whole
    ) -> tuple[ChangeResult, ...]:
        """Run to the end, or die after so many boundaries. Raises what the run raises."""
        declared = dict(self.declared)
        runner = Runner(
            f"run {next(self._runs)}", lambda runner: self._round(runner, declared, choose, stopping=stopping)
        )
        return self._ended(runner, dies_after)

    def cancel(self, *names: str) -> None:
        """Cancel by hand, as `ftops cancel NAME` does."""
        self._ended(self.start_cancel(*names), None)

    def _ended(self, runner: Runner, dies_after: int | None) -> tuple[ChangeResult, ...]:
        runner.go(dies_after, dies=dies_after is not None)
        if runner.surprise or runner.error:
            raise runner.surprise or runner.error  # type: ignore[misc]  # one of them is there
        return self.results.get(runner.name, ())

    def start_cancel(self, *names: str) -> Runner:
        """Make a run of a person who cancels; it has done nothing yet."""
        declared = dict(self.declared)
        return Runner(
            f"hand {next(self._runs)}", lambda runner: self._round(runner, declared, self._cancelling(names))
        )

    def plan(self) -> Plan:
        """Plan without a boundary or a trace."""
        return self.reviewed().plan

    def reviewed(self) -> Reviewed:
        """Plan, and give what the plan was made from as well."""
        return self.look()[1]

    def look(self) -> tuple[Loaded, Reviewed]:
        """Load and plan, without a boundary or a trace."""
        return self._planned(self.manager(), self.port(nowhere), self.declared)

    def actions(self) -> dict[str, str]:
        return {c.name: f"{c.action.value} {c.reason.value}" for c in self.plan().changes}

    def state(self) -> State:
        """Return the state as it is stored."""
        return self.manager().read()

    def lose_state(self) -> None:
        """Throw the stored state away."""
        self.store.lose()

    def port(self, boundary: Boundary, declared: Mapping[str, FineTune] | None = None) -> Port:
        watch = Watch(self.provider, self.findings, declared or {}, self.clock.time)
        return Port(self.provider, watch, boundary)

    def _round(
        self,
        runner: Runner,
        declared: Mapping[str, FineTune],
        choose: Choice = whole,
        *,
        stopping: bool = False,
    ) -> None:
        """Do what a command does that plans and applies."""

        def boundary(where: str) -> None:
            self.clock.time += TICK_SECONDS
            self.findings.trace.append(f"    {runner.name}: {where}")
            runner.boundary(where)

        manager = self.manager(boundary)
        lease = manager.lock(Holder(runner.name, "me", "here", 1, "apply", self.clock.now()), 0)
        try:
            port = self.port(boundary, declared)
            loaded, planned = self._planned(manager, port, declared)
            chosen = choose(loaded, planned)
            reviewed, changes = chosen or (planned, ())
            for change in reviewed.plan.changes:
                words = f"{change.name}: {change.action} {change.reason} {change.job_id or ''}"
                self.findings.trace.append(f"    {runner.name}: plans {words}")
            if chosen is None:
                return
            hands = Hands(
                providers={"p": port},
                manager=manager,
                lock=lease,
                clock=self.clock,
                new_nonce=lambda: f"nonce-{next(self._nonces)}",
                stopping=lambda: stopping,
                emit=self._event,
                parallelism=1,
            )
            self.results[runner.name] = carry_out(loaded, reviewed, changes, hands).results
        finally:
            # The kernel frees a file's lock when its process dies; a lease stays until its time is over.
            if not (runner.dead and self.store.leases_expire):
                lease.release()

    def _cancelling(self, names: Iterable[str]) -> Choice:
        """Write the wish into the settled state, and let the planner say what it comes to."""

        def chosen(loaded: Loaded, reviewed: Reviewed) -> tuple[Reviewed, Iterable[Change]]:
            noted, touched = with_notes(reviewed, names, loaded.fine_tunes)
            with money.prices() if self.budget is not None else nullcontext():
                now = self.clock.now()
                after = make_plan(loaded, reviewed.observations, noted, self.selection, now)
            wanted = [
                change
                for change in after.plan.effective_changes
                if change.name in touched and change.reason is Reason.CANCELLED_BY_HAND
            ]
            return replace(after, stored=reviewed.stored), wanted

        return chosen

    def _event(self, event: Event) -> None:
        self.findings.trace.append(f"      {event.message}")

    def manager(self, boundary: Boundary = nowhere) -> StateManager:
        """Return a run's access to the state."""
        return StateManager(
            StorePort(self.store, boundary), "sim", new_lineage=lambda: f"lineage-{next(self._lineages)}"
        )

    def _planned(
        self, manager: StateManager, port: Port, declared: Mapping[str, FineTune]
    ) -> tuple[Loaded, Reviewed]:
        paths = {file.path for one in declared.values() for _, file in one.data_files if file.path}
        datasets = {path: dataset(path) for path in sorted(paths - self.unread)}
        facts, problem = {"p": self.provider.facts}, Problem("is broken", "data.jsonl", 1)
        problems = {
            name: (problem,)
            for name, one in declared.items()
            if name in self.invalid or any(file.path in self.unread for _, file in one.data_files)
        }
        loaded = Loaded(
            Path(), self.project, facts, tuple(declared.values()), datasets, data_problems=problems
        )
        state = manager.read()
        seen = observe({"p": port}, [self.provider.facts], state, self.clock)
        look = partial(look_closer, {"p": port})
        with money.prices() if self.budget is not None else nullcontext():
            reviewed = make_plan(loaded, seen, state, self.selection, self.clock.now(), look)
        return loaded, reviewed


def stranger(number: int, like: FineTune, account: Account) -> Job:
    """Make a job of somebody else; with stamps, one of another project that uses ftops too."""
    stamp = Stamp("other", "theirs", like.name, "f1:0", 1, 1, f"their-nonce-{number}")
    settings = {f"hyperparameters.{key}": value for key, value in like.hyperparameters.items()}
    return replace(
        Job(f"foreign-{number}", "p", JobStatus.RUNNING, created_at=account.clock.time, model="gpt-4o-mini"),
        training_files=(JobFile(f"file-foreign-{number}", "theirs.jsonl"),),
        settings=settings if not account.facts.capabilities.stamps else {},
        stamp=stamp if account.facts.capabilities.stamps and number % 2 else None,
    )


def dataset(path: str) -> Dataset:
    """A file whose bytes have another digest than its rows, so that nobody can take one for the other."""
    digests = [hashlib.sha256(f"{what}{path}".encode()).hexdigest() for what in ("", "bytes of ")]
    return Dataset(path, digests[0], 10, 1, digests[1])
