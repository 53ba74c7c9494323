"""The schema of a project's manifests refuses nothing that is right, and knows its dialects' fields."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft7Validator

from ftops.manifests.dialect_checks import DialectChecks
from ftops.manifests.project_schema import project_schema
from ftops.model.finetune import Method
from ftops.model.observation import ProviderFacts
from ftops.model.project import Project, ProviderSettings, StateSettings
from ftops.model.value import replace
from ftops.providers.registry import OURS, facts_of
from tests.conftest import ProjectDirectory
from tests.contracts.dialects import CASES


def a_project(*dialects: str, default: str | None = None, **defaults: Any) -> Project:
    providers = {name: ProviderSettings(name, name) for name in dialects}
    return Project("p", ("jobs/",), StateSettings(), providers, default_provider=default, defaults=defaults)


def validator(made: Project) -> Draft7Validator:
    schema = project_schema(made, {name: facts_of(one) for name, one in made.providers.items()})
    Draft7Validator.check_schema(schema)
    return Draft7Validator(schema)


def manifest(**spec: Any) -> dict[str, Any]:
    whole = {"model": "m", "training_file": {"path": "d.jsonl"}, **spec}
    return {"apiVersion": "ftops/v1", "kind": "FineTune", "metadata": {"name": "a"}, "spec": whole}


ALL = validator(a_project(*OURS))


def refused(document: dict[str, Any], by: Draft7Validator = ALL) -> bool:
    return not by.is_valid(document)


@pytest.mark.parametrize("dialect", sorted(OURS))
def test_what_a_dialect_carries_is_right_and_what_it_does_not_is_not(dialect: str) -> None:
    case, can = CASES[dialect], facts_of(ProviderSettings("p", dialect)).capabilities
    knobs = {"hyperparameters": dict(case.hyperparameters), "provider_options": dict(case.options)}
    usual = Method.SUPERVISED if Method.SUPERVISED in can.methods else next(iter(can.methods))
    assert not refused(manifest(provider=dialect, method=usual.value, **knobs))
    for method, names in can.methods.items():
        auto = {"provider": dialect, "method": method.value, "provider_options": dict(case.options)}
        assert not refused(manifest(**auto, hyperparameters=dict.fromkeys(names, "auto")))
        assert refused(manifest(**auto, hyperparameters={"no_such_knob": 1}))
    assert refused(manifest(provider=dialect, provider_options={**case.options, "no_such_option": 1}))
    assert refused(manifest(provider=dialect, suffix="x" * (can.longest_suffix + 1)))


@pytest.mark.parametrize("dialect", sorted(OURS))
@pytest.mark.parametrize(
    "spec",
    [
        {"seed": 1},
        {"integrations": [{"type": "wandb", "wandb": {"project": "p"}}]},
        {"integrations": []},
        {"method": "dpo"},
        {"method": "dpo", "validation_file": {"path": "v.jsonl"}},
        {"validation_file": {"path": "v.jsonl"}},
        {"method": "reinforcement", "grader": {"type": "x"}},
        {"training_file": [{"path": "a.jsonl", "weight": 1}]},
        {"hyperparameters": {"n_epochs": 0}},
        {"hyperparameters": {"n_epochs": 2}},
        {"hyperparameters": {"prompt_loss_weight": 0.1}},
        {"suffix": "x" * 41},
        {"model": {"from": "other"}},
    ],
)
def test_an_editor_and_validate_agree(dialect: str, spec: dict[str, Any]) -> None:
    options = {"provider_options": dict(CASES[dialect].options)}
    document = manifest(provider=dialect, **options, **spec)
    found = list(DialectChecks(facts_of(ProviderSettings("p", dialect))).findings(document["spec"]))
    assert refused(document) is bool(found)


def test_a_method_that_nobody_writes_must_be_one_of_the_dialects() -> None:
    dpo = replace(facts_of(ProviderSettings("p", "openai")).capabilities, methods={Method.DPO: {}})
    facts = {"p": ProviderFacts("p", "d", dpo)}
    one = Project("p", (), StateSettings(), {}, default_provider="p")
    assert refused(manifest(), Draft7Validator(project_schema(one, facts)))
    assert not refused(manifest(method="dpo"), Draft7Validator(project_schema(one, facts)))


def test_two_providers_of_one_dialect_may_carry_different_things() -> None:
    can = facts_of(ProviderSettings("p", "openai")).capabilities
    facts = {
        "new": ProviderFacts("new", "d", can),
        "old": ProviderFacts("old", "d", replace(can, seed=False)),
        "twin": ProviderFacts("twin", "d", can),
    }
    both = Draft7Validator(project_schema(Project("p", (), StateSettings(), {}), facts))
    assert [refused(manifest(provider=name, seed=1), both) for name in facts] == [False, True, False]


def test_what_the_project_decides_need_not_be_written() -> None:
    assert refused(manifest())
    usual = validator(a_project("openai", "openai_legacy", default="openai_legacy"))
    assert not refused(manifest(hyperparameters={"prompt_loss_weight": 0.1}), usual)
    assert refused(manifest(provider="openai", hyperparameters={"prompt_loss_weight": 0.1}), usual)
    assert refused(manifest(provider="other"), usual)
    preset = validator(a_project("openai", default="openai", model="m", method="dpo"))
    short = manifest(hyperparameters={"beta": 0.1})
    del short["spec"]["model"]
    assert not refused(short, preset)


@pytest.mark.parametrize("dialect", sorted(OURS))
def test_an_editor_has_words_for_every_setting(dialect: str) -> None:
    can = facts_of(ProviderSettings("p", dialect)).capabilities
    knobs: dict[str, Any] = {name: one for each in can.methods.values() for name, one in each.items()}
    settings: dict[str, Any] = {**can.options, **knobs}
    assert [name for name, one in settings.items() if not one.get("description", "").endswith(".")] == []


def test_it_is_printed_for_the_project_at_hand(project: ProjectDirectory) -> None:
    assert project.ftops("schema", "finetune", "--project") == 0
    schema = json.loads(project.out)
    assert schema["title"] == "FineTune of test-p1"
    assert schema["properties"]["spec"]["properties"]["provider"]["enum"] == ["local"]
    assert project.ftops("schema", "plan", "--project") == 64
