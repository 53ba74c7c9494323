"""What a dialect cannot carry is an error, never dropped."""

from __future__ import annotations

from typing import Any

import pytest

from ftops.manifests.dialect_checks import DialectChecks
from ftops.model.capabilities import NO_CAPABILITIES, Capabilities
from ftops.model.finetune import Method
from ftops.model.observation import ProviderFacts
from ftops.model.value import replace

CAN = replace(
    NO_CAPABILITIES,
    methods={
        Method.SUPERVISED: {"n_epochs": {"type": "integer", "minimum": 1}},
        Method.REINFORCEMENT: {"effort": {"enum": ["low", "high"]}},
    },
    options={
        "training_type": {"type": "object", "required": ["type"], "properties": {"r": {"type": "integer"}}}
    },
    suffix_length=5,
)


def told(capabilities: Capabilities = CAN, **spec: Any) -> list[str]:
    checks = DialectChecks(ProviderFacts("p", "dia", capabilities))
    whole = {"model": "m", "training_file": {"path": "x"}, **spec}
    return [
        f"{'.'.join(map(str, found.path))}: {found.message} ({found.hint})"
        for found in checks.findings(whole)
    ]


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"hyperparameters": {"n_epochs": 3}},
        {"hyperparameters": {"n_epochs": "auto"}},
        {"method": "reinforcement", "grader": {"type": "x"}, "hyperparameters": {"effort": "low"}},
        {"provider_options": {"training_type": {"type": "Lora", "r": 16}}},
        {"suffix": "five!"},
        {"grader": {}, "integrations": []},
        {"model": {"from": "a"}},
        {"model": {"from": "a", "checkpoint": "final"}},
    ],
)
def test_what_the_dialect_carries_is_right(spec: dict[str, Any]) -> None:
    assert told(**spec) == []


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"method": "dpo"}, "spec.method: dia does not train by dpo (it knows: reinforcement, supervised)"),
        (
            {"hyperparameters": {"n_epoch": 3}},
            "dia with method supervised has no field 'n_epoch' (did you mean",
        ),
        ({"hyperparameters": {"effort": "low"}}, "dia with method supervised has no field 'effort'"),
        (
            {"hyperparameters": {"n_epochs": "3"}},
            "must be a whole number, not the string '3' (write it without",
        ),
        ({"hyperparameters": {"n_epochs": 0}}, "spec.hyperparameters.n_epochs: must be at least 1"),
        (
            {"provider_options": {"x": 1}},
            "spec.provider_options.x: dia has no field 'x' (known here: training_type)",
        ),
        ({"provider_options": {"training_type": "auto"}}, "must be a map, not the string 'auto'"),
        (
            {"provider_options": {"training_type": {"type": "Lora", "r": "x"}}},
            "spec.provider_options.training_type.r",
        ),
        ({"provider_options": {"training_type": {}}}, "training_type: the field 'type' is missing"),
        ({"suffix": "sixsix"}, "spec.suffix: has 6 characters; dia takes at most 5"),
        ({"seed": 0}, "spec.seed: dia takes no seed (remove it)"),
        ({"integrations": [{"type": "x"}]}, "spec.integrations: dia has no integrations"),
        ({"model": {"from": "a", "checkpoint": "step:3"}}, "spec.model.checkpoint: dia has no checkpoints"),
        ({"training_file": [{"path": "x"}]}, "spec.training_file: dia takes one training file, not a list"),
        ({"grader": {"type": "x"}}, "spec.grader: the method supervised has no grader"),
        ({"method": "reinforcement"}, "spec: the method reinforcement needs a grader"),
    ],
)
def test_what_the_dialect_cannot_carry_is_told(spec: dict[str, Any], words: str) -> None:
    (sentence,) = told(**spec)
    assert words in sentence


def test_a_dialect_without_uploads_takes_ids_only() -> None:
    without = replace(CAN, file_upload=False)
    assert told(without, training_file="file-a") == []
    (sentence,) = told(without)
    assert "dia takes no uploads" in sentence


def test_a_dialect_that_can_do_more_takes_more() -> None:
    able = replace(CAN, seed=True, integrations=True, weighted_files=True, checkpoints="{model}:{step}")
    spec = {
        "seed": 1,
        "integrations": [{"type": "x"}],
        "training_file": [{"path": "x", "weight": 2}],
        "model": {"from": "a", "checkpoint": "step:3"},
    }
    assert told(able, **spec) == []
