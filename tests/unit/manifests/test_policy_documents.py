"""Documents of `kind: Policy` and `kind: Waiver`: where they may stand, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftops.model.finetune import Source
from ftops.model.policy import PolicyRule, Scope, Severity, Waiver
from tests.unit.manifests.workspace import Workspace

POLICY = """apiVersion: ftops/v1
kind: Policy
metadata: {name: house}
spec:
  rules:
    - name: named
      expression: change.name != "x"
      message: not x
      severity: warn
      applies_to: {names: ["a*"], labels: {env: prod}}
"""
WAIVER = """apiVersion: ftops/v1
kind: Waiver
spec: {rule: RULE, name: a, reason: agreed in review, until: UNTIL}
"""

BLOCK = """    - name: r
      message: m
      expression: |
        true
        && chnge.name == 'x'
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


def policy(rule: str) -> str:
    return POLICY.split("    - name: named", maxsplit=1)[0] + rule


def waiver(rule: str = "max_epochs", until: str = "2026-12-31") -> str:
    return WAIVER.replace("RULE", rule).replace("UNTIL", until)


def test_they_stand_in_manifests_and_in_a_folder_of_their_own(workspace: Workspace) -> None:
    workspace.fine_tune("a")
    workspace.write("policies/house.yaml", POLICY)
    workspace.write("jobs/more.yaml", f"{waiver('named')}---\n{waiver()}")
    loaded = workspace.load()
    assert loaded.problems == ()
    assert [one.name for one in loaded.fine_tunes] == ["a"]
    scope = Scope(names=("a*",), labels={"env": "prod"})
    place = Source("policies/house.yaml", 6)
    assert loaded.rules == (PolicyRule("named", 'change.name != "x"', "not x", Severity.WARN, scope, place),)
    assert loaded.waivers == (
        Waiver("max_epochs", "a", "agreed in review", "2026-12-31", Source("jobs/more.yaml", 7)),
        Waiver("named", "a", "agreed in review", "2026-12-31", Source("jobs/more.yaml", 3)),
    )
    assert set(loaded.stamps) == {"jobs/a.yaml", "jobs/more.yaml", "policies/house.yaml"}


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        (
            "    - {name: r, message: m, expression: change.nme == 'x'}\n",
            (
                "p.yaml:6:48: spec.rules[0].expression: the expression names an unknown field of change: nme"
                " (did you mean 'name'?)"
            ),
        ),
        (
            '    - {name: r, message: m, expression: "change.name =="}\n',
            "p.yaml:6:54: spec.rules[0].expression: the expression is not valid CEL here",
        ),
        (
            BLOCK,
            (
                "p.yaml:10: spec.rules[0].expression: the expression names an unknown name: "
                "chnge (did you mean 'change'?)"
            ),
        ),
        (
            "    - {name: R, message: m, expression: 'true'}\n",
            (
                "p.yaml:6:14: spec.rules[0].name: the string 'R' does not have the right form"
                " (lower-case letters, digits and dashes, at most 63)"
            ),
        ),
        (
            "    - {name: r, message: m, expression: 'true', severty: warn}\n",
            "p.yaml:6:49: spec.rules[0].severty: unknown field 'severty' (did you mean 'severity'?)",
        ),
        (
            "    - {name: budget, message: m, expression: 'true'}\n",
            "p.yaml:6: the name budget belongs to a rule of ftops (choose another name)",
        ),
        (
            "    - {name: r, message: m, expression: 'true'}\n" * 2,
            "p.yaml:7: the name r belongs to a rule at policies/p.yaml:6 (choose another name)",
        ),
    ],
)
def test_a_mistake_in_a_policy_is_named_with_its_place(workspace: Workspace, rule: str, problem: str) -> None:
    workspace.write("policies/p.yaml", policy(rule))
    assert workspace.problems() == [f"policies/{problem}"]


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (
            waiver("max_cost"),
            (
                "3: spec.rule: max_cost is a limit or a guard, which no waiver lifts"
                " (a person lifts it for one command: see what the refused plan says)"
            ),
        ),
        (waiver("wrong-account"), "3: spec.rule: wrong-account is a limit or a guard, which no waiver lifts"),
        (waiver("max_epoch"), "3: spec.rule: there is no rule max_epoch (did you mean 'max_epochs'?)"),
        (waiver(until="2026-02-30"), "3:68: spec.until: there is no day 2026-02-30"),
        (
            waiver(until="soon"),
            "3:68: spec.until: the string 'soon' does not have the right form (write a day: 2027-03-31)",
        ),
        (
            waiver().replace("agreed in review", "because"),
            "3:43: spec.reason: must have at least 10 characters, not 7",
        ),
    ],
)
def test_a_mistake_in_a_waiver_is_named_with_its_place(
    workspace: Workspace, document: str, problem: str
) -> None:
    workspace.write("policies/w.yaml", document)
    (found,) = workspace.problems()
    assert found.startswith(f"policies/w.yaml:{problem}")


def test_a_project_has_no_end_of_rules(workspace: Workspace) -> None:
    for file in range(3):
        rules = (
            f"    - {{name: r-{file}-{number}, message: m, expression: 'true'}}\n" for number in range(50)
        )
        workspace.write(f"policies/{file}.yaml", policy("".join(rules)))
    assert workspace.problems() == ["policies/2.yaml:6: a project has at most 100 rules of its own"]


def test_a_folder_of_policies_may_be_missing_and_a_file_of_its_name_is_not_read(workspace: Workspace) -> None:
    workspace.fine_tune("a")
    assert (workspace.load().problems, workspace.load().unseen) == ((), ())
    workspace.write("policies", "{")
    assert workspace.problems() == []


def test_a_link_out_of_the_project_is_no_folder_of_policies(workspace: Workspace, tmp_path: Path) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir()
    (workspace.root / "policies").symlink_to(outside)
    assert workspace.problems() == [
        "policies: is a link that points outside the project (copy its target into the project)"
    ]
