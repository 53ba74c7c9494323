"""What a plan of a real project says of ends: by its policies, its providers, and what their APIs tell."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from jsonschema import Draft7Validator

from ftops.errors import InvalidInput
from ftops.manifests.schema import schema_text
from ftops.model.model_dates import ModelDates
from ftops.model.observation import Observation
from ftops.model.planning import Doubts
from ftops.model.state import State
from ftops.model.value import replace
from ftops.providers.registry import facts_of
from ftops.reconciler.line import make_plan, narrowed
from ftops.reconciler.loading import load
from ftops.reconciler.retirement import Look
from ftops.reconciler.values import Loaded, Reviewed
from ftops.report.markdown import render_comment
from ftops.report.summarizing import summarized
from ftops.report.terminal import render_plan
from ftops.review.plan_document import parse_plan, plan_document
from ftops.review.selection import Selection
from tests.conftest import ProjectDirectory

NOW = datetime(2026, 11, 28, tzinfo=UTC).timestamp()
CLOSED = datetime(2027, 1, 6, tzinfo=UTC).timestamp()
PROJECT = """apiVersion: ftops/v1
kind: Project
metadata: {{name: p}}
spec:
  default_provider: oa
  providers:
    oa: {{dialect: openai, api_key: {{env: OA_KEY}}{provider}}}
  policies: {policies}
"""


@pytest.fixture
def here(project: ProjectDirectory) -> ProjectDirectory:
    project.manifest("hello")
    return project


def loaded(project: ProjectDirectory, provider: str = "", policies: str = "{}") -> Loaded:
    project.write("ftops.yaml", PROJECT.format(provider=provider, policies=policies))
    return load(project.root)


def untold(seen: Mapping[str, Observation], _: Doubts) -> Mapping[str, Observation]:
    return seen


def planned(found: Loaded, now: float = NOW, look: Look = untold) -> Reviewed:
    seen = {
        name: Observation(facts_of(settings), listed_at=(now,))
        for name, settings in found.project.providers.items()
    }
    return make_plan(found, seen, State("p", "lineage", 0, {}), Selection(), now, look)


def test_a_plan_warns_in_text_in_markdown_and_as_data(here: ProjectDirectory) -> None:
    reviewed = planned(loaded(here))
    plan, review = reviewed.plan, reviewed.review
    assert review.violations == ()
    (warned,) = review.warnings
    assert "no new jobs from 2027-01-06 (in 39 days)" in warned.message
    text = " ".join(render_plan(plan, review).split())
    assert f"Warning: {warned.message}" in text
    assert "- **Warning:** hello" in render_comment(summarized(plan, review))
    document = plan_document(plan, review)
    Draft7Validator(json.loads(schema_text("plan"))).validate(document)
    (written,) = document["review"]["warnings"]
    assert written["endings"][-1] == {
        "what": "tuned",
        "date": "2027-01-14",
        "model": "gpt-4o-mini-2024-07-18",
        "source": "https://developers.openai.com/api/docs/deprecations",
        "precision": "exact",
        "applies_to": "everyone",
        "read": "2026-11-05",
        "confidence": "official",
    }
    assert parse_plan(document)[1].warnings == review.warnings


def test_the_horizon_of_the_project_refuses(here: ProjectDirectory) -> None:
    for policies, rules in (
        ("{retirement_horizon: 6w}", []),
        ("{retirement_horizon: 60d}", ["retirement_horizon"]),
    ):
        violations = planned(loaded(here, policies=policies)).review.violations
        assert [found.rule for found in violations] == rules
    assert planned(loaded(here, policies="{retirement_horizon: null}")).review.violations == ()
    with pytest.raises(InvalidInput, match="write hours, days or weeks"):
        loaded(here, policies="{retirement_horizon: 2 months}")


def test_what_is_closed_is_refused_unless_the_project_says_otherwise(here: ProjectDirectory) -> None:
    reviewed = planned(loaded(here), CLOSED)
    assert [found.rule for found in reviewed.review.violations] == ["closed"]
    part = narrowed(loaded(here), reviewed, reviewed.plan.changes, Selection())
    assert [found.rule for found in part.review.violations] == ["closed"], "what is left of a saved plan"
    allowed = planned(loaded(here, provider=", allow_closed: true"), CLOSED)
    assert allowed.review.violations == ()
    assert allowed.review.warnings


@pytest.mark.parametrize("url", ["https://llm.example/v1", "http://127.0.0.1:1/v1", "emulator:.ftops/e.db"])
def test_another_server_of_the_same_format_is_not_closed(here: ProjectDirectory, url: str) -> None:
    reviewed = planned(loaded(here, provider=f', base_url: "{url}"'), CLOSED)
    assert (reviewed.review.violations, reviewed.review.warnings) == ((), ())


def test_the_services_own_address_written_out_is_its_own(here: ProjectDirectory) -> None:
    for host in ("api.openai.com", "eu.api.openai.com"):
        reviewed = planned(loaded(here, provider=f", base_url: 'https://{host}/v1'"), CLOSED)
        assert [found.rule for found in reviewed.review.violations] == ["closed"]


def test_the_api_is_asked_once_and_only_for_creates(here: ProjectDirectory) -> None:
    asked: list[frozenset[str]] = []

    def look(seen: Mapping[str, Observation], doubts: Doubts) -> Mapping[str, Observation]:
        asked.append(doubts.dates)
        told = {"gpt-4o-mini": ModelDates(inference=NOW + 10 * 86_400)}
        return {name: replace(one, model_dates=told) for name, one in seen.items()}

    found = loaded(here, policies="{retirement_horizon: 6w}")
    (violation,) = planned(found, look=look).review.violations
    assert "end on 2026-12-08 (in 10 days)" in violation.message
    assert asked == [frozenset({"oa"})]
    (here.root / "jobs/hello.yaml").unlink()
    here.write("jobs/.keep", "")
    planned(load(here.root), look=look)
    assert len(asked) == 1
