"""Histories of one project on an emulated Ray head: runs that die, replies cut, a head that forgets.

All of it over real HTTP, with the clocks in the test's hand. What was really trained is told by the emulator,
which counts trainings, optimiser steps and results by output folder.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import requests

from ftops.applier.context import Clock as Clocks
from ftops.applier.context import Hands
from ftops.datasets.inspection import inspect_datasets
from ftops.emulator.server import EmulatorServer, EmulatorSettings
from ftops.errors import FtopsError
from ftops.model.finetune import DataFile, FineTune, Lifecycle, Retry, RetryOn
from ftops.model.plan import Plan
from ftops.model.project import Limits, Project, ProviderSettings, StateSettings
from ftops.model.state import State
from ftops.model.trainer import TrainerSettings
from ftops.providers.provider import Provider
from ftops.providers.registry import facts_of, open_provider
from ftops.reconciler.line import carry_out, make_plan
from ftops.reconciler.observing import look_closer, observe
from ftops.reconciler.values import Loaded
from ftops.review.selection import Selection
from ftops.state.backend import Holder
from ftops.state.backends.memory import MemoryBackend
from ftops.state.manager import StateManager
from ftops.transport.references import References
from tests.unit.emulator.client import Clock

NAMES = ("a", "b")
OUTPUT = "/mnt/models"
STEPS = 9
"""Of twelve rows at a batch size of four, three times."""
SETTLE = 120.0
FAULTS = ("lost_reply", "drop", "truncate", "html", "status", "status_after")
LIST_FAULTS = ("drop", "status", "lagging_list")
PEACE_SECONDS = 400.0
MOST_ROUNDS = 12
SETTINGS = ProviderSettings("farm", "ray", settle=SETTLE, timeout=5, trainer=TrainerSettings(OUTPUT))
PROJECT = Project(
    "histories", ("jobs/",), StateSettings("state"), {"farm": SETTINGS}, limits=Limits(1000, 1000, 100)
)


class Killed(BaseException):
    """The process dies here."""


@dataclass
class Both:
    """The clock of ftops, and the emulator's with it."""

    emulated: Clock
    time: float = field(init=False)

    def __post_init__(self) -> None:
        self.time = self.emulated.now

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds
        self.emulated.now += seconds


class Mortal:
    """A port, or a state, that lets its run die before or after one of its calls."""

    def __init__(self, what: Any, left: Callable[[], None]) -> None:
        self._what = what
        self._left = left

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._what, name)
        if not callable(found):
            return found

        def called(*arguments: Any, **named: Any) -> Any:
            self._left()
            value = found(*arguments, **named)
            self._left()
            return value

        return called


@dataclass
class World:
    """One head, one state, and the runs of ftops between them."""

    root: Path
    url: str
    settings: ProviderSettings
    clock: Clocks
    provider: Provider
    backend: MemoryBackend
    declared: dict[str, FineTune] = field(default_factory=dict)
    trace: list[str] = field(default_factory=list)
    behind: int = 0
    nonces: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def control(self, path: str, body: Mapping[str, Any]) -> None:
        requests.post(f"{self.url}/_emulator/{path}", json=body, timeout=10).raise_for_status()

    def outputs(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = requests.get(f"{self.url}/_emulator/ray", timeout=10).json()["outputs"]
        return found

    def jobs(self) -> list[dict[str, Any]]:
        """List the jobs, with whatever fault was meant for ftops: then none."""
        try:
            found = requests.get(f"{self.url}/api/jobs/", timeout=10).json()
        except requests.RequestException:
            return []
        return [job for job in found if job["type"] == "SUBMISSION"]

    def manager(self, backend: Any) -> StateManager:
        return StateManager(backend, PROJECT.name, new_lineage=lambda: "lineage-1")

    def state(self) -> State:
        return self.manager(self.backend).read()

    def apply(self, dies_after: int | None = None) -> Plan | None:
        """Plan and apply; None where it has died or failed."""
        left = itertools.count()

        def boundary() -> None:
            if dies_after is not None and next(left) >= dies_after:
                raise Killed

        port, manager = Mortal(self.provider, boundary), self.manager(Mortal(self.backend, boundary))
        lease = self.backend.lock(Holder("run", "me", "here", 1, "apply", self.clock.now()), 0)
        try:
            return self._round(port, manager, lease)
        except Killed:
            self.trace.append(f"  dies after {dies_after}")
        except FtopsError as error:
            self.trace.append(f"  ends with {error}")
        finally:
            lease.release()
        return None

    def _round(self, port: Any, manager: StateManager, lease: Any) -> Plan:
        facts = {"farm": facts_of(self.settings)}
        fine_tunes = tuple(self.declared.values())
        data = inspect_datasets(self.root, fine_tunes, facts)
        loaded = Loaded(self.root, PROJECT, facts, fine_tunes, data.datasets)
        seen = observe({"farm": port}, list(facts.values()), manager.read(), self.clock)
        look = partial(look_closer, {"farm": port})
        reviewed = make_plan(
            loaded, seen, manager.read(), Selection(allow_empty=True), self.clock.now(), look
        )
        self.trace += [f"  {one.name}: {one.action} {one.reason}" for one in reviewed.plan.changes]
        if not reviewed.review.violations:
            nonce = lambda: f"nonce-{next(self.nonces)}"  # noqa: E731 - as short as it can be
            hands = Hands({"farm": port}, manager, lease, self.clock, nonce, lambda: False, lambda _: None, 1)
            carry_out(loaded, reviewed, reviewed.plan.effective_changes, hands)
        return reviewed.plan

    def start_behind(self, draw: random.Random) -> None:
        """Start a job once more, under an id of somebody's own."""
        jobs = self.jobs()
        if jobs:
            job = draw.choice(jobs)
            self.behind += 1
            body = {key: job[key] for key in ("entrypoint", "runtime_env")}
            body["submission_id"] = f"somebody-{self.behind}"
            with suppress(requests.RequestException):
                requests.post(f"{self.url}/api/jobs/", json=body, timeout=10)


@contextmanager
def world(root: Path) -> Iterator[World]:
    """Make a project with one data file, a head, and an empty state."""
    rows = (
        f'{{"messages": [{{"role": "user", "content": "q{n}"}}, {{"role": "assistant", "content": "a"}}]}}\n'
        for n in range(12)
    )
    (root / "d.jsonl").write_text("".join(rows))
    clock = Clock()
    with EmulatorServer(EmulatorSettings(root / "ray.db", dialect="ray"), clock=clock) as server:
        both = Both(clock)
        provider = open_provider(SETTINGS, {}, base_url=server.base_url, references=References({}, root))
        try:
            yield World(root, server.root_url, SETTINGS, both, provider, MemoryBackend(both.now))
        finally:
            provider.close()


def fine_tune(name: str, epochs: int) -> FineTune:
    return FineTune(
        name=name,
        provider="farm",
        model="random:tiny",
        training_files=(DataFile(path="d.jsonl"),),
        hyperparameters={"n_epochs": epochs},
        lifecycle=Lifecycle(retry=Retry(9, (RetryOn.VANISHED, RetryOn.PROVIDER_ERROR))),
    )


def play(seed: int, root: Path) -> None:
    """Play one history and make peace. Raises AssertionError, with the trace, for what was trained twice."""
    draw = random.Random(seed)
    with world(root) as played:
        try:
            played.declared["a"] = fine_tune("a", 3)
            for _ in range(draw.randint(3, 12)):
                step(played, draw)
                judged(played)
            peace(played)
        except BaseException as error:
            error.add_note(f"seed {seed}\n" + "\n".join(played.trace[-60:]))
            raise


def step(played: World, draw: random.Random) -> None:
    """Do one thing."""
    kind = draw.choice(
        ("apply", "apply", "dies", "dies", "fault", "fault", "list", "time", "restart", "behind", "change")
    )
    played.trace.append(kind)
    if kind == "apply":
        played.apply()
    elif kind == "dies":
        played.apply(draw.randint(0, 30))
    elif kind == "fault":
        played.control("faults", {"kind": draw.choice(FAULTS), "operation": "create", "status": 500})
    elif kind == "list":
        played.control(
            "faults", {"kind": draw.choice(LIST_FAULTS), "operation": "list", "status": 500, "seconds": 1}
        )
    elif kind == "time":
        played.clock.sleep(draw.choice((1.0, 5.0, 30.0, 130.0, 400.0)))
    elif kind == "restart":
        played.control("ray/restart", {"memory": draw.random() < 0.4})
    elif kind == "behind":
        played.start_behind(draw)
    else:
        name = draw.choice(NAMES)
        if name in played.declared and draw.random() < 0.3:
            del played.declared[name]
        else:
            played.declared[name] = fine_tune(name, draw.choice((3, 3, 2)))


def judged(played: World) -> None:
    """No folder has two results, nor more steps than one training has."""
    for output in played.outputs():
        assert output["results"] <= 1, output
        assert output["steps"] <= STEPS, output


def peace(played: World) -> None:
    """Take the faults away and apply until nothing is left to do."""
    requests.delete(f"{played.url}/_emulator/faults", timeout=10)
    plan: Plan | None = None
    for _ in range(MOST_ROUNDS):
        played.clock.sleep(PEACE_SECONDS)
        played.trace.append("peace")
        plan = played.apply()
        judged(played)
    assert plan is not None
    left = {one.name: f"{one.action} {one.reason}" for one in plan.changes}
    assert left == dict.fromkeys(played.declared, "keep succeeded"), left
    made = [one.job.id for one in played.state().fine_tunes.values() if one.job is not None]
    done = {output["path"].rsplit("/", 1)[-1]: output for output in played.outputs()}
    for job_id in made:
        assert (done[job_id]["results"], done[job_id]["trainings"] >= 1) == (1, True), done[job_id]
