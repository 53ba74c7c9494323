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
        (
            {"method": "dpo"},
            "spec.method: dia does not support the method dpo (it supports: reinforcement, supervised)",
        ),
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
        ({"seed": 0}, "spec.seed: dia does not take a seed (remove it)"),
        ({"integrations": [{"type": "x"}]}, "spec.integrations: dia has no integrations"),
        ({"model": {"from": "a", "checkpoint": "step:3"}}, "spec.model.checkpoint: dia has no checkpoints"),
        ({"training_file": [{"path": "x"}]}, "spec.training_file: dia takes one training file, not a list"),
        ({"grader": {"type": "x"}}, "spec.grader: the method supervised takes no grader"),
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
    assert "dia does not take uploads" in sentence


def test_a_dialect_that_can_do_more_takes_more() -> None:
    able = replace(CAN, seed=True, integrations=True, weighted_files=True, checkpoints="{model}:{step}")
    spec = {
        "seed": 1,
        "integrations": [{"type": "x"}],
        "training_file": [{"path": "x", "weight": 2}],
        "model": {"from": "a", "checkpoint": "step:3"},
    }
    assert told(able, **spec) == []


OTHERS = {
    "dia": CAN,
    "left": replace(CAN, seed=True, weighted_files=True, methods={Method.DPO: {"beta": {}}}),
    "right": replace(
        CAN,
        seed=True,
        integrations=True,
        checkpoints="{model}:{step}",
        methods={Method.SUPERVISED: {"lora_r": {}}},
        options={"kind": {"oneOf": [{"const": "full"}, {"type": "object", "properties": {"alpha": {}}}]}},
    ),
}


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"hyperparameters": {"lora_r": 1}}, "has no field 'lora_r'; right has it ("),
        (
            {"hyperparameters": {"alpha": 1}},
            "has no field 'alpha'; right has it as provider_options.kind.alpha (",
        ),
        ({"hyperparameters": {"beta": 1}}, "has no field 'beta' ("),
        ({"provider_options": {"kind": 1}}, "has no field 'kind'; right has it ("),
        ({"method": "dpo"}, "does not support the method dpo; left does ("),
        ({"seed": 1}, "does not take a seed; left and right do ("),
        ({"integrations": [{"type": "x"}]}, "has no integrations; right has ("),
        ({"model": {"from": "a", "checkpoint": "step:3"}}, "has no checkpoints; right has ("),
        ({"training_file": [{"path": "x"}]}, "takes one training file, not a list; left takes one ("),
    ],
)
def test_the_dialects_that_could_are_named(spec: dict[str, Any], words: str) -> None:
    checks = DialectChecks(ProviderFacts("p", "dia", CAN), lambda: OTHERS)
    (found,) = checks.findings({"model": "m", "training_file": {"path": "x"}, **spec})
    assert words in f"{found.message} ({found.hint})"


def test_other_dialects_are_looked_at_only_where_something_is_wrong() -> None:
    def forbidden() -> dict[str, Capabilities]:
        raise AssertionError("all dialects were loaded")

    checks = DialectChecks(ProviderFacts("p", "dia", CAN), forbidden)
    assert list(checks.findings({"model": "m", "training_file": {"path": "x"}})) == []


def test_a_hyperparameter_that_every_create_needs_is_missed_also_where_it_is_left_to_the_provider() -> None:
    needing = replace(CAN, required_hyperparameters=frozenset({"n_epochs"}))
    missing = ["spec: the field 'hyperparameters.n_epochs' is missing: dia needs it (None)"]
    assert told(needing) == missing
    assert told(needing, hyperparameters={"n_epochs": "auto"}) == missing
    assert told(needing, hyperparameters={"n_epochs": 3}) == []


def test_a_dialect_without_a_suffix_says_so() -> None:
    assert told(replace(CAN, suffix_length=0), suffix="a") == ["spec.suffix: dia takes no suffix (remove it)"]
