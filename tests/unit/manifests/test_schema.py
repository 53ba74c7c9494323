"""The published schemas: one truth for editors, for ftops and for the design."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftops.manifests.loader import parse_yaml
from ftops.manifests.schema import SCHEMA_KINDS, document_rules
from tests.conftest import REPOSITORY

FINE_TUNE = """
apiVersion: ftops/v1
kind: FineTune
metadata: {name: support-triage, labels: {team: support}, annotations: {owner: support-ml}}
spec:
  provider: local
  model: babbage-002
  training_file: {path: data/triage.jsonl}
  validation_file: {path: data/valid.jsonl}
  method: supervised
  hyperparameters: {n_epochs: 3, batch_size: auto, learning_rate_multiplier: 0.1}
  grader: {}
  suffix: triage
  seed: 42
  integrations: [{type: wandb, wandb: {project: triage}}]
  provider_options: {}
  lifecycle:
    suspend: false
    on_change: replace
    on_remove: cancel
    protect: false
    retry: {max_attempts: 1, on: []}
    priority: 0
    rerun: ""
    renamed_from: old-name
"""
PROJECT = """
apiVersion: ftops/v1
kind: Project
metadata: {name: demo-x7f2}
spec:
  manifests: [jobs/]
  state: .ftops/state.json
  default_provider: local
  providers:
    local: {dialect: openai, base_url: "emulator:.ftops/emulator.db", emulator: {speed: 600}}
    oa:    {dialect: openai, api_key: {env: OPENAI_API_KEY}, organization: org-1, project: proj-1,
            headers: {}, timeout: 30, send_window: 60, settle: 900, queue: {max_active: 3}}
    proxy: {dialect: openai, base_url: {env: PROXY_URL}, api_key: {env: PROXY_KEY}}
  defaults: {}
  limits: {max_creates: 25, max_cancels: 5, max_cancels_percent: 30, max_cost: null}
  policies: {}
  prices: {}
"""


def value_of(text: str) -> Any:
    return parse_yaml(text.encode(), "f").documents[0].value


@pytest.mark.parametrize(("kind", "text"), [("finetune", FINE_TUNE), ("project", PROJECT)])
def test_the_documents_of_the_design_are_right(kind: str, text: str) -> None:
    rules = document_rules(kind)
    assert list(rules.findings(value_of(text))) == []
    assert rules.valid(value_of(text))


def test_a_newline_does_not_slip_into_a_name() -> None:
    document = value_of(FINE_TUNE)
    document["metadata"]["name"] = "a\n"
    rules = document_rules("finetune")
    assert not rules.valid(document)
    assert [finding.path for finding in rules.findings(document)] == [("metadata", "name")]


WRONG = st.sampled_from(
    [None, True, 0, -1, 1.0, 1.5, 3, "", "a", "a\n", "A b", "auto", "file-a", [], {}, [1], {"a": 1}]
)
PATHS = [
    "apiVersion",
    "kind",
    "metadata",
    "metadata.name",
    "metadata.labels",
    "metadata.labels.team",
    "metadata.x",
    "spec",
    "spec.provider",
    "spec.model",
    "spec.training_file",
    "spec.training_file.path",
    "spec.validation_file",
    "spec.method",
    "spec.hyperparameters",
    "spec.hyperparameters.n_epochs",
    "spec.suffix",
    "spec.seed",
    "spec.integrations",
    "spec.grader",
    "spec.lifecycle",
    "spec.lifecycle.retry",
    "spec.lifecycle.retry.on",
    "spec.lifecycle.retry.max_attempts",
    "spec.lifecycle.renamed_from",
    "spec.unknown",
]


@given(st.lists(st.tuples(st.sampled_from(PATHS), WRONG), max_size=4))
@settings(max_examples=400)
def test_the_fast_answer_and_the_findings_agree(changes: list[tuple[str, Any]]) -> None:
    document = value_of(FINE_TUNE)
    for path, value in changes:
        parent = document
        *above, name = path.split(".")
        for step in above:
            parent = parent.get(step) if isinstance(parent, dict) else None
        if isinstance(parent, dict):
            # What is sampled is one object: put into itself, it would have no end.
            parent[name] = deepcopy(value)
    rules = document_rules("finetune")
    findings = list(rules.findings(document))
    assert rules.valid(document) == (not findings)
    for finding in findings:
        assert "Schema" not in finding.message, "jsonschema's own words reached a person"
        assert "is not valid under" not in finding.message


def test_every_schema_of_the_repository_can_be_printed() -> None:
    published = {path.name for path in (REPOSITORY / "schemas").glob("*.json")}
    assert set(SCHEMA_KINDS.values()) == published
