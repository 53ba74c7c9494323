"""A hundred runs killed with SIGKILL at random instants, over HTTP, with the emulator's faults on."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.conftest import DIALECT, Emulator, ProjectDirectory

SETTLE = "send_window: 2, settle: 3, "
"""A kill before the POST leaves an intent that has to settle; with the defaults that takes 16 minutes."""
LIFTED = ("--allow", "creates=500", "--allow", "cancels=500", "--allow", "cancels_percent=100")
FAULTS: tuple[tuple[str, str, Mapping[str, object]], ...] = (
    ("lost_reply", "create", {}),
    ("status_after", "create", {"status": 500}),
    ("status", "create", {"status": 503}),
    ("status", "create", {"status": 429}),
    ("drop", "create", {}),
    ("truncate", "create", {}),
    ("html", "create", {}),
    ("slow", "create", {"seconds": 0.3}),
    ("lagging_list", "list", {"seconds": 0.5, "times": 3}),
    ("truncate_list", "list", {}),
    ("repeat_page", "list", {}),
    ("status", "list", {"status": 500}),
    ("lost_reply", "cancel", {}),
    ("status", "cancel", {"status": 500}),
    ("slow", "cancel", {"seconds": 0.2}),
    ("status", "retrieve", {"status": 502}),
)


def start(root: Path, *command: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "ftops", "-C", str(root), *command, *LIFTED],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


class Campaign:
    """Edits manifests, arms faults, starts one or two runs, and kills them; all drawn from one seed."""

    def __init__(self, project: ProjectDirectory, emulator: Emulator, seed: int, spec: str) -> None:
        self.project = project
        self.emulator = emulator
        self.draw = random.Random(seed)
        self.spec = spec
        self.declared: dict[str, int] = {}
        self.kills = 0
        self.full_run = 1.0

    def edit(self, number: int) -> None:
        """Declare one more; now and then change or remove an earlier one."""
        self.declare(f"job-{number}", 1)
        if self.draw.random() < 0.3:
            name = self.draw.choice(sorted(self.declared))
            self.declare(name, self.declared[name] + 1)
        if self.draw.random() < 0.1:
            name = self.draw.choice(sorted(self.declared))
            del self.declared[name]
            (self.project.root / f"jobs/{name}.yaml").unlink()

    def declare(self, name: str, epochs: int) -> None:
        self.declared[name] = epochs
        # A suffix makes each a training of its own: else a new name takes over the job of a removed one.
        self.project.manifest(name, f"hyperparameters: {{n_epochs: {epochs}}}\nsuffix: {name}", self.spec)

    def measure(self) -> None:
        """See how long a run takes that nobody kills: the instants of the kills are drawn from that."""
        began = time.monotonic()
        start(self.project.root, "apply", "--yes").wait()
        self.full_run = time.monotonic() - began

    def kill_some(self) -> None:
        """Start one run or two at once, and kill each at an instant of its own."""
        if self.draw.random() < 0.5:
            kind, operation, options = self.draw.choice(FAULTS)
            self.emulator.fault(kind, operation, **options)
        count = 2 if self.draw.random() < 0.2 else 1
        commands = [self.draw.choice((("apply", "--yes"), ("reconcile", "--once"))) for _ in range(count)]
        running = [start(self.project.root, *command) for command in commands]
        for process in running:
            time.sleep(self.draw.uniform(0.2, 1.2) * self.full_run / count)
            process.kill()
            self.kills += process.wait() < 0

    def settle(self) -> dict[str, str]:
        """Run without faults until nothing is left to do or to wait for; give what the plan then says."""
        root = self.emulator.base_url.removesuffix("/v1") + "/_emulator"
        requests.delete(f"{root}/faults", timeout=10).raise_for_status()
        deadline = time.monotonic() + 40
        while True:
            self.project.ftops("reconcile", "--once", *LIFTED)
            said = self.project.plan()
            if said and all(words.startswith(("keep", "hold")) for words in said.values()):
                return said
            assert time.monotonic() < deadline, f"it does not settle: {said}\n{self.project.err}"


def listed(emulator: Emulator) -> list[dict[str, Any]]:
    """Page through every job, without ftops."""
    jobs: list[dict[str, Any]] = []
    more = True
    while more:
        after = {"after": jobs[-1]["id"]} if jobs else {}
        url, key = f"{emulator.base_url}/fine_tuning/jobs", {"Authorization": "Bearer sk-test"}
        page = requests.get(url, params={"limit": "100", **after}, headers=key, timeout=10).json()
        jobs += page["data"]
        more = page["has_more"]
    return jobs


@pytest.mark.slow
def test_a_hundred_kills_never_make_a_second_job(
    project: ProjectDirectory, emulator: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (project.root / "ftops.yaml").read_text()
    project.write("ftops.yaml", text.replace("api_key:", f"{SETTLE}api_key:"))
    campaign = Campaign(project, emulator, 20261124, "gpt-4o-mini")
    campaign.edit(0)
    campaign.measure()
    rounds, began = 0, time.monotonic()
    while campaign.kills < 100:
        rounds += 1
        campaign.edit(rounds)
        campaign.kill_some()
    said = campaign.settle()
    assert said == dict.fromkeys(campaign.declared, "keep in-progress")
    jobs = listed(emulator)
    names = Counter(job["metadata"]["ftops_name"] for job in jobs if job["status"] != "cancelled")
    assert names == Counter(campaign.declared.keys())
    made = Counter((job["metadata"]["ftops_name"], job["metadata"]["ftops_generation"]) for job in jobs)
    assert max(made.values()) == 1
    assert emulator.jobs() == len(jobs)
    with capsys.disabled():
        seconds = time.monotonic() - began
        sys.stdout.write(
            f"\n  {campaign.kills} kills in {rounds} rounds, {len(jobs)} jobs, {seconds:.0f} s\n"
        )


@pytest.mark.slow
def test_kills_make_no_second_job_where_jobs_carry_no_mark(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    text = (project.root / "ftops.yaml").read_text().replace("api_key:", f"{SETTLE}api_key:")
    project.write("ftops.yaml", text.replace(f"dialect: {DIALECT}", "dialect: openai_legacy"))
    rows = ({"prompt": f"q{n} ->", "completion": f" a{n}"} for n in range(12))
    project.write("data/train.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    campaign = Campaign(project, emulator, 7, "curie")
    campaign.declare("job-0", 1)
    campaign.measure()
    while campaign.kills < 25:
        campaign.declare(f"job-{len(campaign.declared)}", len(campaign.declared) + 1)
        campaign.kill_some()
    said = campaign.settle()
    assert said == dict.fromkeys(campaign.declared, "keep in-progress")
    assert emulator.jobs("openai_legacy") == len(campaign.declared)
