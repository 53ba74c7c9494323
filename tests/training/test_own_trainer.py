"""The example of a trainer of one's own trains for real: `trl sft`, run by an argument list."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.training.conftest import TrainingNode

pytestmark = pytest.mark.slow


def test_the_command_line_of_trl_is_a_trainer(node: TrainingNode, python: str) -> None:
    shutil.copy(REPOSITORY / "examples/own-trainer/trl_sft.py", node.root)
    # Where the cache of data is decides nothing, and must not be the home of whoever runs the tests.
    environ = {
        "PATH": f"{Path(python).parent}:/usr/bin:/bin",
        "HF_HOME": str(node.root / "home"),
        "HF_HUB_OFFLINE": "1",
    }
    settings = {"n_epochs": 1, "batch_size": 8, "learning_rate": 0.01, "save_steps": 4, "logging_steps": 1}
    # trl wants a GPU for bfloat16, which it takes unless it is told.
    settings |= {"bf16": False}
    node.document(base_model="ftops/tiny", hyperparameters=settings)
    done = node.run("trl_sft.py", "a.json", environ=environ)
    assert done.code == 0, done.err
    result = node.result()
    assert result["steps"] == 8
    assert [each["step"] for each in result["checkpoints"]] == [4, 8]
    losses = [event["data"]["train_loss"] for event in done.of("metrics")]
    assert len(losses) == 8
    assert losses[-1] < losses[0]
    config = json.loads((Path(result["fine_tuned_model"]) / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == "ftops/tiny"
    assert node.ask(result["fine_tuned_model"], "Export fails, order 321") != ""
