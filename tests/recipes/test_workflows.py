"""The workflows of the examples, from checkout to the last step, and what they refuse."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ftops.model.fingerprint import digest
from tests.conftest import Emulator
from tests.recipes.conftest import DeadMan, Installed, Project, project_of
from tests.recipes.github import GitHub, Run, served
from tests.recipes.team import Team
from tests.recipes.workflow import Done
from tests.services import Service

Document = dict[str, Any]


@pytest.fixture
def project(tmp_path: Path, provider: Emulator, store: Service) -> Project:
    return project_of(
        tmp_path / "origin", provider.base_url, store.url(f"recipes/{uuid.uuid4().hex}/state.json")
    )


@pytest.fixture
def team(tmp_path: Path, project: Project, ready: Installed, store: Service) -> Iterator[Team]:
    with served(GitHub()) as github:
        yield Team(tmp_path, project, ready, store, github)


def codes(done: list[Done]) -> dict[str, int]:
    """Return how each step ended that ran; actions of others and installing are left out."""
    return {
        step.name: step.code
        for step in done
        if "@" not in step.name and step.name.rpartition("/")[2] not in ("Install", "Check the mode")
    }


def printed(done: list[Done], name: str) -> str:
    (text,) = (step.printed for step in done if step.name == name)
    return text


def forge(path: Path, change: Callable[[Document], object]) -> None:
    """Edit a plan as an attacker does, who computes the digest again."""
    document = json.loads(path.read_text())
    change(document)
    content = {key: value for key, value in document.items() if key not in ("digest", "signature")}
    path.write_text(json.dumps({**document, "digest": digest(content)}))


APPLIED = {"Find the reviewed plan/Find the reviewed plan": 0, "Apply it/Apply": 0}


def refused(code: int) -> dict[str, int]:
    return {
        **APPLIED,
        "Apply it/Apply": code,
        "Plan again/Plan": 0,
        "Comment/Comment": 0,
        "Say that nothing reviewed was applied": 4,
    }


@pytest.mark.slow
@pytest.mark.parametrize("how", ["--no-ff", "--squash", "--ff-only"])
def test_what_was_reviewed_is_applied_once_however_it_was_merged(
    team: Team, provider: Emulator, how: str
) -> None:
    team.ready = how != "--no-ff"
    pull = team.opened("second")
    assert codes(team.planned(pull)) == {"Plan/Plan": 0}
    assert "second" in team.summary
    assert team.outputs["Plan"] == {
        "has-changes": "true",
        "cost": team.outputs["Plan"]["cost"],
        "plan-path": str(team.temp / "ftops-plan.json"),
        **dict.fromkeys(("run", "commit", "pull-request"), ""),
    }
    assert 0 < float(team.outputs["Plan"]["cost"]) < 1
    assert json.loads(team.artifact().read_text())["signature"]
    assert codes(team.commented(pull)) == {"Comment/Comment": 0}
    assert provider.jobs() == 0
    team.merged(pull, how)
    for _ in range(2):
        assert codes(team.applied()) == APPLIED
        assert provider.jobs() == 2
    (comment,) = team.github.world.on(pull.number)
    assert "second" in comment.body
    assert team.github.world.complaints == []


@pytest.mark.slow
def test_a_stale_plan_fails_with_a_new_one_as_a_comment_which_can_be_applied_by_hand(
    team: Team, project: Project, provider: Emulator
) -> None:
    pull = team.opened("second")
    team.planned(pull)
    team.commented(pull)
    project.repository.git("checkout", "-q", "main")
    project.declare("meanwhile")
    team.merged(pull)
    done = team.applied()
    assert codes(done) == refused(4)
    assert "the plan is stale, nothing was done: meanwhile was added" in printed(done, "Apply it/Apply")
    assert provider.jobs() == 0
    (comment,) = team.github.world.on(pull.number)
    assert "meanwhile" in comment.body
    assert codes(team.applied(str(team.count))) == APPLIED
    assert provider.jobs() == 3


ATTACKS: list[tuple[Callable[[Document], object], int, str]] = [
    (lambda d: d["changes"][0].update(name="mine"), 3, "was changed after it was signed"),
    (lambda d: d["bindings"]["selection"].update(lifted={"creates": 99}), 3, "after it was signed"),
    (lambda d: d.pop("signature"), 3, "is not signed"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("attack", "code", "words"), ATTACKS)
def test_an_edited_plan_is_refused_though_its_digest_is_right(
    team: Team, provider: Emulator, attack: Callable[[Document], object], code: int, words: str
) -> None:
    pull = team.opened("second")
    team.planned(pull)
    forge(team.artifact(), attack)
    team.merged(pull)
    done = team.applied()
    assert codes(done) == refused(code)
    assert words in printed(done, "Apply it/Apply")
    assert provider.jobs() == 0


@pytest.mark.slow
def test_a_plan_that_was_changed_on_the_way_is_refused(team: Team, provider: Emulator) -> None:
    pull = team.opened("second")
    team.planned(pull)
    path = team.artifact()
    path.write_text(path.read_text().replace('"second"', '"secund"'))
    team.merged(pull)
    assert codes(team.applied()) == refused(1)
    assert provider.jobs() == 0


@pytest.mark.slow
def test_the_plan_of_another_pull_request_is_refused_though_it_is_signed(
    team: Team, provider: Emulator
) -> None:
    other, pull = team.opened("other"), team.opened("second")
    team.planned(other)
    foreign = team.artifact()
    team.planned(pull)
    team.artifact().write_bytes(foreign.read_bytes())
    team.merged(pull)
    done = team.applied()
    assert codes(done) == refused(4)
    assert f"{pull.head[:12]} is what was reviewed" in printed(done, "Apply it/Apply")
    assert provider.jobs() == 0


@pytest.mark.slow
def test_a_plan_of_a_forks_run_is_not_even_looked_at(team: Team, provider: Emulator) -> None:
    pull = team.opened("second")
    team.planned(pull)
    team.github.runs[-1].repository = "stranger/tunes"
    team.merged(pull)
    done = team.applied()
    assert "There is no plan of commit" in printed(done, "Find the reviewed plan/Find the reviewed plan")
    assert "Apply it/Apply" not in codes(done)
    assert codes(done)["Say that nothing reviewed was applied"] == 4
    assert provider.jobs() == 0


@pytest.mark.slow
def test_by_hand_only_a_plan_is_applied_that_this_workflow_made_on_main(
    team: Team, provider: Emulator
) -> None:
    pull = team.opened("second")
    team.planned(pull)
    run, plan = str(team.count), team.artifact()
    done = team.applied(run)
    assert codes(done)["Find the reviewed plan/Find the reviewed plan"] == 4
    assert "Apply it/Apply" not in codes(done)
    path = ".github/workflows/apply.yml"
    foreign = Run("998", pull.head, path, repository="stranger/fork", event="pull_request")
    ours = Run("997", pull.head, path, event="pull_request")
    for one in (Run("999", pull.head, path, "second"), foreign, ours):
        team.github.runs.append(one)
        team.github.artifacts[one.id, "ftops-plan"] = plan
        assert codes(team.applied(one.id))["Find the reviewed plan/Find the reviewed plan"] == 4
    assert codes(team.applied("1; id"))["Find the reviewed plan/Find the reviewed plan"] == 64
    assert provider.jobs() == 0


@pytest.mark.slow
def test_a_push_without_a_pull_request_is_planned_and_not_applied(team: Team, provider: Emulator) -> None:
    done = team.applied()
    assert codes(done) == {
        "Find the reviewed plan/Find the reviewed plan": 0,
        "Plan again/Plan": 0,
        "Say that nothing reviewed was applied": 4,
    }
    assert provider.jobs() == 0
    assert codes(team.applied(str(team.count))) == APPLIED
    assert provider.jobs() == 1
    # With nothing to do there is nothing to say.
    assert set(codes(team.applied()).values()) == {0}


@pytest.mark.slow
def test_what_costs_too_much_makes_the_check_red_is_shown_and_trains_nothing(
    team: Team, project: Project, provider: Emulator
) -> None:
    text = (project.repository.root / "ftops.yaml").read_text()
    project.repository.commit({"ftops.yaml": text.replace("max_cost: 5", "max_cost: 0.0001")})
    pull = team.opened("second")
    assert codes(team.planned(pull)) == {"Plan/Plan": 3}
    assert "blocked by 1 rule" in team.summary
    assert codes(team.commented(pull, "failure")) == {"Comment/Comment": 0}
    assert "blocked by 1 rule" in team.github.world.on(pull.number)[0].body
    team.merged(pull)
    assert "Apply it/Apply" not in codes(team.applied())
    assert codes(team.reconciled())["Reconcile"] == 3
    assert provider.jobs() == 0


@pytest.mark.slow
@pytest.mark.parametrize(("owner", "user"), [("stranger", "eve"), ("almhof", "dependabot[bot]")])
def test_a_pull_request_without_secrets_is_planned_offline_and_commented_on(
    team: Team, provider: Emulator, owner: str, user: str
) -> None:
    pull = team.opened("second", owner=owner)
    assert codes(team.planned(pull, user)) == {"Plan/Plan": 0}
    assert json.loads(team.artifact().read_text())["offline"] is True
    assert provider.requests("list") == 0
    assert codes(team.commented(pull)) == {"Comment/Comment": 0}
    (comment,) = team.github.world.on(pull.number)
    assert "second" in comment.body
    team.merged(pull)
    # Of Dependabot's branch there is a plan of ours, for looking at.
    assert codes(team.applied()).get("Apply it/Apply") == (3 if owner == "almhof" else None)
    assert provider.jobs() == 0


@pytest.mark.slow
def test_a_key_that_is_missing_in_our_own_repository_is_no_green_check(
    team: Team, provider: Emulator
) -> None:
    team.secrets["FTOPS_PLAN_KEY"] = ""
    pull = team.opened("second")
    done = team.planned(pull)
    assert codes(done) == {"Plan/Plan": 1}
    assert "FTOPS_PLAN_KEY is set, and empty" in printed(done, "Plan/Plan")


@pytest.mark.slow
def test_a_run_without_a_plan_is_not_commented_on(team: Team) -> None:
    pull = team.opened("second")
    assert codes(team.commented(pull, "failure")) == {}
    assert team.commented(pull, "cancelled") == []
    assert team.github.world.on(pull.number) == []


@pytest.mark.slow
def test_where_no_plan_can_be_made_the_comment_says_why(team: Team, project: Project) -> None:
    pull = team.opened("second")
    assert codes(team.planned(pull)) == {"Plan/Plan": 0}
    assert codes(team.commented(pull)) == {"Comment/Comment": 0}
    git = project.repository.git
    git("checkout", "-q", "second")
    manifest = project.repository.root / "jobs/second.yaml"
    manifest.write_text(manifest.read_text().replace("spec:", "specs:"))
    pull.head = project.repository.commit()
    git("checkout", "-q", "main")
    team.previewed(pull)
    assert codes(team.planned(pull)) == {"Plan/Plan": 1}
    assert team.outputs["Plan"]["plan-path"] == ""
    assert codes(team.commented(pull, "failure")) == {"Comment/Comment": 0}
    (comment,) = team.github.world.on(pull.number)
    assert "cannot be planned" in comment.body
    assert "jobs/second.yaml" in comment.body


RECONCILED = {"Reconcile": 0, "Say what needs a person": 0, "Tell that it still runs": 0}


@pytest.mark.slow
def test_a_push_is_reconciled_once(team: Team, project: Project, provider: Emulator) -> None:
    for _ in range(2):
        assert codes(team.reconciled()) == RECONCILED
        assert provider.jobs() == 1
    project.declare("second")
    assert codes(team.reconciled()) == RECONCILED
    assert provider.jobs() == 2
    kept = json.loads(team.github.artifacts[str(team.count), "ftops-round"].read_text())
    assert [one["name"] for one in kept["results"]] == ["second"]
    assert "done" in team.summary


@pytest.mark.slow
def test_what_needs_a_person_turns_the_run_red_says_so_and_is_no_sign_of_life(
    team: Team, project: Project, provider: Emulator, dead_man: DeadMan
) -> None:
    team.secrets["FTOPS_PING_URL"] = dead_man.url
    assert codes(team.reconciled()) == RECONCILED
    assert dead_man.calls == ["/ping/check"]
    provider.fault("fail_job", "create", code="bad", message="``` ::error:: [look](https://evil.example)")
    project.declare("second")
    team.reconciled()
    done = team.reconciled()
    assert codes(done) == {"Reconcile": 5, "Say what needs a person": 0}
    assert "needs a person: second" in team.summary
    lines = team.summary.splitlines()
    assert [line for line in lines if line.startswith("```")] == ["```text", "```"]
    assert dead_man.calls == ["/ping/check"] * len(dead_man.calls)
    assert json.loads(team.github.artifacts[str(team.count), "ftops-round"].read_text())["exit_code"] == 5


@pytest.mark.slow
def test_a_dead_man_check_that_cannot_be_reached_is_no_failure(team: Team) -> None:
    team.secrets["FTOPS_PING_URL"] = "http://127.0.0.1:9/ping"
    done = team.reconciled()
    assert codes(done) == RECONCILED
    assert "could not be reached" in printed(done, "Tell that it still runs")
