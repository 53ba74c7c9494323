"""ftops on a real Ray: with a trainer that counts, what is asked for is trained once; and for real."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ProjectDirectory
from tests.ray.cluster import Cluster, new_id
from tests.ray.install import NO_TRAINING

pytestmark = pytest.mark.slow

TRAINER = Path(__file__).with_name("counting_trainer.py")
STEPS = 8
"""Of two epochs."""


class Farm:
    """A project whose fine-tune runs on the real head, and what its trainer has counted."""

    def __init__(
        self,
        project: ProjectDirectory,
        cluster: Cluster,
        *,
        gated: bool = False,
        counts: bool = True,
        **more: Any,
    ) -> None:
        self.project = project
        self.cluster = cluster
        self.output = project.root / "output"
        self.ledger = project.root / "ledger"
        self.gate = project.root / "gate"
        variables = {"COUNT_LEDGER": str(self.ledger)} | ({"COUNT_GATE": str(self.gate)} if gated else {})
        trainer = {
            **({"entrypoint": f"exec python {TRAINER} job.json"} if counts else {}),
            "runtime_env": {"env_vars": variables},
            "output": str(self.output),
            "stop_grace": 100,
            **more,
        }
        provider = {"dialect": "ray", "base_url": cluster.url, "settle": 120, "trainer": trainer}
        project.write(
            "ftops.yaml",
            f"apiVersion: ftops/v1\nkind: Project\nmetadata: {{name: {new_id()}}}\n"
            f"spec:\n  default_provider: farm\n  providers:\n    farm: {json.dumps(provider)}\n",
        )
        project.manifest("a", "seed: 7\nhyperparameters: {n_epochs: 2}", "random:tiny")

    def ftops(self, *arguments: str) -> None:
        assert self.project.ftops(*arguments) == 0, self.project.out + self.project.err

    def counted(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.ledger.read_text().splitlines()]

    def job(self) -> dict[str, Any]:
        """Return the one job: its folder has its id."""
        (folder,) = self.output.iterdir()
        return self.cluster.job(folder.name)

    def under_way(self) -> None:
        self.cluster.until(self.ledger.exists, "it does not train")


@pytest.fixture
def farm(project: ProjectDirectory, real: Cluster) -> Farm:
    return Farm(project, real)


@pytest.fixture
def gated(project: ProjectDirectory, real: Cluster) -> Farm:
    """Its trainings make one step, and the others when the gate is there."""
    return Farm(project, real, gated=True)


@pytest.fixture
def training(project: ProjectDirectory, real: Cluster) -> Farm:
    """Its trainer is the reference trainer; it skips where the head's environment cannot train."""
    if NO_TRAINING.exists():
        pytest.skip(NO_TRAINING.read_text())
    return Farm(project, real, counts=False)


def test_a_fine_tune_is_trained_once_and_its_result_known(farm: Farm) -> None:
    farm.ftops("apply", "--yes", "--wait", "--timeout", "5m")
    (result,) = farm.output.glob("*/result.json")
    farm.ftops("outputs")
    assert json.loads(result.read_text())["fine_tuned_model"] in farm.project.out
    for _ in range(2):
        farm.ftops("apply", "--yes", "--wait", "--timeout", "5m")
    assert [row["step"] for row in farm.counted()] == list(range(1, STEPS + 1))
    assert len({row["start"] for row in farm.counted()}) == 1


def test_a_cancel_in_the_middle_leaves_a_checkpoint(gated: Farm) -> None:
    gated.ftops("apply", "--yes")
    gated.under_way()
    gated.ftops("cancel", "a", "--yes")
    gated.cluster.until(lambda: gated.job()["status"] == "STOPPED", "it does not stop")
    (checkpoint,) = gated.output.glob("*/checkpoint-1")
    assert checkpoint.is_dir()
    assert [row["step"] for row in gated.counted()] == [1]


def test_a_job_that_is_started_again_behind_our_back_trains_nothing(gated: Farm) -> None:
    gated.ftops("apply", "--yes")
    gated.under_way()
    job = gated.job()

    def again() -> dict[str, Any]:
        job_id = gated.cluster.submit(job["entrypoint"], runtime_env=job["runtime_env"])
        over = gated.cluster.over(job_id)
        return {**over, "log": gated.cluster.logs(job_id)}

    assert again()["driver_exit_code"] == 75
    gated.gate.touch()
    gated.ftops("apply", "--yes", "--wait", "--timeout", "5m")
    late = again()
    assert (late["driver_exit_code"], '"type":"result"' in late["log"].replace(" ", "")) == (0, True)
    assert Counter(row["step"] for row in gated.counted()) == Counter(range(1, STEPS + 1))
    assert len({row["start"] for row in gated.counted()}) == 1


def test_a_model_is_trained_for_real(training: Farm) -> None:
    training.ftops("apply", "--yes", "--wait", "--timeout", "10m")
    (result,) = training.output.glob("*/result.json")
    made = json.loads(result.read_text())
    assert (made["status"], made["steps"] > 0, made["train_loss"] > 0) == ("succeeded", True, True)
    assert (Path(made["fine_tuned_model"]) / "adapter_config.json").exists()
    training.ftops("outputs")
    assert made["fine_tuned_model"] in training.project.out
    assert training.project.plan() == {"a": "keep succeeded"}
