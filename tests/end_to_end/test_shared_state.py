"""A project whose state is in a shared store: the same life as with a file, and the move between them."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pyrage
import pytest

from ftops.model.value import replace
from ftops.state.backend import Holder
from ftops.state.registry import open_backend
from tests.conftest import Emulator, ProjectDirectory
from tests.services import Service
from tests.services.http_state import http_state

LOCAL = ".ftops/state.json"
RIVAL = Holder("id-of-rival", "ana", "runner-7", 4242, "apply", 1_700_000_000.0, "https://ci.example/run/7")


def point_at(project: ProjectDirectory, url: str) -> None:
    """Set spec.state, as a person does after `state migrate`."""
    lines = (project.root / "ftops.yaml").read_text().splitlines()
    kept = [line for line in lines if not line.startswith("  state:")]
    project.write("ftops.yaml", "\n".join([*kept, f"  state: '{url}'", ""]))


def name_of(project: ProjectDirectory) -> str:
    text = (project.root / "ftops.yaml").read_text()
    return text.split("name: ", 1)[1].split("}", 1)[0]


def test_a_shared_state_serves_a_project_as_a_file_does(shared: ProjectDirectory, emulator: Emulator) -> None:
    shared.manifest("a")
    assert shared.ftops("plan", "--detailed-exitcode") == 2
    assert shared.ftops("state", "pull") == 1
    assert "there is no state at" in shared.err
    assert shared.ftops("apply", "--yes") == 0
    assert shared.plan() == {"a": "keep in-progress"}
    assert not (shared.root / LOCAL).exists()
    assert shared.ftops("state", "list") == 0
    assert "ftjob-" in shared.out
    assert shared.ftops("doctor") == 0
    assert shared.ftops("status") == 0
    assert emulator.jobs() == 1


def test_a_state_moves_to_a_store_and_back_and_is_found_again(
    project: ProjectDirectory, emulator: Emulator, url: str
) -> None:
    project.manifest("a")
    assert project.ftops("apply", "--yes") == 0
    assert project.ftops("state", "migrate", url, "--yes") == 0
    assert "moved, and compared" in project.out
    assert f"spec.state in ftops.yaml to: {url}" in project.err
    for command in (("plan",), ("apply", "--yes"), ("state", "migrate", url, "--yes"), ("status",)):
        assert project.ftops(*command) == 1
        assert f"the state {project.root / LOCAL} was moved to" in project.err
    assert project.ftops("state", "history") == 0
    assert "moved" in project.out
    point_at(project, url)
    assert project.plan() == {"a": "keep in-progress"}
    project.manifest("b", "suffix: b")
    assert project.ftops("apply", "--yes") == 0
    assert project.ftops("state", "migrate", LOCAL, "--yes") == 0
    point_at(project, LOCAL)
    assert project.plan() == {"a": "keep in-progress", "b": "keep in-progress"}
    assert emulator.jobs() == 2


def test_a_move_that_was_interrupted_can_be_done_again(project: ProjectDirectory, url: str) -> None:
    project.manifest("a")
    assert project.ftops("apply", "--yes") == 0
    before = (project.root / LOCAL).read_bytes()
    assert project.ftops("state", "migrate", url, "--yes") == 0
    (project.root / LOCAL).write_bytes(before)
    assert project.ftops("state", "migrate", url, "--yes") == 0
    assert "holds an older copy" in project.err
    point_at(project, url)
    assert project.plan() == {"a": "keep in-progress"}


def test_a_state_does_not_move_onto_a_copy_that_was_worked_with(
    project: ProjectDirectory, emulator: Emulator, url: str
) -> None:
    """Its jobs are in no other state, however far the serial of the other one has come."""
    project.manifest("a")
    assert project.ftops("apply", "--yes") == 0
    before = (project.root / LOCAL).read_bytes()
    assert project.ftops("state", "migrate", url, "--yes") == 0
    (project.root / LOCAL).write_bytes(before)
    point_at(project, url)
    project.manifest("b", "suffix: b")
    assert project.ftops("apply", "--yes") == 0
    point_at(project, LOCAL)
    for number in range(5):
        project.manifest("a", labels=f"{{round: '{number}'}}")
        assert project.ftops("apply", "--yes", "--target", "a") == 0
    assert project.ftops("state", "migrate", url, "--yes") == 3
    assert "knows jobs that this one does not" in project.err
    point_at(project, url)
    assert project.plan()["b"] == "keep in-progress"
    assert emulator.jobs() == 2


def test_a_state_does_not_move_onto_another_one(project: ProjectDirectory, url: str) -> None:
    project.manifest("a")
    point_at(project, url)
    assert project.ftops("apply", "--yes") == 0
    point_at(project, LOCAL)
    project.write("ftops.yaml", (project.root / "ftops.yaml").read_text())
    project.manifest("b", "suffix: b")
    assert project.ftops("apply", "--yes", "--target", "b") == 0
    before = (project.root / LOCAL).read_bytes()
    assert project.ftops("state", "migrate", url, "--yes") == 3
    assert "holds a state already" in project.err
    assert (project.root / LOCAL).read_bytes() == before


def test_whoever_finds_the_lock_taken_learns_who_has_it(
    shared: ProjectDirectory, emulator: Emulator, service: Service, url: str
) -> None:
    shared.manifest("a")
    opening = service.opening(name_of(shared), lease=30)
    backend = open_backend(replace(opening, url=url))
    lease = backend.lock(RIVAL, 0)
    assert shared.ftops("apply", "--yes") == 4
    assert (
        "locked by ana@runner-7 (pid 4242, apply, https://ci.example/run/7), since 2023-11-14" in shared.err
    )
    assert "ftops state unlock id-of-rival" in shared.err
    assert shared.ftops("apply", "--yes", "--lock-timeout", "0.5s") == 4
    assert "waiting for at most 0.5 s" in shared.err
    assert shared.ftops("state", "unlock", "another-id", "--yes") == 4
    assert "that is another run" in shared.err
    assert shared.ftops("state", "unlock", "id-of-rival") == 64
    assert shared.ftops("plan") == 0
    lease.check()
    assert shared.ftops("state", "unlock", "id-of-rival", "--yes") == 0
    assert "If that run" not in shared.err
    assert shared.ftops("apply", "--yes", "--lock-timeout", "15s") == 0
    lease.release()
    assert shared.ftops("state", "unlock") == 0
    assert "Nobody holds the lock" in shared.out
    assert emulator.jobs() == 1


def test_whoever_holds_a_lock_cannot_steer_our_terminal(
    shared: ProjectDirectory, service: Service, url: str
) -> None:
    backend = open_backend(replace(service.opening(name_of(shared), lease=30), url=url))
    lease = backend.lock(replace(RIVAL, who="ana\x1b]0;gotcha\x07"), 0)
    shared.manifest("a")
    for command in (("apply", "--yes"), ("doctor",), ("state", "unlock", "id-of-rival", "--yes")):
        shared.ftops(*command)
        assert "gotcha" in shared.out + shared.err
        assert "\x1b" not in shared.out + shared.err
    lease.release()


@pytest.mark.parametrize("command", [("apply", "--yes"), ("state", "mv", "a", "b", "--yes")], ids=" ".join)
def test_a_run_that_waits_for_the_lock_ends_when_it_is_asked_to(
    shared: ProjectDirectory, emulator: Emulator, service: Service, url: str, command: tuple[str, ...]
) -> None:
    shared.manifest("a")
    assert shared.ftops("apply", "--yes") == 0
    backend = open_backend(replace(service.opening(name_of(shared), lease=30), url=url))
    lease = backend.lock(RIVAL, 0)
    words = [sys.executable, "-m", "ftops", "-C", str(shared.root), *command, "--lock-timeout", "90s"]
    waiting = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert waiting.stderr is not None
    assert "waiting for at most 90 s" in waiting.stderr.readline()
    waiting.send_signal(signal.SIGTERM)
    _, told = waiting.communicate(timeout=10)
    assert waiting.returncode == 130
    assert ("stopped while it waited for the lock; nothing was done" in told) is (command[0] == "apply")
    assert "Traceback" not in told
    lease.check()
    lease.release()
    assert emulator.jobs() == 1


@pytest.mark.parametrize(("ahead", "words"), [(300, "behind"), (-300, "ahead of")])
def test_a_runner_whose_clock_is_off_sends_nothing_until_it_is_set(
    project: ProjectDirectory, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, ahead: int, words: str
) -> None:
    """It would give up, or wait for, what another runner left in doubt at the wrong time."""
    project.manifest("a")
    with http_state() as service:
        for name, value in service.environ.items():
            monkeypatch.setenv(name, value)
        point_at(project, service.url("p"))
        service.controls.ahead = ahead
        assert project.ftops("plan") == 0
        assert project.ftops("apply", "--yes") == 1
        # A Date tells whole seconds.
        assert re.search(
            rf"Error: the clock of this machine is (299|300|301) s {words} the clock of ", project.err
        )
        assert "set the clock (NTP)" in project.err
        assert emulator.jobs() == 0
        service.controls.ahead = 0
        assert project.ftops("apply", "--yes") == 0
        assert emulator.jobs() == 1


def test_an_earlier_state_is_restored(shared: ProjectDirectory, emulator: Emulator, service: Service) -> None:
    shared.manifest("a")
    assert shared.ftops("apply", "--yes") == 0
    shared.manifest("b", "suffix: b")
    assert shared.ftops("apply", "--yes") == 0
    if service.name == "http":
        assert shared.ftops("state", "restore", "1", "--yes") == 1
        assert "keeps no earlier versions" in shared.err
        return
    assert shared.ftops("state", "history") == 0
    header, now, earlier = shared.out.splitlines()[:3]
    assert header.split() == ["VERSION", "SERIAL", "FINE-TUNES", "WRITTEN"]
    assert now.split()[0] == "now"
    version, _, fine_tunes = earlier.split()[:3]
    assert fine_tunes == "1"
    assert shared.ftops("state", "pull", "--version", version) == 0
    assert list(json.loads(shared.out)["fine_tunes"]) == ["a"]
    assert shared.ftops("state", "restore", version, "--yes") == 0
    assert shared.ftops("state", "list") == 0
    assert [line.split()[0] for line in shared.out.splitlines()] == ["NAME", "a"]
    assert shared.plan() == {"a": "keep in-progress", "b": "adopt found-at-provider"}
    assert shared.ftops("apply", "--yes") == 0
    assert emulator.jobs() == 2


def test_a_project_that_encrypts_shows_no_name_in_its_store_or_its_plans(
    shared: ProjectDirectory, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    identity = pyrage.x25519.Identity.generate()
    key = tmp_path / "key.txt"
    key.write_text(f"# created: today\n# public key: {identity.to_public()}\n{identity}\n")
    text = (shared.root / "ftops.yaml").read_text()
    shared.write("ftops.yaml", f"{text}  encryption: {{identity: {{file: {key}}}}}\n")
    shared.manifest("secret-project")
    assert shared.ftops("plan", "--out", "p.json") == 0
    assert b"secret-project" not in (shared.root / "p.json").read_bytes()
    assert shared.ftops("show", "p.json") == 0
    assert "secret-project" in shared.out
    assert shared.ftops("apply", "p.json") == 0
    assert shared.ftops("state", "pull", "--raw") == 0
    assert "secret-project" not in shared.out
    assert '"encrypted": "age"' in shared.out
    assert shared.ftops("state", "pull") == 0
    assert "secret-project" in shared.out
    assert str(identity) not in shared.out + shared.err
    shared.write("ftops.yaml", text)
    for command in (("plan",), ("apply", "--yes"), ("show", "p.json")):
        assert shared.ftops(*command) == 1
        assert "is encrypted" in shared.err
        assert "spec.encryption.identity" in shared.err


def test_a_store_that_is_not_there_is_one_sentence(
    shared: ProjectDirectory, service: Service, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    nowhere = {
        "moto": f"s3://bucket/{name_of(shared)}",
        "azurite": f"az://container/{name_of(shared)}",
        "postgres": f"postgresql://ftops@127.0.0.1:{port}/states",
        "http": f"http://127.0.0.1:{port}/states/x",
    }[service.name]
    for name, value in service.environ.items():
        if value.startswith("http://"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
    point_at(shared, nowhere)
    shared.manifest("a")
    for command in (("plan",), ("apply", "--yes"), ("state", "list")):
        assert shared.ftops(*command) == 1
        assert shared.err.count("Error:") == 1
        assert len(shared.err) < 600
        assert "Traceback" not in shared.err
    assert emulator.jobs() == 0


def test_a_scheme_that_nobody_knows_is_told_before_anything_is_listed(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    point_at(project, "s4://bucket/key")
    project.manifest("a")
    for command in (("validate",), ("plan",)):
        assert project.ftops(*command) == 1
        assert "no state backend knows the URL scheme s4://" in project.err
    assert emulator.requests("list") == 0
