"""`ftops reconcile` as a process that goes on: by itself, killed, beside others, over a moving branch."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import requests

from ftops.manifests.schema import schema_text
from tests.conftest import Emulator, ProjectDirectory
from tests.end_to_end.test_kills import SETTLE, listed
from tests.end_to_end.test_reconcile import held
from tests.repository import Repository
from tests.services import Service

PATIENCE = 60.0
VALIDATOR = jsonschema.Draft7Validator(json.loads(schema_text("reconcile")))


class Running:
    """A controller with a short interval. What it says is read from files."""

    def __init__(self, root: Path, folder: Path, *arguments: str) -> None:
        folder.mkdir(parents=True)
        self._out, self._err = folder / "out", folder / "err"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "ftops", "-C", str(root), "reconcile"),
                    *("--interval", "1s", "--format", "json", *arguments),
                ],
                stdout=out,
                stderr=err,
            )

    @property
    def said(self) -> str:
        return self._err.read_text()

    @property
    def rounds(self) -> list[dict[str, Any]]:
        """The documents of its rounds so far, each of them valid."""
        whole = self._out.read_text().rpartition("\n")[0]
        documents = [json.loads(line) for line in whole.splitlines()]
        for document in documents:
            VALIDATOR.validate(document)
        return documents

    def wait_for(self, condition: Callable[[], object], meanwhile: Callable[[], object] = int) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert self.process.poll() is None, self.said
            assert time.monotonic() < deadline, self.said
            meanwhile()
            time.sleep(0.05)

    def wait_for_round(self, condition: Callable[[dict[str, Any]], object] = bool) -> dict[str, Any]:
        """Wait for a round that begins from now on and is like that."""
        seen = len(self.rounds)
        found: list[dict[str, Any]] = []

        def come() -> bool:
            found[:] = [one for one in self.rounds[seen:] if condition(one)]
            return bool(found)

        self.wait_for(come)
        return found[0]

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    with ExitStack() as stack:
        count = 0

        def begin(root: Path, *arguments: str) -> Running:
            nonlocal count
            count += 1
            running = Running(root, tmp_path / f"controller-{count}", *arguments)
            stack.callback(running.process.wait)
            stack.callback(running.process.kill)
            return running

        yield begin


def chain(project: ProjectDirectory) -> None:
    project.manifest("base")
    project.manifest("middle", "suffix: middle", model="{from: base}")
    project.manifest("top", "suffix: top", model="{from: middle}")


def made(emulator: Emulator) -> Counter[str]:
    return Counter(job["metadata"]["ftops_name"] for job in listed(emulator))


EACH_ONCE = Counter(base=1, middle=1, top=1)


def test_a_chain_advances_by_itself_through_a_kill_and_a_new_project_file(
    project: ProjectDirectory, emulator: Emulator, start: Callable[..., Running]
) -> None:
    text = (project.root / "ftops.yaml").read_text()
    project.write("ftops.yaml", text.replace("api_key:", f"{SETTLE}api_key:"))
    chain(project)
    emulator.fault("slow", "create", seconds=1.0, times=1)
    first = start(project.root)
    first.wait_for(lambda: emulator.requests("create"))
    first.process.kill()
    assert first.process.wait() == -signal.SIGKILL
    second = start(project.root)
    second.wait_for(lambda: emulator.jobs() == 2, lambda: emulator.advance(60))
    text = (project.root / "ftops.yaml").read_text()
    project.write("ftops.yaml", text.replace("spec:", "spec:\n  limits: {max_creates: 0}"))
    # Of two rounds that end from now on, the second one has read that file.
    second.wait_for_round()
    second.wait_for_round()
    emulator.advance(3600)
    second.wait_for_round(lambda one: one["result"] == "refused")
    assert emulator.jobs() == 2
    project.write("ftops.yaml", text)
    second.wait_for(lambda: emulator.jobs() == 3, lambda: emulator.advance(60))
    emulator.advance(3600)
    last = second.wait_for_round(lambda one: one["summary"]["keep"] == 3)
    assert (last["exit_code"], last["needs_person"], last["waiting"]) == (0, [], [])
    assert second.end() == 0
    assert "SIGTERM: finishing what is in flight" in second.said
    assert made(emulator) == EACH_ONCE


def test_what_is_in_flight_is_finished_and_written_before_it_ends(
    project: ProjectDirectory, emulator: Emulator, start: Callable[..., Running]
) -> None:
    project.manifest("a")
    emulator.fault("slow", "create", seconds=1.0, times=1)
    running = start(project.root)
    running.wait_for(lambda: emulator.requests("create"))
    assert running.end() == 0
    state = json.loads((project.root / ".ftops/state.json").read_text())
    assert state["fine_tunes"]["a"]["job"]["id"] == listed(emulator)[0]["id"]
    assert running.rounds[-1]["exit_code"] == 130


def test_ctrl_c_ends_it_with_130(project: ProjectDirectory, start: Callable[..., Running]) -> None:
    project.manifest("a")
    running = start(project.root, "--interval", "1h")
    running.wait_for(lambda: running.rounds)
    assert running.end(signal.SIGINT) == 130


def test_it_stands_by_while_another_run_has_the_lock_and_takes_over_then(
    project: ProjectDirectory, emulator: Emulator, start: Callable[..., Running]
) -> None:
    project.manifest("a")
    with held(project):
        running = start(project.root)
        assert running.wait_for_round()["result"] == "standing-by"
        assert emulator.jobs() == 0
    running.wait_for_round(lambda one: one["result"] == "done")
    assert emulator.jobs() == 1
    # The lock is held for a round alone: people work beside a controller.
    project.manifest("b", "suffix: b")
    assert project.ftops("apply", "--yes", "--lock-timeout", "30s") == 0, project.err
    assert running.end() == 0
    assert made(emulator) == Counter(a=1, b=1)


@pytest.mark.slow
def test_it_survives_what_does_not_load_and_a_provider_that_is_away(
    project: ProjectDirectory, emulator: Emulator, start: Callable[..., Running]
) -> None:
    project.write("jobs/a.yaml", "kind: FineTune\nsufix: b\n")
    running = start(project.root)
    assert running.wait_for_round()["result"] == "failed"
    project.manifest("a")
    emulator.fault("status", "list", status=503, times=50)
    away = running.wait_for_round(lambda one: one["incomplete"])
    assert away["exit_code"] == 4
    faults = f"{emulator.base_url.removesuffix('/v1')}/_emulator/faults"
    requests.delete(faults, timeout=10).raise_for_status()
    running.wait_for_round(lambda one: one["exit_code"] == 0)
    assert running.end() == 0
    assert made(emulator) == Counter(a=1)


def test_a_broken_commit_keeps_the_last_good_one_until_it_is_mended(
    project: ProjectDirectory, emulator: Emulator, tmp_path: Path, start: Callable[..., Running]
) -> None:
    origin = Repository.init(project.root)
    project.write(".gitignore", ".ftops/\n")
    project.manifest("a")
    good = origin.commit(at=1_700_000_000)
    clone = origin.clone(tmp_path / "clone")
    running = start(clone.root, "--pull")
    assert running.wait_for_round()["commit"]["id"] == good
    project.write("jobs/b.yaml", "kind: FineTune\nsufix: b\n")
    broken = origin.commit(at=1_700_000_060)
    kept = running.wait_for_round(lambda one: one["exit_code"] == 1)
    assert (kept["result"], kept["commit"]["id"]) == ("done", good)
    assert f"commit {broken[:12]} of origin/main does not load" in kept["problems"][0]["message"]
    assert kept["problems"][1]["file"] == "jobs/b.yaml"
    again = running.wait_for_round()
    assert (again["problems"], again["commit"]["id"]) == (kept["problems"], good)
    assert not (clone.root / "jobs/b.yaml").exists()
    project.manifest("b", "suffix: b")
    mended = origin.commit(at=1_700_000_120)
    last = running.wait_for_round(lambda one: one["exit_code"] == 0)
    assert (last["commit"]["id"], last["problems"]) == (mended, [])
    assert running.end() == 0
    assert made(emulator) == Counter(a=1, b=1)
    assert re.search(r"Error: commit [0-9a-f]{12} of origin/main does not load", running.said)


def several(project: ProjectDirectory, tmp_path: Path, *names: str) -> Path:
    """Make projects beside each other, of names and fine-tunes of their own."""
    folder = tmp_path / "teams"
    for name in names:
        one = ProjectDirectory(folder / name, project.capsys)
        text = (project.root / "ftops.yaml").read_text().replace("test-p1", f"test-{name}")
        one.write("ftops.yaml", text)
        one.write("data/train.jsonl", (project.root / "data/train.jsonl").read_text())
        one.manifest(f"{name}-a", f"suffix: {name}")
    return folder


def test_many_projects_go_on_beside_a_broken_one(
    project: ProjectDirectory, emulator: Emulator, tmp_path: Path, start: Callable[..., Running]
) -> None:
    folder = several(project, tmp_path, "one", "two", "bad")
    (folder / "bad/ftops.yaml").write_text("spec: [")
    running = start(folder, "--projects", "*")
    running.wait_for(lambda: emulator.jobs() == 2)
    running.wait_for(lambda: any(one["project"] == "bad" for one in running.rounds))
    several(project, tmp_path, "bad")
    running.wait_for(lambda: emulator.jobs() == 3)
    assert running.end() == 0
    assert made(emulator) == Counter({"one-a": 1, "two-a": 1, "bad-a": 1})
    assert {one["project"] for one in running.rounds} == {"test-one", "test-two", "bad", "test-bad"}
    assert "Z [bad] Error: " in running.said
    assert "Z [one] one-a: create done" in running.said


def test_many_projects_once_end_with_the_first_code_that_applies(
    project: ProjectDirectory, emulator: Emulator, tmp_path: Path
) -> None:
    folder = several(project, tmp_path, "one", "two", "bad")
    (folder / "bad/jobs/bad-a.yaml").write_text("kind: FineTune\nsufix: b\n")
    teams = ProjectDirectory(folder, project.capsys)
    assert teams.ftops("reconcile", "--once", "--projects", "*", "--format", "json") == 1
    documents = [json.loads(line) for line in teams.out.splitlines()]
    for document in documents:
        VALIDATOR.validate(document)
    codes = {document["project"]: document["exit_code"] for document in documents}
    assert codes == {"test-bad": 1, "test-one": 0, "test-two": 0}
    assert emulator.jobs() == 2
    assert teams.ftops("reconcile", "--once", "--projects", "nobody/*") == 64
    assert teams.ftops("reconcile", "--once", "--projects", "*", "--target", "one-a") == 64
    Repository.init(folder).commit()
    assert teams.ftops("reconcile", "--once", "--projects", "*", "--pull") == 1
    assert "are in one repository" in teams.err


@pytest.mark.slow
def test_of_two_controllers_one_stands_by_and_takes_over_when_the_other_is_killed(
    shared: ProjectDirectory, emulator: Emulator, service: Service, start: Callable[..., Running]
) -> None:
    chain(shared)
    emulator.fault("slow", "create", seconds=5.0, times=1)
    first = start(shared.root)
    first.wait_for(lambda: emulator.requests("create"))
    second = start(shared.root)
    stood_by = second.wait_for_round()
    assert stood_by["result"] == "standing-by"
    assert f"(pid {first.process.pid}, reconcile)" in stood_by["holder"]
    first.process.kill()
    if service.name == "http":
        # A lock of this protocol has no end: a person breaks it.
        assert shared.ftops("state", "unlock", "--yes") == 0
    second.wait_for(
        lambda: second.rounds[-1]["summary"] and second.rounds[-1]["summary"]["keep"] == len(EACH_ONCE),
        lambda: emulator.advance(60),
    )
    assert second.end() == 0
    assert made(emulator) == EACH_ONCE
