"""A training that is stopped or killed goes on from its last checkpoint, and comes to the same weights."""

from __future__ import annotations

import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.training.conftest import QUICK, TrainingNode
from tests.unit.trainer.nodes import Ended, ended, event_of

pytestmark = pytest.mark.slow


def interrupted(node: TrainingNode, name: str, at: int, signal_: int) -> Ended:
    """Start a training, and send the signal at a step."""
    process = node.start("-m", "ftops_trainer", f"{name}.json")
    while (event := event_of(process.stdout))["type"] != "metrics" or event["data"]["step"] < at:
        pass
    process.send_signal(signal_)
    return ended(process)


def steps(events: list[dict[str, Any]]) -> Counter[int]:
    """Count how often each step was made."""
    return Counter(event["data"]["step"] for event in events if event["type"] == "metrics")


@pytest.fixture(scope="module")
def whole(shared: TrainingNode) -> dict[str, Any]:
    """The result of the training without an interruption."""
    shared.document("whole")
    assert shared.train("whole").code == 0
    return shared.result("whole")


def test_a_stop_saves_its_step_and_a_start_goes_on(shared: TrainingNode, whole: dict[str, Any]) -> None:
    shared.document("stopped")
    stopped = interrupted(shared, "stopped", 7, signal.SIGTERM)
    assert stopped.code == 143
    assert stopped.last["type"] == "cancelled"
    step, path = stopped.last["data"]["step"], Path(stopped.last["data"]["path"])
    assert 7 <= step < 30
    assert (path / "adapter_model.safetensors").exists()
    assert not (shared.output("stopped") / "result.json").exists()
    assert shared.train("stopped").code == 0
    result = shared.result("stopped")
    assert result["steps"] == whole["steps"]
    assert result["weights_sha256"] == whole["weights_sha256"]
    assert result["trained_tokens"] == whole["trained_tokens"]
    # No step was made twice, and none was left out.
    assert steps(shared.kept("stopped")) == Counter(range(1, 31))
    on = shared.document("on-stopped", continue_from=str(path), hyperparameters={"n_epochs": 1})
    assert shared.train("on-stopped").code == 0
    assert on["continue_from"] == str(path)


def test_a_killed_training_goes_on_from_its_checkpoint(shared: TrainingNode, whole: dict[str, Any]) -> None:
    shared.document("killed")
    assert interrupted(shared, "killed", 17, signal.SIGKILL).code == -signal.SIGKILL
    # One that was cut short is of no use: the last whole one is.
    torn = shared.output("killed") / "checkpoint-29"
    torn.mkdir()
    resumed = shared.train("killed")
    assert resumed.code == 0
    assert resumed.of("message")[-1]["data"]["step"] == 15
    assert not torn.exists()
    result = shared.result("killed")
    assert (result["steps"], result["weights_sha256"]) == (30, whole["weights_sha256"])
    kept = shared.kept("killed")
    assert [event["type"] for event in kept].count("result") == 1
    assert [event["id"] for event in kept] == list(range(1, len(kept) + 1))
    assert set(steps(kept)) == set(range(1, 31))
    again = shared.train("killed")
    assert again.code == 0
    assert [event["type"] for event in again.events] == ["result"]


def test_a_stop_while_a_model_is_loaded_ends_at_once(shared: TrainingNode) -> None:
    shared.document("early", hyperparameters=QUICK)
    process = shared.start("-m", "ftops_trainer", "early.json")
    assert "loading" in event_of(process.stdout)["message"]
    process.send_signal(signal.SIGTERM)
    done = ended(process)
    assert done.code == 143
    assert done.last["data"] == {"step": 0, "path": None}
