"""What Mistral and Fireworks cannot carry is said by `validate`, in one sentence at its line."""

from __future__ import annotations

import pytest

from tests.conftest import ProjectDirectory
from tests.end_to_end.test_closed_providers import ERROR, declare


@pytest.mark.parametrize(
    ("words", "changes", "told"),
    [
        ("suffix: triage-of-2026", {}, "suffix: has 14 characters; mistral takes at most 8, beside the 10"),
        ("method: dpo", {}, "mistral does not support the method dpo"),
        ("seed: 7", {}, "mistral does not take a seed"),
        ("hyperparameters: {n_epochs: 3}", {}, "mistral with method supervised has no field 'n_epochs'"),
        ("", {"account": "acme"}, "dialect mistral has no setting account"),
    ],
)
def test_what_mistral_cannot_carry_is_said_by_validate(
    project: ProjectDirectory, words: str, changes: dict[str, str], told: str
) -> None:
    declare(project, "mistral", "http://127.0.0.1:1/v1", **changes)
    project.manifest("a", words, "open-mistral-7b")
    assert project.ftops("validate") == ERROR
    assert told in project.out + project.err


@pytest.mark.parametrize(
    ("words", "changes", "told"),
    [
        ("", {"account": None}, "the field 'account' is missing: dialect fireworks needs it"),
        ("", {"api_version": "v1"}, "dialect fireworks has no setting api_version"),
        (
            "method: dpo\nvalidation_file: {path: ../data/train.jsonl}",
            {},
            "fireworks with method dpo takes no validation file",
        ),
        ("method: dpo\nhyperparameters: {earlyStop: true}", {}, "fireworks with method dpo has no field"),
        ("provider_options: {nodes: 2}", {}, "fireworks has no field 'nodes'"),
        ("method: dpo", {}, "preference"),
    ],
)
def test_what_fireworks_cannot_carry_is_said_by_validate(
    project: ProjectDirectory, words: str, changes: dict[str, str | None], told: str
) -> None:
    declare(project, "fireworks", "http://127.0.0.1:1/v1", **changes)
    text = (project.root / "ftops.yaml").read_text().replace('"account": null, ', "")
    project.write("ftops.yaml", text.replace(', "account": null', ""))
    project.manifest("a", words, "llama-v3p1-8b-instruct")
    assert project.ftops("validate") == ERROR
    assert told in project.out + project.err
