"""A soak: the worker is started and killed, the project edited, faults armed; then the account is settled."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from ftops.emulator.server import EmulatorServer, EmulatorSettings
from tests.conftest import REPOSITORY
from tests.soak.world import FAULTS, Chains, Receiver, jobs_of, receiving

STEP_SECONDS = 300.0
RESTLESS = 0.2
"""The share of the rounds in which the worker is killed; after it, one life goes on to the end."""
MOST_GROWTH = 1.0
"""KiB a round, over that life."""
ENOUGH_ROUNDS = 5_000
"""With fewer the slope is that of a process warming up: it is told, and judges nothing."""


@dataclass
class Soak:
    """What is asked for."""

    rounds: int = 10_000
    fine_tunes: int = 200
    kills: int = 50
    seed: int = 20_261_128
    quiet: float = 0.1
    """The share of the rounds at the end without faults, edits and kills: then all has to come to rest."""


@dataclass
class Account:
    """What came of it."""

    rounds: int = 0
    kills: int = 0
    edits: int = 0
    faults: int = 0
    results: Counter[str] = field(default_factory=Counter)
    memory: list[list[int]] = field(default_factory=list)
    """KiB after each round, of each life of the worker."""
    jobs: int = 0
    messages: int = 0
    repeated: int = 0
    broken: list[str] = field(default_factory=list)

    def growth(self) -> float:
        """Return KiB a round: the slope of a line through the last life, by least squares."""
        values = self.memory[-1]
        middle, mean = (len(values) - 1) / 2, sum(values) / len(values)
        spread = sum((at - middle) ** 2 for at in range(len(values)))
        return sum((at - middle) * (value - mean) for at, value in enumerate(values)) / spread


def soak(wanted: Soak, folder: Path) -> Account:
    """Run it, and judge."""
    account, draw = Account(), random.Random(wanted.seed)
    with EmulatorServer(EmulatorSettings(folder / "emulator/e.db")) as server, receiving() as receiver:
        chains = Chains(folder / "project", wanted.fine_tunes)
        chains.made(server.base_url, receiver.url)
        control = server.root_url + "/_emulator"
        lively = round(wanted.rounds * (1 - wanted.quiet))
        kill_at = sorted(draw.sample(range(round(RESTLESS * wanted.rounds)), wanted.kills))
        while account.rounds < wanted.rounds:
            following = next((at for at in kill_at if at >= account.rounds), None)
            _live(account, wanted, chains, control, (following, lively, draw, receiver))
            kill_at = [at for at in kill_at if at >= account.rounds]
        _settle(account, chains, server.base_url, receiver)
    return account


def _live(
    account: Account,
    wanted: Soak,
    chains: Chains,
    control: str,
    given: tuple[int | None, int, random.Random, Receiver],
) -> None:
    """Let one worker live, until it is killed or all rounds are done."""
    kill_at, lively, draw, receiver = given
    life: list[int] = []
    account.memory.append(life)
    command = [sys.executable, "-m", "tests.soak.worker", str(chains.root), control]
    command += [str(wanted.rounds - account.rounds), str(STEP_SECONDS)]
    environ = {**os.environ, "SOAK_KEY": "sk-soak"}
    environ.pop("CI", None)
    with subprocess.Popen(command, cwd=REPOSITORY, env=environ, stdout=subprocess.PIPE, text=True) as worker:
        for told in _told(worker):
            life.append(told["rss"])
            account.rounds += 1
            account.results[told["result"]] += 1
            if account.rounds <= lively:
                _trouble(account, chains, control, draw)
            elif account.rounds == lively + 1:
                requests.delete(f"{control}/faults", timeout=30)
                receiver.down = 0.0
            if kill_at is not None and account.rounds > kill_at:
                worker.kill()
                account.kills += 1
                return
    if worker.returncode:
        raise RuntimeError(f"the worker ended with {worker.returncode} in round {account.rounds}")


def _told(worker: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    assert worker.stdout is not None
    for line in worker.stdout:
        yield json.loads(line)


def _trouble(account: Account, chains: Chains, control: str, draw: random.Random) -> None:
    if draw.random() < 0.1:
        kind, operation = draw.choice(FAULTS)
        body = {"kind": kind, "operation": operation, "skip": draw.randrange(3)}
        body |= {"status": 500} if kind.startswith("status") else {}
        requests.post(f"{control}/faults", json=body, timeout=30).raise_for_status()
        account.faults += 1
    if draw.random() < 0.02:
        name = draw.choice(sorted(chains.epochs))
        chains.write(name, chains.epochs[name] + 1)
        account.edits += 1


def _settle(account: Account, chains: Chains, base_url: str, receiver: Receiver) -> None:
    """Compare what was paid, what is recorded and what was told."""
    jobs = jobs_of(base_url)
    account.jobs, account.messages = len(jobs), sum(receiver.heard.values())
    account.repeated = sum(times - 1 for times in receiver.heard.values())
    marks = Counter(
        tuple(job["metadata"].get(f"ftops_{key}") for key in ("name", "fingerprint", "nonce")) for job in jobs
    )
    account.broken += [f"{mark[0]} was paid {times} times" for mark, times in marks.items() if times > 1]
    state = json.loads((chains.root / ".ftops/state.json").read_text())
    told = Counter((one["kind"], one["name"], one["job_id"]) for one in receiver.messages.values())
    account.broken += [f"{key} was told {times} times" for key, times in told.items() if times > 1]
    for name, record in state["fine_tunes"].items():
        job = record.get("job") or {}
        if job.get("status") != "succeeded":
            account.broken.append(f"{name} did not come to rest: {job.get('status')}")
        elif not told["succeeded", name, job["id"]]:
            account.broken.append(f"nobody was told that {name} succeeded with {job['id']}")
    if account.repeated > account.kills:
        account.broken.append(f"{account.repeated} messages were repeated, with {account.kills} kills")
    if account.rounds >= ENOUGH_ROUNDS and account.growth() >= MOST_GROWTH:
        account.broken.append(f"memory grows by {account.growth():.2f} KiB a round")
