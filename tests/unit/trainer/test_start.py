"""What a training starts from: a chain finds its base in the job documents that earlier jobs have kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ftops.trainer.codes import Refused
from ftops.trainer.job import job_of
from ftops.trainer.start import Start, adapter_settings, name_base, start_at, start_of
from tests.unit.trainer.nodes import Node, no_torch


def left(root: Path, name: str, folder: str = "adapter", **document: Any) -> Path:
    """Lay out what a job has left: an adapter, or a model."""
    place = root / name / folder
    place.mkdir(parents=True)
    if folder == "model":
        (place / "config.json").write_text("{}")
    else:
        (place / "adapter_config.json").write_text('{"base_model_name_or_path": "org/base", "r": 8}')
    if document:
        (root / name / "job.json").write_text(json.dumps(document))
    return place


def test_a_model_is_loaded_by_one_name_and_called_by_another(tmp_path: Path) -> None:
    node = Node(tmp_path)
    job = job_of(node.document(model="/mnt/base", base_model="org/base"))
    assert start_of(job) == Start("/mnt/base", "org/base")
    assert start_of(job_of(node.document(model="org/base"))) == Start("org/base", "org/base")


def test_an_adapter_lies_on_what_its_job_started_from(tmp_path: Path) -> None:
    adapter = left(tmp_path, "one", model="/mnt/base", base_model="org/base")
    assert start_at(adapter) == Start("/mnt/base", "org/base", adapter)
    checkpoint = left(tmp_path, "two", "checkpoint-7", continue_from=str(adapter))
    assert start_at(checkpoint) == Start("/mnt/base", "org/base", checkpoint)
    job = job_of(Node(tmp_path).document(model=None, continue_from=str(checkpoint)))
    assert start_of(job) == start_at(checkpoint)


def test_a_whole_model_is_a_base_of_its_own(tmp_path: Path) -> None:
    model = left(tmp_path, "full", "model", model="/mnt/base")
    assert start_at(model) == Start(str(model), str(model))
    adapter = left(tmp_path, "on-it", continue_from=str(model))
    assert start_at(adapter) == Start(str(model), str(model), adapter)


def test_an_adapter_without_its_job_names_its_base_itself(tmp_path: Path) -> None:
    adapter = left(tmp_path, "one")
    assert start_at(adapter) == Start("org/base", "org/base", adapter)
    (adapter / "adapter_config.json").write_text("{}")
    with pytest.raises(Refused, match="does not name its base"):
        start_at(adapter)


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="neither an adapter nor a model") as refused:
        start_at(tmp_path / "none")
    assert refused.value.code == "model_missing"


def test_the_base_is_named_by_its_public_name(tmp_path: Path) -> None:
    adapter = left(tmp_path, "one")
    name_base(adapter, "org/other")
    assert json.loads((adapter / "adapter_config.json").read_text()) == {
        "base_model_name_or_path": "org/other",
        "r": 8,
    }
    assert adapter_settings(adapter) == {"lora_r": 8}
    model = left(tmp_path, "two", "model")
    name_base(model, "org/other")
    assert adapter_settings(model) == {}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"lora_r": 16}, "hyperparameters.lora_r is 16"),
        ({"lora_alpha": 1}, "hyperparameters.lora_alpha is 1"),
        ({"lora_dropout": 0.5}, "hyperparameters.lora_dropout is 0.5"),
        ({"modules_to_save": "lm_head"}, "hyperparameters.modules_to_save is lm_head"),
        ({"lora_r": 8, "lora_alpha": 4, "lora_dropout": 0, "modules_to_save": "lm_head, embed_tokens"}, None),
        ({"lora": False, "lora_r": 16}, None),
        ({}, None),
    ],
)
def test_an_adapter_keeps_its_form(tmp_path: Path, given: dict[str, Any], words: str | None) -> None:
    adapter = left(tmp_path, "one", model="org/base")
    config = {"r": 8, "lora_alpha": 4, "lora_dropout": 0.0, "modules_to_save": ["embed_tokens", "lm_head"]}
    (adapter / "adapter_config.json").write_text(json.dumps(config))
    node = Node(tmp_path / "node")
    node.document(model=None, continue_from=str(adapter), hyperparameters=given)
    done = node.train(environ=no_torch(node))
    # What is not refused comes as far as torch, which is not there.
    assert done.code == (65 if words else 69)
    assert words is None or words in done.last["message"]
