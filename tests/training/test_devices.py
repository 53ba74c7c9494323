"""Several processes train one job, as they do on several devices: one speaks, and all stop at one step."""

from __future__ import annotations

import signal

import pytest

from tests.training.conftest import TrainingNode
from tests.unit.trainer.nodes import ended, event_of

pytestmark = pytest.mark.slow

TWO = (
    "-m",
    "torch.distributed.run",
    "--standalone",
    "--nproc_per_node",
    "2",
    "-m",
    "ftops_trainer",
    "a.json",
)


def test_two_processes_train_stop_and_go_on_as_one(node: TrainingNode) -> None:
    node.document()
    process = node.start(*TWO)
    while (event := event_of(process.stdout))["type"] != "metrics" or event["data"]["step"] < 5:
        pass
    process.send_signal(signal.SIGTERM)
    stopped = ended(process)
    # The launcher has an exit code of its own: that the job was stopped, its event says.
    assert stopped.last["type"] == "cancelled", stopped.err
    assert stopped.last["data"]["path"] == str(node.output() / f"checkpoint-{stopped.last['data']['step']}")
    done = node.run(*TWO)
    assert done.code == 0, done.err
    # Twice as many examples a step, and so half as many steps.
    assert node.result()["steps"] == 16
    kept = node.kept()
    assert [event["id"] for event in kept] == list(range(1, len(kept) + 1))
    assert [event["data"]["step"] for event in kept if event["type"] == "metrics"] == list(range(1, 17))
    again = node.run(*TWO)
    assert again.code == 0
    assert [event["type"] for event in again.events] == ["result"]
