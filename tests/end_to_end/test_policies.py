"""What a project's policies forbid is not created, and everything else goes on."""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ftops.model.observation import Observation
from ftops.model.state import State
from ftops.model.value import replace
from ftops.reconciler.line import make_plan
from ftops.reconciler.loading import load
from ftops.reconciler.values import Pointer
from ftops.review.selection import Selection
from tests.conftest import ROWS, Emulator, ProjectDirectory
from tests.end_to_end.test_counts import counted
from tests.repository import Repository

PRICE = "  prices: {local: {'*': {training_per_million_tokens: 3}}}\n"


def policies(project: ProjectDirectory, text: str, rest: str = "") -> None:
    path = project.root / "ftops.yaml"
    plain = path.read_text().split("  policies:")[0]
    project.write("ftops.yaml", f"{plain}  policies: {text}\n{rest}")


def violations(project: ProjectDirectory, *arguments: str) -> list[dict[str, Any]]:
    project.ftops(*(arguments or ("plan",)), "--format", "json")
    document = json.loads(project.out)
    found: list[dict[str, Any]] = document.get("review", document)["violations"]
    return found


def test_a_violation_is_refused_with_rule_place_and_remedy_and_nothing_is_created(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    policies(project, "{allowed_models: ['gpt-4o-mini*'], max_epochs: 4, required_labels: [team]}")
    project.manifest("a", "hyperparameters:\n  n_epochs: 8", labels="{team: support}")
    assert project.ftops("plan") == 3
    text = " ".join(project.out.split())
    assert "max_epochs: a: it may train 8 epochs, and policies.max_epochs allows 4" in text
    assert "write a number of epochs that is allowed" in text
    assert violations(project) == [
        {
            "rule": "max_epochs",
            "message": "it may train 8 epochs, and policies.max_epochs allows 4",
            "hint": "write a number of epochs that is allowed",
            "source": {"file": "jobs/a.yaml", "line": 8},
            "name": "a",
        }
    ]
    assert project.ftops("apply", "--yes") == 3
    assert (emulator.jobs(), emulator.requests("create"), emulator.requests("upload")) == (0, 0, 0)
    project.manifest("a", "hyperparameters:\n  n_epochs: 4", labels="{team: support}")
    assert project.ftops("apply", "--yes") == 0
    assert emulator.jobs() == 1


def test_what_is_there_already_is_kept_looked_at_and_cancelled(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.manifest("a")
    project.manifest("b", "suffix: b")
    assert project.ftops("apply", "--yes") == 0
    policies(project, "{allowed_models: [other], require_validation_file: true}")
    for arguments in (("plan",), ("status",), ("apply", "--yes"), ("cancel", "a", "--yes")):
        assert project.ftops(*arguments) == 0, (arguments, project.out, project.err)
    (project.root / "jobs/b.yaml").unlink()
    assert project.ftops("apply", "--yes") == 0
    assert emulator.jobs() == 2
    project.manifest("b", "suffix: c")
    assert {one["name"] for one in violations(project)} == {"b"}


def test_what_follows_later_is_judged_now(project: ProjectDirectory) -> None:
    policies(project, "{max_cost_per_job: 0.000001, max_epochs: 2}", PRICE)
    project.manifest("a", "hyperparameters: {n_epochs: 2}")
    project.manifest("b", "suffix: b\nhyperparameters: {n_epochs: 2}", model="{from: a}")
    found = violations(project)
    assert [(one["rule"], one["name"]) for one in found] == [("max_cost_per_job", name) for name in "ab"]


def test_a_cost_that_is_unknown_is_refused_with_the_cause(project: ProjectDirectory) -> None:
    policies(project, "{max_cost_per_job: 5}")
    project.manifest("a")
    (found,) = violations(project)
    assert found["message"].startswith("its cost is unknown: ftops.yaml has no price for gpt-4o-mini")
    policies(project, "{max_cost_per_job: 5}", PRICE)
    assert violations(project) == []


def test_rows_in_both_files_are_refused_and_no_data_file_is_opened_for_it(project: ProjectDirectory) -> None:
    policies(project, "{forbid_train_valid_overlap: true, require_validation_file: true}")
    project.write("data/valid.jsonl", json.dumps(ROWS[3]) + "  \n")
    project.manifest("a", "validation_file: {path: ../data/valid.jsonl}")
    (found,) = violations(project)
    message = "data/train.jsonl shares 1 row with the validation file data/valid.jsonl"
    assert found["message"] == f"{message}, and policies.forbid_train_valid_overlap is true"
    assert found["source"] == {"file": "jobs/a.yaml", "line": 7}
    project.manifest("a", "validation_file: file-abc")
    assert "file-abc is only at the provider" in violations(project)[0]["message"]


def test_a_default_that_breaks_a_rule_is_found_in_the_project_file(project: ProjectDirectory) -> None:
    policies(project, "{max_epochs: 3}", "  defaults:\n    hyperparameters:\n      n_epochs: 9\n")
    project.manifest("a")
    (found,) = violations(project)
    assert found["source"]["file"] == "ftops.yaml"
    assert (
        "n_epochs: 9" in (project.root / "ftops.yaml").read_text().splitlines()[found["source"]["line"] - 1]
    )


def test_validate_judges_what_is_declared_and_leaves_costs_to_the_plan(project: ProjectDirectory) -> None:
    policies(project, "{allowed_providers: [oa], max_cost_per_job: 0}")
    project.manifest("a")
    assert project.ftops("validate") == 3
    assert "refused: jobs/a.yaml:5: allowed_providers: a: it trains at local" in project.out
    assert [one["rule"] for one in violations(project, "validate")] == ["allowed_providers"]
    project.manifest("a", "suffix: [wrong]")
    assert project.ftops("validate") == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{max_epochs: 0}", "must be greater than 0"),
        ("{allowed_models: gpt-4o}", "must be a list"),
        ("{required_labels: [1]}", "must be a string"),
        ("{allowed_model: [a]}", "unknown field 'allowed_model' (did you mean 'allowed_models'?)"),
    ],
)
def test_a_mistake_in_a_policy_is_named(project: ProjectDirectory, text: str, said: str) -> None:
    policies(project, text)
    assert project.ftops("plan") == 1
    assert said in " ".join(project.err.split()), project.err


OWN = """apiVersion: ftops/v1
kind: Policy
metadata: {name: house}
spec:
  rules:
    - name: owned
      expression: has(change.labels.team) && change.labels.team != ""
      message: say which team pays, in the label team
    - name: small
      expression: change.data.examples <= 5
      message: more than 5 rows
      severity: warn
  tests:
    - {name: a team pays, change: {labels: {team: support}}, expect: pass, rule: owned}
    - {name: nobody pays, change: {}, expect: deny}
    - {name: many rows, change: {labels: {team: x}, data: {examples: 6}}, expect: warn}
"""
WAIVER = """apiVersion: ftops/v1
kind: Waiver
spec: {rule: owned, name: a, reason: moves to another team, until: %s}
"""


def own(project: ProjectDirectory, until: str | None = None) -> None:
    project.write("policies/house.yaml", OWN)
    if until is not None:
        project.write("policies/waivers.yaml", WAIVER % until)


def in_days(days: int) -> str:
    return (datetime.now(UTC).date() + timedelta(days=days)).isoformat()


def test_a_rule_of_ones_own_refuses_and_warns_and_nothing_is_created(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    own(project)
    project.manifest("a")
    project.manifest("b", "suffix: b", model="{from: a}", labels="{team: support}")
    project.ftops("plan", "--format", "json")
    review = json.loads(project.out)["review"]
    assert [(one["rule"], one["name"], one["source"]) for one in review["violations"]] == [
        ("owned", "a", {"file": "jobs/a.yaml", "line": 3})
    ]
    assert review["violations"][0]["hint"] == "what it asks for is written at policies/house.yaml:6"
    assert [(one["rule"], one["names"]) for one in review["warnings"]] == [("small", ["a"]), ("small", ["b"])]
    assert project.ftops("apply", "--yes") == 3
    assert (emulator.jobs(), emulator.requests("upload")) == (0, 0)


def test_a_waiver_is_shown_and_one_that_has_ended_lifts_nothing(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    own(project, in_days(1))
    project.manifest("a")
    assert project.ftops("plan", "--format", "json") == 0
    (waived,) = json.loads(project.out)["review"]["waived"]
    assert (waived["rule"], waived["name"], waived["reason"]) == ("owned", "a", "moves to another team")
    assert waived["source"] == {"file": "policies/waivers.yaml", "line": 3}
    own(project, in_days(-2))
    assert project.ftops("plan") == 3
    assert f"the waiver of owned for a ended on {in_days(-2)}" in " ".join(project.out.split())
    assert project.ftops("apply", "--yes") == 3
    assert emulator.jobs() == 0
    assert project.ftops("validate") == 3
    assert "warning: policies/waivers.yaml:3: waiver: the waiver of owned for a ended" in project.out
    own(project, in_days(1))
    assert project.ftops("apply", "--yes") == 0
    assert emulator.jobs() == 1


def test_a_waiver_of_a_limit_is_an_error_with_its_place(project: ProjectDirectory) -> None:
    project.manifest("a")
    project.write("policies/waivers.yaml", WAIVER.replace("owned", "max_creates") % in_days(1))
    assert project.ftops("apply", "--yes") == 1
    assert "policies/waivers.yaml:3: spec.rule: max_creates is a limit or a guard" in project.err


def test_the_cases_beside_a_policy_are_run_offline(project: ProjectDirectory, emulator: Emulator) -> None:
    own(project)
    assert project.ftops("policy", "test") == 0
    assert project.out == "3 cases: all pass.\n"
    project.write("policies/house.yaml", OWN.replace("expect: warn", "expect: deny"))
    assert project.ftops("policy", "test", "policies/house.yaml") == 1
    assert project.out == "3 cases: 1 of them fail.\n"
    place = "policies/house.yaml:16:7: spec.tests[2]"
    assert f"{place}: many rows: expected deny, found warn: small says: more than 5 rows" in project.err
    assert project.ftops("policy", "test", "nowhere.yaml") == 1
    assert "nowhere.yaml is not a file" in project.err
    assert emulator.requests("list") == 0


def test_policies_are_listed(project: ProjectDirectory) -> None:
    assert project.ftops("policy", "list") == 0
    assert project.out == "Nothing is forbidden.\n"
    own(project, in_days(9))
    policies(project, "{required_labels: {team: [a, b], owner: null}, require_validation_file: true}")
    assert project.ftops("policy", "list") == 0
    assert project.out.splitlines() == [
        "required_labels: team (a or b), owner",
        "require_validation_file: true",
        "owned (deny): say which team pays, in the label team  [policies/house.yaml:6]",
        "small (warn): more than 5 rows  [policies/house.yaml:9]",
        f"waiver of owned for a, until {in_days(9)}: moves to another team  [policies/waivers.yaml:3]",
    ]


def test_without_the_extra_one_sentence_says_what_to_install(
    project: ProjectDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.manifest("a")
    project.write("policies/house.yaml", OWN.replace("team !=", "never_seen !="))
    monkeypatch.setitem(sys.modules, "celpy.celparser", None)
    assert project.ftops("plan") == 1
    assert "expressions of policies need the package cel-python" in project.err
    assert "pip install 'ftops[policy]'" in project.err
    assert project.err.count("cel-python") == 1


def test_a_plan_that_trains_nothing_opens_no_policy_and_loads_no_library(project: ProjectDirectory) -> None:
    own(project, in_days(1))
    policies(project, "{forbid_train_valid_overlap: true}")
    project.manifest("a")
    project.manifest("b", "suffix: b", labels="{team: x}")
    assert project.ftops("apply", "--yes") == 0, project.out
    while len(load(project.root, remembering=True).believed) < 5:
        pass
    found = counted(project.root.resolve(), "plan")
    assert found["code"] == 0
    assert sorted(found["opened"]) == [".ftops/cache/index", ".ftops/state.json", "ftops.yaml"]
    assert not [name for name in ("celpy", "lark", "re2") if name in found["modules"]]
    # What is taken from the index forbids as before.
    project.manifest("c", "suffix: c")
    assert [(one["rule"], one["name"]) for one in violations(project)] == [("owned", "c")]
    again = counted(project.root.resolve(), "plan")
    assert "policies/house.yaml" not in again["opened"]
    assert again["code"] == 3


def test_rows_that_are_known_by_a_digest_alone_cannot_be_compared(project: ProjectDirectory) -> None:
    policies(project, "{forbid_train_valid_overlap: true}")
    project.write("data/valid.jsonl", json.dumps(ROWS[3]) + "\n")
    project.manifest("a", "validation_file: {path: ../data/valid.jsonl}")
    loaded = load(project.root)
    hidden = replace(loaded, pointers={"data/valid.jsonl": Pointer("0" * 64)}, verdicts={})
    seen = {"local": Observation(loaded.facts["local"], ())}
    made = make_plan(hidden, seen, State("test-p1", "l"), Selection(), time.time())
    (found,) = made.review.violations
    assert found.message.startswith("data/valid.jsonl is not here, so its rows cannot be compared")


def test_a_branch_that_weakens_its_own_rules_is_told_what_main_refuses(project: ProjectDirectory) -> None:
    repository = Repository.init(project.root)
    policies(project, "{max_epochs: 2, retirement_horizon: 60d}")
    own(project)
    repository.commit()
    repository.git("checkout", "-q", "-b", "work")
    project.manifest("a", "hyperparameters: {n_epochs: 5}")
    assert len(violations(project, "plan", "--base", "main")) == 2
    own(project, in_days(1))
    policies(project, "{max_epochs: 9}")
    project.ftops("plan", "--base", "main", "--format", "json")
    review = json.loads(project.out)["review"]
    assert review["violations"] == []
    told = [one for one in review["warnings"] if one["rule"] == "weakened"]
    assert [one["message"].split(":")[:2] for one in told] == [
        ["a", " it may train 5 epochs, and policies.max_epochs allows 2"],
        ["a", " say which team pays, in the label team"],
    ]
    assert "the rule max_epochs of main refuses this" in told[0]["message"]
    assert told[0]["source"] == {"file": "jobs/a.yaml", "line": 7}
