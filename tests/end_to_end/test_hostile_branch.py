"""A hostile branch under CI: no secret gets into any output or to any server, and no runner is commanded."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ProjectDirectory
from tests.end_to_end.hostile import Attack, Listener, World, attacks, leaks, planted

COMMANDS = ("-v plan --format json", "doctor", "state pull")
"""What prints most of what it finds; all the others are run by `make test-slow`."""

EVERY_COMMAND = (
    *(
        "validate",
        "plan",
        "-v plan --out plan.json",
        "show plan.json",
        "apply --yes --format json",
        "apply --yes",
    ),
    *("reconcile --once", "status", "status --format json", "outputs", "events a", "metrics a", "graph"),
    *(
        "state list",
        "state show a",
        "state history",
        "state unlock",
        "state rebuild --yes",
        "doctor --format json",
    ),
    *(
        "import b ftjob-1",
        "resolve a --never-arrived --yes",
        "ack a --for 7d --reason x",
        "-v --log-format json plan",
    ),
)


@pytest.fixture
def listener() -> Iterator[Listener]:
    # 127.0.0.2 is loopback to the machine, and nobody's usual name for it: it stands for the attacker's host.
    found = Listener("127.0.0.2")
    yield found
    found.close()


@pytest.fixture
def world(tmp_path: Path, listener: Listener, monkeypatch: pytest.MonkeyPatch) -> World:
    (tmp_path / "home").mkdir()
    return planted(tmp_path / "project", tmp_path / "home", listener.port)


def run_all(
    world: World,
    commands: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[tuple[str, str, str]]:
    for name in (
        "FTOPS_ALLOWED_HOSTS",
        "FTOPS_ALLOW_EXEC",
        "FTOPS_ALLOW_FILES",
        "PGHOST",
        "AWS_ENDPOINT_URL",
    ):
        monkeypatch.delenv(name, raising=False)
    for name, value in world.environ.items():
        monkeypatch.setenv(name, value)
    project = ProjectDirectory(world.root, capsys)
    for command in commands:
        project.ftops(*command.split())
        yield command, project.out, project.err


def expect_nothing_lost(
    world: World,
    listener: Listener,
    outputs: Iterator[tuple[str, str, str]],
) -> None:
    before = world.outside()
    for command, out, err in outputs:
        assert not leaks(f"{out}\n{err}".encode(errors="surrogateescape")), command
        assert listener.heard == [], command
    assert world.outside() == before


@pytest.mark.parametrize("attack", [pytest.param(attack, id=name) for name, attack in attacks()])
def test_no_secret_gets_into_an_output_or_to_a_server(
    world: World,
    listener: Listener,
    attack: Attack,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    attack(world)
    expect_nothing_lost(world, listener, run_all(world, COMMANDS, capsys, monkeypatch))


@pytest.mark.slow
@pytest.mark.parametrize("attack", [pytest.param(attack, id=name) for name, attack in attacks()])
def test_whatever_the_command(
    world: World,
    listener: Listener,
    attack: Attack,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # With a state and a job from before the attack.
    for _ in run_all(world, ("apply --yes",), capsys, monkeypatch):
        pass
    attack(world)
    expect_nothing_lost(world, listener, run_all(world, EVERY_COMMAND, capsys, monkeypatch))


COMMAND_WORDS = "\n::add-mask::x\r::error::y\x85##[group]z ##vso[task.setvariable]w \u2028::stop-commands::v"
OBEYED = re.compile(r"^\s*::|##[A-Za-z]*\[")


def _labelled(world: World) -> None:
    manifest = json.loads((world.root / "jobs/a.yaml").read_text())
    manifest["metadata"] |= {"labels": {"team": COMMAND_WORDS}, "annotations": {"x": COMMAND_WORDS}}
    world.write("jobs/a.yaml", json.dumps(manifest))


def _data_file(world: World) -> None:
    world.write(f"data/{COMMAND_WORDS}", "{}")
    world.manifest(training_file={"path": f"../data/{COMMAND_WORDS}"})


def _state(world: World, **members: str) -> None:
    world.write(".ftops/state.json", json.dumps({"format_version": 1, **members}))


PLACES: dict[str, Attack] = {
    "file name": lambda world: world.write(f"jobs/{COMMAND_WORDS}.yaml", "apiVersion: x\n"),
    "broken file": lambda world: world.write(f"jobs/{COMMAND_WORDS}.yaml", "a: ["),
    "key": lambda world: world.manifest(**{COMMAND_WORDS: 1}),
    "value": lambda world: world.manifest(hyperparameters={"n_epochs": COMMAND_WORDS}),
    "provider": lambda world: world.manifest(provider=COMMAND_WORDS),
    "suffix": lambda world: world.manifest(suffix=COMMAND_WORDS),
    "integration": lambda world: world.manifest(integrations=[{"type": "wandb", "x": COMMAND_WORDS}]),
    "labels": _labelled,
    "data": lambda world: world.write("data/t.jsonl", json.dumps({COMMAND_WORDS: COMMAND_WORDS})),
    "data file": _data_file,
    "manifests": lambda world: world.project(manifests=["jobs/", COMMAND_WORDS]),
    "state": lambda world: world.project(state=f".ftops/{COMMAND_WORDS}.json"),
    "state content": lambda world: _state(world, **{COMMAND_WORDS: COMMAND_WORDS}),
    "moved state": lambda world: _state(world, moved_to=COMMAND_WORDS),
    "freeze": lambda world: world.write(".ftops/freeze", COMMAND_WORDS.strip()),
}
"""Where an author's words can stand that ftops prints."""


@pytest.mark.parametrize("place", PLACES)
def test_no_runner_finds_a_command_in_what_is_printed(
    world: World, place: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    PLACES[place](world)
    commands = (*COMMANDS, "plan", "plan --format markdown", "apply --yes", "status", "graph", "state show a")
    for command, out, err in run_all(world, commands, capsys, monkeypatch):
        for line in re.split(r"[\r\n\x0b\x0c\x85\u2028\u2029]", f"{out}\n{err}"):
            assert not OBEYED.search(line), (command, line)
        if "json" in command and out:
            json.loads(out)
