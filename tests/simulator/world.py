"""One project, one provider, one state; and the runs of ftops that work on them."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

from ftops.api.cancelling import with_notes
from ftops.applier.context import Hands
from ftops.errors import FtopsError, Problem
from ftops.model.change import Action, Change, Reason
from ftops.model.dataset import Dataset
from ftops.model.event import ChangeResult, Event
from ftops.model.finetune import DataFile, FineTune, Lifecycle, Upstream
from ftops.model.job import Job, JobFile, JobStatus, Stamp
from ftops.model.plan import Plan
from ftops.model.project import Limits, Project, StateSettings
from ftops.model.state import State
from ftops.model.value import replace
from ftops.reconciler.line import carry_out, make_plan
from ftops.reconciler.observing import look_closer, observe
from ftops.reconciler.values import Loaded, Reviewed
from ftops.records.matching import worth_keeping
from ftops.records.rebuilding import rebuilt
from ftops.records.surgery import (
    accepted,
    arrived,
    claimed,
    in_doubt,
    never_arrived,
    not_mine,
    retried,
    take_over,
)
from ftops.review.selection import Selection
from ftops.state.backend import Holder
from ftops.state.manager import StateManager
from tests.simulator import laws
from tests.simulator.account import Account, SimulatedClock
from tests.simulator.bends import WORLDS, Bends
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
PERSON = (
    Reason.AMBIGUOUS_CREATE,
    Reason.LOOKALIKE,
    Reason.LIKENESS,
    Reason.ALTERED,
    Reason.OTHER_LINEAGE,
    Reason.ORPHAN,
)


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
        max_active: int | None = None,
        bends: Bends = WORLDS["plain"],
    ) -> None:
        self.clock = SimulatedClock()
        self.provider = Account(self.clock, dialect, max_active, bends)
        self.store = Store(self.clock.now, lease_seconds)
        self.findings = Findings(self.store.history)
        self.declared: dict[str, FineTune] = {}
        self.invalid: set[str] = set()
        """Names whose data breaks a rule."""
        self.unread: set[str] = set()
        """Paths of data that cannot be read."""
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

    def cancel(self, *names: str) -> None:
        """Cancel by hand, as `ftops cancel NAME` does."""
        runner = self.start_cancel(*names)
        runner.go(None)
        if runner.surprise or runner.error:
            raise runner.surprise or runner.error  # type: ignore[misc]  # one of them is there

    def start_cancel(self, *names: str) -> Runner:
        """Make a run of a person who cancels; it has done nothing yet."""
        declared = dict(self.declared)
        return Runner(f"hand {next(self._runs)}", lambda runner: self._round(runner, declared, by_hand=names))

    def plan(self) -> Plan:
        """Plan without a boundary or a trace."""
        return self.reviewed().plan

    def reviewed(self) -> Reviewed:
        """Plan, and give what the plan was made from as well."""
        return self._planned(self._manager(_pass), self.port(_pass), self.declared)[1]

    def actions(self) -> dict[str, str]:
        return {c.name: f"{c.action.value} {c.reason.value}" for c in self.plan().changes}

    def state(self) -> State:
        """Return the state as it is stored."""
        return self._manager(_pass).read()

    def lose_state(self) -> None:
        """Throw the stored state away."""
        self.store.lose()

    def port(self, boundary: Callable[[str], None], declared: Mapping[str, FineTune] | None = None) -> Port:
        watch = Watch(self.provider, self.findings, declared or {}, self.clock.time)
        return Port(self.provider, watch, boundary)

    def ask_a_person(self) -> None:
        """Let somebody who knows the truth settle each hold that asks for it, as `ftops resolve` does."""
        for name in sorted(laws.names(self.plan(), self.declared, self.state())):
            for shown in self.plan().changes:
                # What was settled a moment ago is asked no more.
                asked = [one for one in self.plan().changes if (one.name, one.job_id) == (name, shown.job_id)]
                for change in asked if shown.name == name else ():
                    if change.action is Action.HOLD and change.reason in PERSON:
                        if f"ftops resolve {name} --" not in change.message:
                            self.findings.law(f"the hold of {name} names no way out: {change.message}")
                        self._told_apart(change)
                        self._resolve(change)

    def lift_refusals(self, *names: str) -> None:
        """Let somebody try again what the provider refused, as `ftops resolve NAME --retry` does."""
        manager = self._manager(_pass)
        for name in names:
            fine_tune = self.declared.get(name)
            paths = [file.path for _, file in fine_tune.data_files if file.path] if fine_tune else []
            # Nothing may have been refused, and the store may be out of order: then nothing is lifted.
            with suppress(FtopsError):
                state = manager.read()
                manager.write(retried(state, name, [dataset(path).file_sha256 for path in paths]))
                record = state.fine_tunes.get(name)
                if record is not None and record.intent is not None:
                    self.provider.not_before.pop(record.intent.nonce, None)

    def _told_apart(self, change: Change) -> None:
        """A doubt between jobs of several names means that their creates were in flight together."""
        paid = laws.named_in(change) & self.provider.truth.keys()
        known = [one for one in paid if self.provider.key(one) not in self.findings.forgotten]
        names = {self.provider.truth[one].name for one in known}
        sure = self.provider.marks or not self.provider.facts.capabilities.stamps
        if change.reason is Reason.AMBIGUOUS_CREATE and len(names) > 1 and sure:
            self.findings.law(f"the creates of {sorted(names)} look alike and were in flight together")

    def _resolve(self, change: Change) -> None:
        manager, name = self._manager(_pass), change.name
        state = self._planned(manager, self.port(_pass), self.declared)[1].stored
        intent, record = in_doubt(state, name), state.fine_tunes.get(name)
        if intent is not None and change.reason is Reason.AMBIGUOUS_CREATE:
            made = [job for job in self.provider.jobs.values() if self._nonce(job) == intent.nonce]
            answered = (
                arrived(state, name, made[0]) if made else never_arrived(state, name, self.provider.jobs)
            )
            manager.write(answered)
            return
        job = self.provider.jobs[change.job_id or ""]
        if record is not None and record.job is not None and record.job.id == job.id:
            manager.write(accepted(state, name, job.id))
            return
        owner = self._owner(job, state)
        if owner is None:
            manager.write(not_mine(state, "p", job.id))
        elif owner == name:
            manager.write(self._taken(state, change, job))

    def _owner(self, job: Job, state: State) -> str | None:
        """Return the name that a job was paid for, as it is called by now."""
        stamp = self.provider.truth.get(job.id)
        if stamp is None:
            return None
        for name, record in state.fine_tunes.items():
            intent = (record.intent.nonce,) if record.intent else ()
            if stamp.nonce in (*record.spent_nonces, *intent, *(one.nonce for one in record.jobs)):
                return name
        return stamp.name

    def _taken(self, state: State, change: Change, job: Job) -> State:
        """Take a job for its name: its only one, or a second one that has to go."""
        name = change.name
        record = state.fine_tunes.get(name)
        if record is not None and record.job is not None and worth_keeping(record.job):
            return claimed(accepted(state, name, record.job.id), name, [job])
        if name in self.declared and change.spec:
            return take_over(state, self.declared[name], change, job)
        if record is not None:
            return claimed(state, name, [job])
        reviewed = self.reviewed()
        seen = {"p": replace(reviewed.observations["p"], jobs=tuple(self.provider.jobs.values()))}
        found = rebuilt(state, seen, self.declared.values(), reviewed.plan, lost=False).state
        known = name in found.fine_tunes or name in found.archive
        return found if known else not_mine(state, "p", job.id)

    def _nonce(self, job: Job) -> str | None:
        stamp = self.provider.truth.get(job.id)
        return stamp.nonce if stamp else None

    def _round(
        self,
        runner: Runner,
        declared: Mapping[str, FineTune],
        *,
        stopping: bool = False,
        by_hand: Iterable[str] = (),
    ) -> None:
        """Do what `ftops apply --yes` does, or `ftops cancel` of these names."""

        def boundary(where: str) -> None:
            self.clock.time += TICK_SECONDS
            self.findings.trace.append(f"    {runner.name}: {where}")
            runner.boundary(where)

        manager = self._manager(boundary)
        lease = manager.lock(Holder(runner.name, "me", "here", 1, "apply", self.clock.now()), 0)
        try:
            port = self.port(boundary, declared)
            loaded, reviewed = self._planned(manager, port, declared)
            effective = reviewed.plan.effective_changes
            if by_hand:
                reviewed, effective = self._cancelling(loaded, reviewed, by_hand)
            for change in reviewed.plan.changes:
                words = f"{change.name}: {change.action} {change.reason} {change.job_id or ''}"
                self.findings.trace.append(f"    {runner.name}: plans {words}")
            if reviewed.review.violations and not by_hand:
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
            applied = carry_out(loaded, reviewed, effective, hands)
            self.results[runner.name] = applied.results
        finally:
            # The kernel frees a file's lock when its process dies; a lease stays until its time is over.
            if not (runner.dead and self.store.leases_expire):
                lease.release()

    def _cancelling(
        self, loaded: Loaded, reviewed: Reviewed, names: Iterable[str]
    ) -> tuple[Reviewed, tuple[Change, ...]]:
        """Write the wish into the settled state, and let the planner say what it comes to."""
        noted, touched = with_notes(reviewed, names, loaded.fine_tunes)
        after = make_plan(loaded, reviewed.observations, noted, ANYTHING, self.clock.now())
        wanted = tuple(
            change
            for change in after.plan.effective_changes
            if change.name in touched and change.reason is Reason.CANCELLED_BY_HAND
        )
        return replace(after, stored=reviewed.stored), wanted

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
        datasets = {path: dataset(path) for path in sorted(paths - self.unread)}
        facts, problem = {"p": self.provider.facts}, Problem("is broken", "data.jsonl", 1)
        problems = {
            name: (problem,)
            for name, one in declared.items()
            if name in self.invalid or any(file.path in self.unread for _, file in one.data_files)
        }
        loaded = Loaded(Path(), PROJECT, facts, tuple(declared.values()), datasets, data_problems=problems)
        state = manager.read()
        seen = observe({"p": port}, [self.provider.facts], state, self.clock)
        look = partial(look_closer, {"p": port})
        return loaded, make_plan(loaded, seen, state, ANYTHING, self.clock.now(), look)


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


def _pass(where: str) -> None:
    """Nothing stops here."""
