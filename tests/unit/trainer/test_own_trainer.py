"""The example of a trainer of one's own keeps the contract around any command that obeys its flags."""

from __future__ import annotations

import json
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REPOSITORY
from tests.documentation.blocks import blocks_of
from tests.unit.trainer.nodes import CHAT, Ended, Node, ended, event_of

EXAMPLE = REPOSITORY / "examples/own-trainer/trl_sft.py"
STAND_IN = Path(__file__).with_name("stand_in.py")


class OwnNode(Node):
    """A node with the example, and a `trl` that trains nothing."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        shutil.copy(EXAMPLE, root / "trl_sft.py")
        (root / "bin").mkdir()
        program = root / "bin/trl"
        program.write_text(f"#!{sys.executable}\n{STAND_IN.read_text()}")
        program.chmod(0o755)

    def environ(self, what: str = "") -> dict[str, str]:
        return {"PATH": f"{self.root / 'bin'}:/usr/bin:/bin", "STAND_IN": what}

    def own(self, what: str = "") -> Ended:
        return self.run("trl_sft.py", "a.json", environ=self.environ(what))

    def commands(self) -> list[list[str]]:
        return [json.loads(line) for line in (self.outputs / "commands").read_text().splitlines()]


@pytest.fixture
def node(tmp_path: Path) -> OwnNode:
    return OwnNode(tmp_path)


def test_a_command_becomes_a_trainer(node: OwnNode) -> None:
    node.document(base_model="org/base", hyperparameters={"n_epochs": 2, "learning_rate": 1e-4, "lora_r": 4})
    done = node.own()
    assert done.code == 0, done.err
    metrics = [(event["data"]["step"], event["data"]["train_loss"]) for event in done.of("metrics")]
    assert metrics == [(1, 1.0), (2, 0.5), (3, 1 / 3)]
    result = node.result()
    assert [each["step"] for each in result["checkpoints"]] == [1, 2, 3]
    assert (result["steps"], result["train_loss"], result["base_model"]) == (3, 1 / 3, "org/base")
    adapter = Path(result["fine_tuned_model"])
    assert json.loads((adapter / "adapter_config.json").read_text()) == {
        "base_model_name_or_path": "org/base"
    }
    assert (adapter / "adapter_model.safetensors").exists()
    (command,) = node.commands()
    assert command[0] == "sft"
    for flag, value in (("--num_train_epochs", "2"), ("--learning_rate", "0.0001"), ("--lora_r", "4")):
        assert command[command.index(flag) + 1] == value
    assert node.own().last["data"] == result
    assert len(node.commands()) == 1


def test_the_trainer_of_the_page_keeps_the_contract(node: OwnNode) -> None:
    page = (REPOSITORY / "docs/how-to/bring-your-own-trainer.md").read_text()
    (shown,) = [block.text for block in blocks_of(page) if block.language == "python"]
    (node.root / "mine.py").write_text(shown)
    node.document(hyperparameters={"n_epochs": 2})
    done = node.run("mine.py", "a.json")
    assert done.code == 0, done.err
    assert len(done.of("metrics")) == node.result()["steps"] == 20
    assert node.run("mine.py", "a.json").last["data"] == node.result()


def test_no_value_reaches_a_shell(node: OwnNode) -> None:
    model = "$(touch owned); touch owned"
    node.document(model=model)
    assert node.own().code == 0
    (command,) = node.commands()
    assert model in command
    assert not (node.root / "owned").exists()


def test_a_stop_ends_the_command_and_a_start_goes_on(node: OwnNode) -> None:
    node.document()
    process = node.start("trl_sft.py", "a.json", environ=node.environ("waits at 2"))
    while event_of(process.stdout)["type"] != "checkpoint":
        pass
    process.send_signal(signal.SIGTERM)
    done = ended(process)
    assert done.code == 143
    assert done.last["type"] == "cancelled"
    step = done.last["data"]["step"]
    assert done.last["data"]["path"] == str(node.output() / f"checkpoint-{step}")
    again = node.own()
    assert again.code == 0, again.err
    first, second = node.commands()
    assert "--resume_from_checkpoint" not in first
    assert second[second.index("--resume_from_checkpoint") + 1] == str(node.output() / f"checkpoint-{step}")
    assert [each["step"] for each in node.result()["checkpoints"]] == [1, 2, 3]


def test_a_command_that_lives_on_alone_keeps_the_lock(node: OwnNode) -> None:
    node.document()
    process = node.start("trl_sft.py", "a.json", environ=node.environ("waits at 1"))
    while event_of(process.stdout)["type"] != "checkpoint":
        pass
    process.kill()
    process.wait()
    assert node.own().last["data"]["code"] == "already_running"
    # What it waits for ends with whoever started it: it goes on, ends, and the folder is free.
    ended(process, "")
    assert node.own().code == 0
    assert len(node.commands()) == 2


def test_a_command_that_fails_is_a_failure(node: OwnNode) -> None:
    node.document()
    done = node.own("fails at 2")
    assert done.code == 1
    assert "exit code 3" in done.last["message"]
    assert not (node.output() / "result.json").exists()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"method": "dpo"}, "trains no dpo"),
        ({"hyperparameters": {"weight_decay": 0.1}}, "takes no hyperparameter weight_decay"),
        ({"model": None, "continue_from": "/x"}, "starts from a model"),
    ],
)
def test_what_the_command_would_not_do_is_refused(node: OwnNode, fields: dict[str, Any], words: str) -> None:
    node.document(**fields)
    done = node.own()
    assert done.code == 65
    assert words in done.last["message"]
    assert not (node.outputs / "commands").exists()


def test_a_row_that_is_wrong_is_refused_before_the_command(node: OwnNode) -> None:
    node.document(training_file=node.data("d.jsonl", [CHAT, {}]))
    assert node.own().code == 65
    assert not (node.outputs / "commands").exists()
