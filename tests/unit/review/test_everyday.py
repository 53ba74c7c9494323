"""The everyday rules of `policies`, each on both sides of its edge."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ftops.manifests.policies import policies_of
from ftops.manifests.schema import document_rules
from ftops.model.finetune import DataFile, FineTune
from ftops.model.policy import Policies
from ftops.model.review import CostEstimate
from ftops.model.value import replace
from ftops.review.everyday import EVERYDAY, Breach, Training, Unknown, fits_any

FINE_TUNE = FineTune(
    "a",
    "oa",
    "gpt-4o-mini",
    (DataFile("data/t.jsonl"),),
    DataFile("data/v.jsonl"),
    labels={"team": "support", "empty": ""},
)
TRAINING = Training(
    FINE_TUNE,
    "gpt-4o-mini",
    Decimal(4),
    ("spec", "hyperparameters", "n_epochs"),
    "",
    CostEstimate(1, 10),
)
BARE = replace(TRAINING, fine_tune=replace(FINE_TUNE, validation_file=None))


def judged(policies: Policies, training: Training = TRAINING) -> list[tuple[str, Breach]]:
    found = ((rule.name, rule.judge(training, policies)) for rule in EVERYDAY)
    return [(name, breach) for name, breach in found if breach is not None]


def words(policies: Policies, training: Training = TRAINING) -> list[str]:
    return [f"{name}: {breach.found}, and it {breach.limit}" for name, breach in judged(policies, training)]


def test_without_policies_everything_is_allowed() -> None:
    assert judged(Policies()) == []
    assert judged(policies_of({})) == []
    assert judged(policies_of({"allowed_models": None, "max_epochs": None, "max_cost_per_job": None})) == []


@pytest.mark.parametrize(
    ("kept", "broken", "message"),
    [
        (
            Policies(allowed_providers=("local", "o*")),
            Policies(allowed_providers=("local",)),
            "allowed_providers: it trains at oa, and it allows local",
        ),
        (
            Policies(allowed_models=("gpt-4o-mini*",)),
            Policies(allowed_models=()),
            "allowed_models: its base model is gpt-4o-mini, and it allows none",
        ),
        (
            Policies(required_labels={"team": ()}),
            Policies(required_labels={"owner": (), "empty": ()}),
            "required_labels: it has no label owner, empty, and it asks for owner, empty",
        ),
        (
            Policies(required_labels={"team": ("sales", "support")}),
            Policies(required_labels={"team": ("sales", "hr")}),
            "required_labels: its label team is support, and it asks for team (sales or hr)",
        ),
        (
            Policies(max_epochs=4),
            Policies(max_epochs=3.5),
            "max_epochs: it may train 4 epochs, and it allows 3.5",
        ),
        (
            Policies(max_cost_per_job=10),
            Policies(max_cost_per_job=9.99),
            "max_cost_per_job: it may cost $10.00, and it allows $9.99",
        ),
    ],
)
def test_a_rule_holds_up_to_its_edge(kept: Policies, broken: Policies, message: str) -> None:
    assert judged(kept) == []
    assert words(broken) == [message]


def test_what_is_not_known_in_advance_is_refused() -> None:
    unknown = replace(TRAINING, epochs=Unknown("who knows"), cost=Unknown("its cost is unknown"))
    assert words(Policies(max_epochs=99, max_cost_per_job=0), unknown) == [
        "max_epochs: who knows, and it allows 99",
        "max_cost_per_job: its cost is unknown, and it allows $0.00",
    ]


def test_a_cost_that_nobody_asked_for_is_not_judged() -> None:
    assert judged(Policies(max_cost_per_job=0), replace(TRAINING, cost=None)) == []


def test_a_validation_file_is_asked_for() -> None:
    assert judged(Policies(require_validation_file=True)) == []
    assert words(Policies(require_validation_file=True), BARE) == [
        "require_validation_file: it has no validation file, and it is true"
    ]


def test_rows_that_are_in_both_files_are_refused_and_files_that_cannot_be_compared() -> None:
    asked = Policies(forbid_train_valid_overlap=True)
    assert judged(asked) == []
    assert judged(asked, replace(BARE, shared_rows="t shares 1 row")) == []
    for shared in ("t shares 1 row", Unknown("f is not here")):
        (found,) = judged(asked, replace(TRAINING, shared_rows=shared))
        assert found[1].path == ("spec", "validation_file")


def test_a_breach_leads_to_the_field() -> None:
    found = judged(
        Policies(allowed_providers=(), allowed_models=(), required_labels={"team": ("x",)}, max_epochs=1)
    )
    assert [breach.path for _, breach in found] == [
        ("spec", "provider"),
        ("spec", "model"),
        ("metadata", "labels", "team"),
        ("spec", "hyperparameters", "n_epochs"),
    ]


def test_a_chain_whose_root_is_not_declared_has_no_allowed_model() -> None:
    assert words(Policies(allowed_models=("a*",)), replace(TRAINING, base_model="")) == [
        "allowed_models: its base model is not declared, and it allows a*"
    ]


@pytest.mark.parametrize(
    ("word", "pattern", "fits"),
    [
        ("gpt-4o-mini", "gpt-4o-mini", True),
        ("gpt-4o-mini", "gpt-4o", False),
        ("gpt-4o-mini", "gpt-4o*", True),
        ("gpt-4o-mini", "*mini", True),
        ("gpt-4o-mini", "g?t-4o-mini", False),
        ("gpt-4o-mini", "[g]*", False),
        ("a\nb", "a*", True),
        ("", "*", True),
        ("a.b", "a.b", True),
        ("axb", "a.b", False),
    ],
)
def test_only_a_star_stands_for_something_else(word: str, pattern: str, fits: bool) -> None:
    assert fits_any(word, (pattern,)) is fits


def test_a_hostile_pattern_takes_no_time() -> None:
    # With backtracking this would go on for ever.
    assert not fits_any("a" * 200, ("*a" * 90 + "b",))
    assert fits_any("a" * 200, ("*a" * 90,))


def test_labels_are_a_list_of_keys_or_a_map_to_values() -> None:
    assert policies_of({"required_labels": ["team"]}).required_labels == {"team": ()}
    written = {"required_labels": {"team": ["a", "b"], "owner": None, "cost": []}}
    assert policies_of(written).required_labels == {"team": ("a", "b"), "owner": (), "cost": ()}


def test_every_rule_is_a_field_of_the_project_file() -> None:
    schema = document_rules("project").schema
    fields = schema["properties"]["spec"]["properties"]["policies"]["properties"]
    assert {rule.name for rule in EVERYDAY} | {"retirement_horizon"} == fields.keys()
    assert set(Policies.__struct_fields__) == fields.keys()
