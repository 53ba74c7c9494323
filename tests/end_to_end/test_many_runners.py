"""Eight runners on one state, killed at random, paused beyond their lease: jobs = fine-tunes."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
import requests

from tests.conftest import Emulator, ProjectDirectory
from tests.end_to_end.test_kills import LIFTED, listed
from tests.services import Service

RUNNERS = 8
SECONDS = float(os.environ.get("FTOPS_RIVALRY_SECONDS", "30"))
"""How long the runners go on for each store."""


class Rivalry:
    """Manifests that keep coming, and runners that fight over them."""

    def __init__(self, project: ProjectDirectory, seed: int) -> None:
        self.project = project
        self.declared: set[str] = set()
        self.codes: Counter[int] = Counter()
        self.errors: list[str] = []
        self._over = threading.Event()
        self._draws = [random.Random(seed + number) for number in range(RUNNERS + 1)]

    def go_on_for(self, seconds: float) -> None:
        runners = [threading.Thread(target=self._run, args=(draw,)) for draw in self._draws[:RUNNERS]]
        for runner in runners:
            runner.start()
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.declare(f"job-{len(self.declared)}")
            time.sleep(self._draws[RUNNERS].uniform(0.5, 2.5))
        self._over.set()
        for runner in runners:
            runner.join()

    def declare(self, name: str) -> None:
        """Let a manifest appear at once: half of one would be another fine-tune."""
        aside = ProjectDirectory(self.project.root / "aside", self.project.capsys)
        aside.manifest(name, f"suffix: {name}")
        (aside.root / f"jobs/{name}.yaml").rename(self.project.root / f"jobs/{name}.yaml")
        self.declared.add(name)

    def _run(self, draw: random.Random) -> None:
        while not self._over.is_set():
            command = draw.choice((("apply", "--yes"), ("reconcile", "--once")))
            process = start(self.project.root, *command, "--lock-timeout", "3s")
            try:
                _, told = process.communicate(timeout=draw.uniform(0.5, 8.0) if draw.random() < 0.7 else 60)
            except subprocess.TimeoutExpired:
                process.kill()
                _, told = process.communicate()
            self.codes[process.returncode] += 1
            if process.returncode not in (0, 4, -signal.SIGKILL):
                self.errors.append(told.decode(errors="replace"))


def start(root: Path, *command: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "ftops", "-C", str(root), *command, *LIFTED],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def settled(project: ProjectDirectory, emulator: Emulator, service: Service) -> Mapping[str, str]:
    """Run until nothing is left to do; a lock that only a person can break is broken first."""
    requests.delete(
        f"{emulator.base_url.removesuffix('/v1')}/_emulator/faults", timeout=10
    ).raise_for_status()
    deadline = time.monotonic() + 90
    while True:
        if service.name == "http":
            assert project.ftops("state", "unlock", "--yes") == 0
        project.ftops("reconcile", "--once", "--lock-timeout", "20s", *LIFTED)
        said = project.plan()
        # A store that did not answer in time gives no plan at all.
        if said and all(words.startswith(("keep", "hold")) for words in said.values()):
            return said
        assert time.monotonic() < deadline, f"it does not settle: {said}\n{project.err}"


@pytest.mark.slow
def test_eight_runners_that_are_killed_at_random_make_each_job_once(
    shared: ProjectDirectory,
    emulator: Emulator,
    service: Service,
    capsys: pytest.CaptureFixture[str],
) -> None:
    rivalry = Rivalry(shared, seed=20261125)
    rivalry.go_on_for(SECONDS)
    said = settled(shared, emulator, service)
    assert not rivalry.errors, rivalry.errors[0]
    assert said == dict.fromkeys(rivalry.declared, "keep in-progress")
    jobs = listed(emulator)
    made = sorted((job["metadata"]["ftops_name"], job["status"]) for job in jobs)
    assert [name for name, _ in made] == sorted(rivalry.declared), made
    assert emulator.jobs() == len(rivalry.declared)
    with capsys.disabled():
        kills = rivalry.codes[-signal.SIGKILL]
        sys.stdout.write(
            f"\n  {service.name}: {RUNNERS} runners, {SECONDS:g} s, {rivalry.codes.total()} runs, "
            f"{kills} killed, {rivalry.codes[4]} kept out, {len(jobs)} jobs of {len(rivalry.declared)}\n"
        )


@pytest.mark.slow
def test_a_runner_paused_beyond_its_lease_refuses_to_go_on(
    shared: ProjectDirectory, emulator: Emulator, service: Service
) -> None:
    names = [f"job-{number}" for number in range(6)]
    paused = paused_in_the_middle(shared, emulator, names)
    leased = service.name != "http"
    try:
        code = shared.ftops("apply", "--yes", "--lock-timeout", "60s" if leased else "1s")
        sent = emulator.requests("create")
    finally:
        paused.send_signal(signal.SIGCONT)
    _, told = paused.communicate(timeout=60)
    assert "Traceback" not in told.decode()
    if leased:
        assert code in (0, 4), shared.err
        assert "took over the lock" in shared.err
        assert paused.returncode == 4, told.decode()
        assert "the lock" in told.decode()
        assert emulator.requests("create") == sent
    else:
        # A lock of this protocol has no end: nobody else gets in, and whoever was paused goes on.
        assert (code, paused.returncode) == (4, 0), told.decode()
    assert settled(shared, emulator, service) == dict.fromkeys(names, "keep in-progress")
    assert Counter(job["metadata"]["ftops_name"] for job in listed(emulator)) == Counter(names)


def paused_in_the_middle(
    shared: ProjectDirectory, emulator: Emulator, names: list[str]
) -> subprocess.Popen[bytes]:
    """Start an apply, and stop it while its first create is under way."""
    for name in names:
        shared.manifest(name, f"suffix: {name}")
    emulator.fault("slow", "create", seconds=1.0, times=2)
    process = start(shared.root, "apply", "--yes", "--parallelism", "1")
    deadline = time.monotonic() + 30
    while emulator.requests("create") == 0:
        assert time.monotonic() < deadline, "nothing was ever sent"
        time.sleep(0.02)
    process.send_signal(signal.SIGSTOP)
    return process
