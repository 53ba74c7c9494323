"""Rules as data: who judges what, and how hard."""

from __future__ import annotations

import pytest

from ftops.datasets.tables import document, ruleset
from ftops.model.capabilities import DataFormat
from ftops.model.data_check import Severity
from ftops.model.finetune import Method
from ftops.model.tuned_model import base_model
from ftops.providers.registry import OURS

BOTH = frozenset({DataFormat.CHAT, DataFormat.PROMPT_COMPLETION})


@pytest.mark.parametrize(
    ("model", "base"),
    [
        ("gpt-4o-mini", "gpt-4o-mini"),
        ("ft:gpt-4o-mini-2024-07-18:acme:tone:7q8mpxmy", "gpt-4o-mini-2024-07-18"),
        ("curie:ft-acme:tone-2023-01-22-15-48-38", "curie"),
        ("gpt-4.1-mini-2025-04-14.ft-0123456789abcdef-tone", "gpt-4.1-mini-2025-04-14"),
        ("ft", "ft"),
        ("", ""),
    ],
)
def test_the_base_of_a_fine_tuned_model_is_in_its_name(model: str, base: str) -> None:
    assert base_model(model) == base


def test_a_known_model_takes_its_own_form_alone() -> None:
    assert ruleset("openai", Method.SUPERVISED, "gpt-4o", BOTH).forms == {DataFormat.CHAT}
    assert ruleset("openai", Method.SUPERVISED, "babbage-002", BOTH).forms == {DataFormat.PROMPT_COMPLETION}
    assert ruleset("openai", Method.SUPERVISED, "llama-3", BOTH).forms == BOTH


def test_only_what_is_wrong_everywhere_is_an_error_for_a_model_or_dialect_of_somebody_else() -> None:
    own = ruleset("openai", Method.SUPERVISED, "gpt-4o", BOTH)
    others = (
        ruleset("openai", Method.SUPERVISED, "llama-3", BOTH),
        ruleset("a-plugin", Method.SUPERVISED, "gpt-4o", BOTH),
    )
    assert own.severity("weight") is Severity.ERROR
    for rules in others:
        assert rules.severity("weight") is Severity.WARNING
        assert rules.severity("not-json") is Severity.ERROR
        assert rules.facts is None
    assert others[1].fewest == 1


def test_a_dialect_can_judge_a_rule_otherwise_or_not_at_all() -> None:
    azure = ruleset("azure_openai", Method.SUPERVISED, "gpt-4o", BOTH)
    assert azure.severity("bom") is None
    assert azure.severity("consecutive-assistants") is Severity.ERROR
    assert ruleset("openai", Method.SUPERVISED, "gpt-4o", BOTH).severity("blank-prompt") is None


def test_every_dialect_has_its_rules_and_every_rule_of_a_dialect_exists() -> None:
    tables = document("rules.v1.json")
    assert tables["dialects"].keys() >= OURS.keys()
    for dialect in tables["dialects"].values():
        assert dialect.get("rules", {}).keys() <= tables["rules"].keys()
        assert all(DataFormat(model["form"]) for model in dialect["models"])
