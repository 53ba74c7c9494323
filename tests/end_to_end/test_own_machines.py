"""An engine, as a user meets it: what is sent is shown, what decides trains again, a head is lost."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from ftops.emulator.server import EmulatorServer, EmulatorSettings
from tests.conftest import ProjectDirectory

SPEED = 2000
ROWS = "".join(
    f'{{"messages": [{{"role": "user", "content": "q{n}"}}, {{"role": "assistant", "content": "a"}}]}}\n'
    for n in range(12)
)
DIGEST = hashlib.sha256(ROWS.encode()).hexdigest()


@pytest.fixture
def head(tmp_path: Path) -> Iterator[EmulatorServer]:
    with EmulatorServer(EmulatorSettings(tmp_path / "e" / "ray.db", speed=SPEED, dialect="ray")) as server:
        yield server


@pytest.fixture
def farm(project: ProjectDirectory, head: EmulatorServer) -> ProjectDirectory:
    project.write("data/train.jsonl", ROWS)
    project.manifest("a", "hyperparameters: {n_epochs: 3}", "tiny")
    declare(project, head)
    return project


def declare(project: ProjectDirectory, head: EmulatorServer, **trainer: object) -> None:
    told = {"output": "/mnt/m", "models": {"tiny": "random:tiny"}, **trainer}
    provider = {"dialect": "ray", "base_url": head.base_url, "settle": 120, "trainer": told}
    spec = {"default_provider": "farm", "providers": {"farm": provider}}
    spec["prices"] = {"farm": {"*": {"gpu_hour": 2.5}}}
    document = {"apiVersion": "ftops/v1", "kind": "Project", "metadata": {"name": "own-1"}, "spec": spec}
    project.write("ftops.yaml", json.dumps(document))


def restart(head: EmulatorServer) -> None:
    url = f"{head.root_url}/_emulator/ray/restart"
    requests.post(url, json={"memory": False}, timeout=10).raise_for_status()


def test_a_plan_shows_what_is_sent_with_its_bytes_and_digest(farm: ProjectDirectory) -> None:
    assert farm.ftops("plan") == 0
    assert "also sent  trainer: ftops_trainer 1 (" in farm.out
    assert "also sent  runs: exec python -m ftops_trainer job.json" in farm.out
    assert f"training data: {len(ROWS):,} bytes, sha256:{DIGEST[:12]}" in farm.out


def test_data_above_the_limit_needs_a_place_that_nodes_read(
    farm: ProjectDirectory, head: EmulatorServer
) -> None:
    declare(farm, head, package_limit=100)
    assert farm.ftops("validate") == 1
    assert "package_limit of its provider is 100 (set trainer.data" in farm.err
    declare(farm, head, package_limit=100, data="/mnt/d")
    assert farm.ftops("plan") == 0
    assert "not sent: nodes read it under /mnt/d" in farm.out


def test_what_decides_nothing_trains_nothing_again(farm: ProjectDirectory, head: EmulatorServer) -> None:
    assert farm.ftops("apply", "--yes", "--wait", "--timeout", "60s") == 0, farm.err
    elsewhere = {"env_vars": {"HF_HOME": "/hf"}}
    declare(farm, head, output="/mnt/x", resources={"num_gpus": 2}, stop_grace=9, runtime_env=elsewhere)
    farm.manifest("a", "hyperparameters: {n_epochs: 3}\nprovider_options: {resources: {num_cpus: 1}}", "tiny")
    assert farm.plan() == {"a": "keep succeeded"}
    for changed in (
        {"models": {"tiny": "other:tiny"}},
        {"entrypoint": "exec mine job.json"},
        {"runtime_env": {"pip": ["trl==1.16.0"]}},
    ):
        declare(farm, head, **changed)
        assert farm.plan() == {"a": "create changed"}, changed


def test_a_head_that_forgets_is_named_and_a_success_stays(
    farm: ProjectDirectory, head: EmulatorServer
) -> None:
    assert farm.ftops("apply", "--yes", "--wait", "--timeout", "60s") == 0, farm.err
    farm.manifest(
        "b", "hyperparameters: {n_epochs: 4}\nprovider_options: {resources: {num_gpus: 64}}", "tiny"
    )
    assert farm.ftops("apply", "--yes") == 0, farm.err
    restart(head)
    assert farm.ftops("plan") == 0
    assert "has lost its memory of session_" in farm.out
    assert "1 job that was running is lost" in farm.out
    assert farm.plan() == {"a": "keep succeeded", "b": "wait missing"}
    assert farm.ftops("apply", "--yes") == 0, farm.err
    assert requests.get(f"{head.root_url}/api/jobs/", timeout=10).json() == []


def test_an_old_ray_is_refused_in_a_sentence(farm: ProjectDirectory, head: EmulatorServer) -> None:
    url = f"{head.root_url}/_emulator/ray/cluster"
    requests.post(url, json={"ray_version": "2.9.3"}, timeout=10).raise_for_status()
    assert farm.ftops("apply", "--yes") != 0
    assert "Ray 2.9.3 is too old" in farm.out
    assert "upgrade the cluster" in farm.out


def test_what_a_trainer_told_is_kept_when_its_log_is_gone(
    farm: ProjectDirectory, head: EmulatorServer
) -> None:
    assert farm.ftops("apply", "--yes", "--wait", "--timeout", "60s") == 0, farm.err
    restart(head)
    assert farm.ftops("outputs", "--format", "json") == 0
    result = json.loads(farm.out)["a"]["result"]
    assert (result["steps"], result["base_model"]) == (9, "tiny")
    assert result["train_loss"] > 0
    assert [checkpoint["step"] for checkpoint in result["checkpoints"]] == [3, 6, 9]
