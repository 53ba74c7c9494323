"""What a plan costs by the table of prices: three providers, a chain, one price unknown; and bad prices."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import jsonschema
import pytest

from ftops.manifests.schema import schema_text
from ftops.providers import prices
from ftops.reconciler import pricing
from tests.conftest import ROWS, ProjectDirectory

PROVIDERS = """\
apiVersion: ftops/v1
kind: Project
metadata: {name: three}
spec:
  default_provider: oa
  providers:
    oa: {dialect: openai, base_url: "emulator:.ftops/oa.db"}
    az: {dialect: azure_openai, base_url: "emulator:.ftops/az.db", api_version: v1}
    tg: {dialect: together, base_url: "emulator:.ftops/tg.db"}
"""
LORA = (
    "provider: tg\nhyperparameters: {n_epochs: 3, n_evals: 5}\nvalidation_file: {path: ../data/valid.jsonl}"
)
AZURE = "provider: az\nprovider_options: {trainingType: Standard}\nhyperparameters: {n_epochs: 2}"


@pytest.fixture
def three(project: ProjectDirectory) -> ProjectDirectory:
    """A base and what starts from it at OpenAI, one at Azure, one at Together, and one without a price."""
    project.write("ftops.yaml", PROVIDERS)
    for name in ("train", "valid"):
        rows = [
            {"messages": [{**one, "content": f"{name} {one['content']}" * 900} for one in row["messages"]]}
            for row in ROWS
        ]
        project.write(f"data/{name}.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    project.manifest("base", "hyperparameters: {n_epochs: 3}", "gpt-4.1-mini-2025-04-14")
    project.manifest("above", "hyperparameters: {n_epochs: auto}", "{from: base}")
    project.manifest("hosted", AZURE, "gpt-4.1-2025-04-14")
    project.manifest("unpriced", AZURE, "gpt-4o-2024-08-06")
    project.manifest("small", LORA, "Qwen/Qwen3-8B")
    return project


def said(project: ProjectDirectory) -> str:
    return " ".join(project.out.split())


def test_the_costs_of_three_providers_a_chain_and_one_unknown(three: ProjectDirectory) -> None:
    assert three.ftops("plan") == 0
    text = said(three)
    assert re.search(r"(about )?\$5\.00 for 1M tokens \(official, 2026-09\): base, above ", text)
    assert "Price about $27.50 for 1M tokens (inferred, 2025-11-05): hosted" in text
    assert "Afterwards about $1.70 an hour while it is deployed, used or not (official, 2026-03-19)" in text
    assert "Price about $0.48 for 1M tokens (secondary, 2026-07-10): small" in text
    assert "sources disagree on a minimum of $4.00 a job" in text
    assert "the provider chooses from 1 to 25 epochs" in text
    assert "Why a cost is unknown: no price is known for training gpt-4o-2024-08-06" in text
    now, later = three.out.splitlines()[-2:]
    assert re.search(r"At least \$\d+\.\d\d; the cost of 1 is unknown\.$", now)
    assert re.fullmatch(r"Later: 1 to create\. (Costs|About) \$\d+\.\d\d to \$\d+\.\d\d more\.", later)


def test_the_same_in_markdown_and_json(three: ProjectDirectory) -> None:
    assert three.ftops("plan", "--format", "markdown") == 0
    assert "| `+` create **unpriced** | **unknown** | new, from gpt-4o-2024-08-06 |" in three.out
    assert "- about &#36;1.70 an hour while it is deployed" in three.out
    assert three.ftops("plan", "--format", "json") == 0
    document = json.loads(three.out)
    jsonschema.Draft7Validator(json.loads(schema_text("plan"))).validate(document)
    by_name = {change["name"]: change for change in document["changes"]}
    assert by_name["unpriced"]["estimated_cost"] is None
    assert by_name["hosted"]["afterwards"][0]["low"] == 1.7
    hosted = by_name["hosted"]["estimated_cost"]
    assert (hosted["about"], hosted["price"]["confidence"], hosted["price"]["as_of"]) == (
        True,
        "inferred",
        "2025-11-05",
    )
    assert by_name["small"]["estimated_cost"]["high"] == 4
    assert by_name["above"]["then"]["estimated_cost"]["because"] == [
        "the provider chooses from 1 to 25 epochs"
    ]
    assert document["review"]["estimated_cost"] is None
    (why,) = document["review"]["cost_unknown_because"]
    assert "gpt-4o-2024-08-06" in why


def test_an_unknown_cost_is_within_no_limit(three: ProjectDirectory) -> None:
    three.write("ftops.yaml", f"{PROVIDERS}  limits: {{max_cost: 1000}}\n")
    assert three.ftops("plan") == 3
    assert "the cost is unknown, and max_cost is $1000" in said(three)


def test_the_projects_prices_win_and_fill_the_gap(three: ProjectDirectory) -> None:
    own = "  prices: {az: {'*': {training_per_million_tokens: 10}}}\n  price_table: prices.yaml\n"
    three.write("ftops.yaml", PROVIDERS + own)
    three.write(
        "prices.yaml",
        "format_version: 1\ncollected: '2026-11-27'\nprices:\n"
        "- {provider: openai, model: gpt-4.1-mini-2025-04-14, unit: per_million_trained_tokens,\n"
        "   amount: '1.25', currency: USD, status: current, as_of: '2026-11', source: contract,\n"
        "   confidence: official}\n",
    )
    assert three.ftops("plan") == 0
    assert "Price $10.00 for 1M tokens (ftops.yaml): " in said(three)
    assert "$1.25 for 1M tokens (price_table, official, 2026-11)" in said(three)
    assert "What is unknown" not in three.out


@pytest.mark.parametrize("command", [("validate",), ("plan",), ("apply", "--yes")])
def test_a_price_without_a_date_is_told_with_its_place_and_nothing_is_created(
    three: ProjectDirectory, command: tuple[str, ...]
) -> None:
    three.write("ftops.yaml", f"{PROVIDERS}  price_table: prices.yaml\n")
    three.write(
        "prices.yaml",
        "format_version: 1\ncollected: '2026-11-27'\nprices:\n"
        "- {provider: openai, model: m, unit: per_million_trained_tokens, amount: '1', currency: USD,\n"
        "   status: current, source: contract, confidence: official}\n",
    )
    assert three.ftops(*command) == 1
    assert "prices.yaml:4:3: prices[0]: the field 'as_of' is missing" in three.err + three.out
    assert not (three.root / ".ftops/state.json").exists()


@pytest.fixture
def no_table(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The table cannot be read: whoever needs it fails."""

    def unread() -> None:
        raise AssertionError("the table was read")

    prices.known_prices.cache_clear()
    monkeypatch.setattr(pricing, "known_prices", unread)
    yield
    prices.known_prices.cache_clear()


def test_a_plan_without_changes_reads_no_table(
    project: ProjectDirectory, request: pytest.FixtureRequest
) -> None:
    project.manifest("a", "hyperparameters: {n_epochs: 3}")
    assert project.ftops("apply", "--yes") == 0
    request.getfixturevalue("no_table")
    assert project.ftops("plan") == 0
    assert "0 to create" in project.out
