"""One history: manifests change, runners fight over one state, kills and cuts come at random instants."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.accounts import unseen
from tests.chaos.gateway import Gateway, served
from tests.chaos.manifests import Manifests
from tests.chaos.runs import Run, Runner
from tests.chaos.worlds import World
from tests.services.cutting_proxy import Cut, CuttingProxy, Side, cutting_proxy

REST_SECONDS = 60.0
"""How long a project may take to come to rest when nothing is cut any more."""
EXPECTED = (0, 1, 3, 4)
"""Done; a provider that was cut off; a guard; a lock that is held, or a person who is asked."""


@dataclass
class Outcome:
    """What came of a history."""

    seed: int
    world: World
    runs: Counter[int] = field(default_factory=Counter)
    kills: int = 0
    cuts: int = 0
    fine_tunes: int = 0
    creates: int = 0
    held: int = 0
    duplicates: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def wrong(self) -> list[str]:
        """Return what must never be, in words."""
        twice = [f"paid {what}" for what in self.duplicates]
        return [*twice, *(f"{job_id} runs unseen" for job_id in self.unseen), *self.errors]

    def __str__(self) -> str:
        figures = (
            f"{self.runs.total()} runs, {self.kills} killed, {self.cuts} cut, {self.fine_tunes} fine-tunes, "
            f"{self.creates} creates, {self.held} held, {len(self.duplicates)} duplicates, "
            f"{len(self.unseen)} unseen"
        )
        return f"seed {self.seed} ({self.world}): {figures}"


class Cuts:
    """Cuts a share of all requests, and a larger one of creates, at any byte, more often at an early one."""

    def __init__(self, world: World, draw: random.Random) -> None:
        self.over = False
        self._jobs = world.jobs
        self._draw = draw

    def __call__(self, method: str, path: str) -> Cut | None:
        share = 0.35 if (method, path) == ("POST", self._jobs) else 0.04
        if self.over or self._draw.random() > share:
            return None
        side = self._draw.choice((Side.REPLY, Side.REPLY, Side.REQUEST))
        return Cut(side, int(10 ** self._draw.uniform(0, 3.2)) - 1)


@dataclass
class Stage:
    """What a history is played on."""

    root: Path
    gateway: Gateway
    wire: CuttingProxy
    cuts: Cuts
    manifests: Manifests
    runners: list[Runner]
    draw: random.Random


@contextmanager
def staged(world: World, seed: int, folder: Path, runners: list[Runner]) -> Iterator[Stage]:
    """Start the provider and the wire, with an empty project."""
    root, draw = folder / "project", random.Random(seed)
    cuts = Cuts(world, random.Random(draw.random()))
    with ExitStack() as stack:
        gateway, behind = stack.enter_context(served(world, folder, seed))
        wire = stack.enter_context(cutting_proxy(behind, cuts))
        manifests = Manifests(root, world, random.Random(draw.random()))
        manifests.begin(wire.address)
        yield Stage(root, gateway, wire, cuts, manifests, runners, draw)


def play(world: World, seed: int, folder: Path, runners: list[Runner], seconds: float) -> Outcome:
    """Play a history for so many seconds, let it come to rest, and hold the account against the state."""
    outcome = Outcome(seed, world)
    with staged(world, seed, folder, runners) as stage:
        _fight(stage, outcome, seconds)
        stage.cuts.over = True
        planned = _rest(stage, outcome)
        outcome.fine_tunes = stage.manifests.count
        outcome.cuts = stage.wire.cuts.total()
        outcome.creates = len(stage.gateway.paid)
        outcome.held = sum(words.startswith("hold") for words in planned.values())
        outcome.duplicates = stage.gateway.twice()
        said = stage.runners[0].ftops(stage.root, "plan").out
        outcome.unseen = unseen(stage.gateway.active(), stage.root / ".ftops" / "state.json", said)
    return outcome


def _fight(stage: Stage, outcome: Outcome, seconds: float) -> None:
    over = threading.Event()
    draws = [random.Random(stage.draw.random()) for _ in stage.runners]
    threads = [
        threading.Thread(target=_run_on, args=(stage.root, runner, draw, over, outcome))
        for runner, draw in zip(stage.runners, draws, strict=True)
    ]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        stage.manifests.edit()
        if stage.draw.random() < 0.03:
            stage.gateway.train()
        time.sleep(stage.draw.uniform(0.02, 0.4))
    over.set()
    for thread in threads:
        thread.join()


def _run_on(root: Path, runner: Runner, draw: random.Random, over: threading.Event, outcome: Outcome) -> None:
    """Run again and again; kill half of the runs, at an instant within the last whole one's length."""
    whole = 0.2
    while not over.is_set():
        words = draw.choice((("apply", "--yes"), ("reconcile", "--once")))
        kill_after = draw.uniform(0.01, 1.2 * whole) if draw.random() < 0.5 else None
        began = time.monotonic()
        run = runner.ftops(root, *words, "--lock-timeout", "2s", "--allow-empty", kill_after=kill_after)
        if kill_after is None:
            whole = time.monotonic() - began
        _note(run, outcome)


def _note(run: Run, outcome: Outcome) -> None:
    outcome.runs[run.code] += 1
    outcome.kills += run.killed
    if "Traceback" in run.err or not (run.killed or run.code in EXPECTED):
        outcome.errors.append(f"a run ended with {run.code}: {run.err[-500:]}")


def _rest(stage: Stage, outcome: Outcome) -> Mapping[str, str]:
    """Run until nothing is left to do or to wait for; return what the plan then says."""
    deadline = time.monotonic() + REST_SECONDS
    planned: dict[str, str] = {}
    while time.monotonic() < deadline:
        _note(stage.runners[0].ftops(stage.root, "reconcile", "--once", "--allow-empty"), outcome)
        planned = _planned(stage)
        if all(words.startswith(("keep", "hold")) for words in planned.values()):
            return planned
        time.sleep(0.2)
    outcome.errors.append(f"it does not come to rest: {planned}")
    return planned


def _planned(stage: Stage) -> dict[str, str]:
    run = stage.runners[0].ftops(stage.root, "plan", "--format", "json", "--allow-empty")
    changes = json.loads(run.out)["changes"]
    return {change["name"]: f"{change['action']} {change['reason']}" for change in changes}
