"""One project, one provider, one state; and the runs of ftops that work on them."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from ftops.applier.surgery import arrived, in_doubt, never_arrived, not_mine, take_over
from ftops.model.change import Action, Change, Reason
from ftops.model.dataset import Dataset
from ftops.model.event import ChangeResult, Event
from ftops.model.finetune import DataFile, FineTune, Lifecycle, Upstream
from ftops.model.job import Job, JobStatus, Stamp
from ftops.model.plan import Plan
from ftops.model.project import Limits, Project, StateSettings
from ftops.model.state import State
from ftops.planner.selection import Selection
from ftops.reconciler.line import Hands, Loaded, Reviewed, carry_out, make_plan
from ftops.reconciler.observing import look_closer, observe
from ftops.state.backend import Holder
from ftops.state.manager import StateManager
from tests.simulator.account import Account, SimulatedClock
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
PERSON = (Reason.AMBIGUOUS_CREATE, Reason.LOOKALIKE, Reason.OTHER_LINEAGE)


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
        self, dialect: str = "openai", *, lease_seconds: float | None = None, max_active: int | None = None
    ) -> None:
        self.clock = SimulatedClock()
        self.provider = Account(self.clock, dialect, max_active)
        self.store = Store(self.clock.now, lease_seconds)
        self.findings = Findings(self.store.history)
        self.declared: dict[str, FineTune] = {}
        self.results: dict[str, tuple[ChangeResult, ...]] = {}
        self._nonces, self._lineages, self._runs = itertools.count(1), itertools.count(1), itertools.count(1)

    def start(self) -> Runner:
        """Make a run of what is declared now; it has done nothing yet."""
        declared = dict(self.declared)
        return Runner(f"run {next(self._runs)}", lambda runner: self._round(runner, declared))

    def apply(self, *, stopping: bool = False, dies_after: int | None = None) -> tuple[ChangeResult, ...]:
        """Run to the end, or die after so many boundaries. Raises what the run raises."""
        declared = dict(self.declared)
        runner = Runner(
            f"run {next(self._runs)}", lambda runner: self._round(runner, declared, stopping=stopping)
        )
        runner.go(dies_after, dies=dies_after is not None)
        if runner.surprise or runner.error:
            raise runner.surprise or runner.error  # type: ignore[misc]  # one of them is there
        return self.results.get(runner.name, ())

    def plan(self) -> Plan:
        """Plan without a boundary or a trace."""
        return self.reviewed().plan

    def reviewed(self) -> Reviewed:
        """Plan, and give what the plan was made from as well."""
        return self._planned(self._manager(_pass), self.port(_pass), self.declared)[1]

    def actions(self) -> dict[str, str]:
        return {c.name: f"{c.action.value} {c.reason.value}" for c in self.plan().changes}

    def state(self) -> State:
        """Give the state as it is stored."""
        return self._manager(_pass).read()

    def lose_state(self) -> None:
        """Throw the stored state away."""
        self.store.lose()

    def port(self, boundary: Callable[[str], None], declared: Mapping[str, FineTune] | None = None) -> Port:
        watch = Watch(self.provider, self.findings, declared or {}, self.clock.time)
        return Port(self.provider, watch, boundary)

    def ask_a_person(self) -> None:
        """Let somebody who knows the truth settle each hold that asks for it, as `ftops resolve` does."""
        for name in sorted(self.declared.keys() | self.state().fine_tunes.keys()):
            for change in self.plan().changes:
                if change.name == name and change.action is Action.HOLD and change.reason in PERSON:
                    if f"ftops resolve {name} --" not in change.message:
                        self.findings.law(f"the hold of {name} names no way out: {change.message}")
                    self._told_apart(change)
                    self._resolve(change)

    def _told_apart(self, change: Change) -> None:
        """A doubt between jobs of several names means that their creates were in flight together."""
        words = change.message.replace(",", " ").replace(";", " ").replace(")", " ").split()
        names = {stamp.name for job_id, stamp in self.provider.ours() if job_id in words}
        if change.reason is Reason.AMBIGUOUS_CREATE and len(names) > 1:
            self.findings.law(f"the creates of {sorted(names)} look alike and were in flight together")

    def _resolve(self, change: Change) -> None:
        manager = self._manager(_pass)
        state = self._planned(manager, self.port(_pass), self.declared)[1].stored
        intent = in_doubt(state, change.name)
        if intent is not None:
            made = [job for job in self.provider.jobs.values() if self._nonce(job) == intent.nonce]
            if made:
                manager.write(arrived(state, change.name, made[0]))
            else:
                manager.write(never_arrived(state, change.name))
            return
        job = self.provider.jobs[change.job_id or ""]
        stamp = self.provider.truth.get(job.id)
        if stamp is None or stamp.name != change.name:
            manager.write(not_mine(state, "p", job.id))
        else:
            manager.write(take_over(state, self.declared[change.name], change, job))

    def _nonce(self, job: Job) -> str | None:
        stamp = self.provider.truth.get(job.id)
        return stamp.nonce if stamp else None

    def _round(self, runner: Runner, declared: Mapping[str, FineTune], *, stopping: bool = False) -> None:
        """Do what `ftops apply --yes` does."""

        def boundary(where: str) -> None:
            self.clock.time += TICK_SECONDS
            self.findings.trace.append(f"    {runner.name}: {where}")
            runner.boundary(where)

        manager = self._manager(boundary)
        lease = manager.lock(Holder(runner.name, "me", "here", 1, "apply", self.clock.now()), 0)
        try:
            port = self.port(boundary, declared)
            loaded, reviewed = self._planned(manager, port, declared)
            for change in reviewed.plan.changes:
                words = f"{change.name}: {change.action} {change.reason} {change.job_id or ''}"
                self.findings.trace.append(f"    {runner.name}: plans {words}")
            if reviewed.review.violations:
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
            applied = carry_out(loaded, reviewed, reviewed.plan.effective_changes, hands)
            self.results[runner.name] = applied.results
        finally:
            # The kernel frees a file's lock when its process dies; a lease stays until its time is over.
            if not (runner.dead and self.store.leases_expire):
                lease.release()

    def _event(self, event: Event) -> None:
        self.findings.trace.append(f"      {event.message}")

    def _manager(self, boundary: Callable[[str], None]) -> StateManager:
        return StateManager(
            StorePort(self.store, boundary), "sim", new_lineage=lambda: f"lineage-{next(self._lineages)}"
        )

    def _planned(
        self, manager: StateManager, port: Port, declared: Mapping[str, FineTune]
    ) -> tuple[Loaded, Reviewed]:
        paths = {file.path for one in declared.values() for _, file in one.data_files if file.path}
        datasets = {
            path: Dataset(path, hashlib.sha256(path.encode()).hexdigest(), 10, 1) for path in sorted(paths)
        }
        loaded = Loaded(Path(), PROJECT, {"p": self.provider.facts}, tuple(declared.values()), datasets)
        state = manager.read()
        seen = observe({"p": port}, state, self.clock)
        look = partial(look_closer, {"p": port})
        return loaded, make_plan(loaded, seen, state, ANYTHING, self.clock.now(), look)


def stranger(number: int, like: FineTune, account: Account) -> Job:
    """Make a job of somebody else; with stamps, one of another project that uses ftops too."""
    stamp = Stamp("other", "theirs", like.name, "sha256:0", 1, 1, f"their-nonce-{number}")
    settings = {f"hyperparameters.{key}": value for key, value in like.hyperparameters.items()}
    return replace(
        Job(f"foreign-{number}", "p", JobStatus.RUNNING, created_at=account.clock.time, model="gpt-4o-mini"),
        settings=settings if not account.facts.capabilities.stamps else {},
        stamp=stamp if account.facts.capabilities.stamps and number % 2 else None,
    )


def _pass(where: str) -> None:
    """Nothing stops here."""
