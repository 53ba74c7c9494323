"""Real trainings: something is learnt, the same each time, by every method, on from where another ended."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.training.conftest import LESSON, QUICK, TrainingNode, asked, conversations
from tests.unit.trainer.nodes import Ended, Node, ended

pytestmark = pytest.mark.slow


def losses(done: Ended, which: str = "train_loss") -> list[float]:
    return [event["data"][which] for event in done.of("metrics") if which in event["data"]]


def trained(node: Node, name: str, **fields: Any) -> Ended:
    node.document(name, **fields)
    done = node.train(name)
    assert done.code == 0, done.err
    return done


@pytest.fixture(scope="module")
def lesson(shared: TrainingNode) -> Ended:
    """A training of an adapter, to its end."""
    return trained(shared, "lesson", hyperparameters=LESSON, base_model="ftops/tiny")


def test_a_lesson_is_learnt_and_its_answers_show_it(shared: TrainingNode, lesson: Ended) -> None:
    seen = losses(lesson)
    assert seen[0] > 5
    assert seen[-1] < 0.05
    adapter = shared.result("lesson")["fine_tuned_model"]
    tickets = {"I was charged twice, order 555": "billing", "How do I add a seat, order 700": "question"}
    assert {ticket: shared.ask(adapter, ticket) for ticket in tickets} == tickets
    assert shared.ask(adapter, next(iter(tickets)), "--base") not in ("billing", "bug", "question")


def test_the_result_says_what_was_trained(shared: TrainingNode, lesson: Ended) -> None:
    result = shared.result("lesson")
    assert result["steps"] == 10 * 15
    assert result["trained_tokens"] == lesson.of("metrics")[-1]["data"]["tokens"] > 10_000
    assert result["train_loss"] == losses(lesson)[-1]
    assert [each["step"] for each in result["checkpoints"]] == list(range(15, 151, 15))
    assert [event["data"]["path"] for event in lesson.of("checkpoint")] == [
        each["path"] for each in result["checkpoints"]
    ]
    for folder in (result["fine_tuned_model"], result["checkpoints"][0]["path"]):
        config = json.loads((Path(folder) / "adapter_config.json").read_text())
        assert config["base_model_name_or_path"] == "ftops/tiny"
    # The log is for people and programs: nothing in it is neither an event nor a real warning.
    assert lesson.err == ""


def test_the_same_document_gives_the_same_weights(shared: TrainingNode, lesson: Ended) -> None:
    trained(shared, "same-1", base_model="another/name")
    trained(shared, "same-2", suffix="for people")
    other = trained(shared, "other", seed=43)
    weights = {name: shared.result(name)["weights_sha256"] for name in ("same-1", "same-2", "other")}
    assert weights["same-1"] == weights["same-2"] != weights["other"]
    assert losses(other)[0] > 5


def test_all_weights_are_trained_into_a_model(shared: TrainingNode) -> None:
    done = trained(shared, "full", hyperparameters={"n_epochs": 4, "learning_rate": 0.005, "lora": False})
    assert losses(done)[-1] < 0.5
    model = Path(shared.result("full")["fine_tuned_model"])
    assert model.name == "model"
    assert (model / "config.json").exists()
    assert not (model / "adapter_config.json").exists()
    on_it = trained(shared, "on-full", continue_from=str(model), hyperparameters={"n_epochs": 1})
    assert losses(on_it)[0] < 0.7
    assert shared.result("on-full")["base_model"] == str(model)
    merged = {"n_epochs": 1, "lora": False}
    adapter = str(shared.output("on-full") / "adapter")
    assert losses(trained(shared, "merged", continue_from=adapter, hyperparameters=merged))[0] < 0.7


def test_an_adapter_and_a_checkpoint_are_trained_on(shared: TrainingNode, lesson: Ended) -> None:
    result = shared.result("lesson")
    more = {"n_epochs": 1, "learning_rate": 0.0001}
    done = trained(shared, "on", continue_from=result["fine_tuned_model"], hyperparameters=more)
    assert losses(done)[0] < 0.3
    assert shared.result("on")["base_model"] == "ftops/tiny"
    # From the second epoch on there is still something to learn.
    early = result["checkpoints"][1]["path"]
    done = trained(shared, "on-early", continue_from=early, hyperparameters=more)
    assert losses(lesson)[30] == pytest.approx(losses(done)[0], rel=1.0)
    assert losses(done)[0] > losses(lesson)[-1]


def test_pairs_of_prompt_and_completion(shared: TrainingNode) -> None:
    rows = [
        {"prompt": f"{row['messages'][1]['content']} =>", "completion": f" {row['messages'][2]['content']}"}
        for row in conversations(60)
    ]
    done = trained(shared, "pairs", training_file=shared.data("pairs.jsonl", rows))
    assert losses(done)[0] > 5
    assert losses(done)[-1] < 2


def preferences() -> list[dict[str, Any]]:
    worse = {"role": "assistant", "content": "no idea"}
    return [
        {"input": {"messages": asked(row["messages"][1]["content"])}, "preferred_output": row["messages"][2:],
         "non_preferred_output": [worse]}
        for row in conversations(24)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("dpo", {**QUICK, "learning_rate": 0.001}),
        ("dpo-full", {"n_epochs": 2, "learning_rate": 0.001, "lora": False}),
    ],
)
def test_preferences(shared: TrainingNode, name: str, settings: dict[str, Any]) -> None:
    file = shared.data("preferences.jsonl", preferences())
    done = trained(
        shared, name, method="dpo", training_file=file, validation_file=file, hyperparameters=settings
    )
    # At the first step the model is what it is compared with: the loss is -log(1/2).
    assert losses(done)[0] == pytest.approx(0.6931, abs=0.0002)
    assert losses(done)[-1] < 0.6
    assert losses(done, "valid_loss")[-1] < 0.6
    assert not (Path(shared.result(name)["fine_tuned_model"]) / "ref").exists()


def test_preferences_on_an_adapter(shared: TrainingNode, lesson: Ended) -> None:
    adapter = shared.result("lesson")["fine_tuned_model"]
    file = shared.data("preferences.jsonl", preferences())
    settings = {"n_epochs": 1, "learning_rate": 0.0001, "beta": 0.5}
    done = trained(
        shared, "dpo-on", method="dpo", training_file=file, continue_from=adapter, hyperparameters=settings
    )
    assert losses(done)[0] == pytest.approx(0.6931, abs=0.0002)
    assert losses(done)[-1] < losses(done)[0]


def test_the_validation_loss_is_reported(shared: TrainingNode) -> None:
    file = shared.data("valid.jsonl", conversations(8, seed=2))
    done = trained(shared, "valid", validation_file=file, hyperparameters={**QUICK, "eval_steps": 10})
    steps = [event["data"]["step"] for event in done.of("metrics") if "valid_loss" in event["data"]]
    assert steps == [10, 20, 30]
    seen = losses(done, "valid_loss")
    assert seen[-1] < seen[0]
    assert shared.result("valid")["valid_loss"] == seen[-1]


def test_fewer_checkpoints_and_losses_where_they_are_asked_for(shared: TrainingNode) -> None:
    long = {"messages": [*asked("the same again " * 30), {"role": "assistant", "content": "bug"}]}
    file = shared.data("long.jsonl", [*conversations(60), long])
    settings = {**QUICK, "save_steps": 4, "keep_checkpoints": 2, "logging_steps": 10, "max_length": 200}
    settings |= {"gradient_accumulation_steps": 2, "bf16": True, "gradient_checkpointing": True}
    done = trained(shared, "few", training_file=file, hyperparameters=settings)
    assert [each["step"] for each in shared.result("few")["checkpoints"]] == [12, 16]
    assert [event["data"]["step"] for event in done.of("metrics")] == [1, 10]
    said = done.of("message")[1]
    assert "longer than max_length" in said["message"]
    assert (said["level"], said["data"]) == ("warn", {"cut": 1, "left_out": 1})


def test_a_model_that_is_not_there_is_said(node: TrainingNode) -> None:
    node.document(model=str(node.root / "none"))
    done = node.train(environ={"HF_HUB_OFFLINE": "1"})
    assert done.code == 69
    assert done.last["data"]["code"] == "model_missing"
    node.document("b", model="nobody/nothing")
    assert node.train("b", environ={"HF_HUB_OFFLINE": "1"}).code == 69


def test_two_jobs_make_the_very_small_model_at_once(node: TrainingNode) -> None:
    for name in ("a", "b"):
        node.document(name, hyperparameters={"n_epochs": 1})
    processes = [node.start("-m", "ftops_trainer", f"{name}.json") for name in ("a", "b")]
    assert [ended(process).code for process in processes] == [0, 0]
    assert node.result("a")["weights_sha256"] == node.result("b")["weights_sha256"]
    assert [path.name for path in (node.outputs / ".ftops-bases").iterdir()] == ["tiny-1"]
