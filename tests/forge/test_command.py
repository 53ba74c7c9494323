"""`ftops comment`: from a plan file and the environment alone, and what it says and returns."""

from __future__ import annotations

import json

import pytest

from ftops.cli.main import run
from ftops.errors import ExitCode
from ftops.forge.settling import Outcome
from tests.conftest import ProjectDirectory
from tests.forge.command import MARKER, Command, commented, outcome
from tests.forge.stage import Stage
from tests.forge.world import PERSON


def thing(stage: Stage) -> str:
    return "pull request" if stage.kind == "github" else "merge request"


def test_twice_is_one_comment_updated_and_says_so(command: Command) -> None:
    code, out, err = command("--pull-request", "7")
    assert (code, err) == (0, "")
    assert out.startswith(f"created the comment on {thing(command.stage)} 7: https://")
    code, out, err = command("--pull-request", "7")
    assert (code, err) == (0, "")
    assert len(command.bodies) == 1
    assert command.bodies[0].startswith(f"{MARKER}\n### ")
    assert command.stage.world.complaints == []


def test_the_environment_leads_to_it(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    event, head = command.plan.parent / "event.json", command.stage.world.pulls[7].head
    event.write_text(json.dumps({"pull_request": {"number": 7, "head": {"sha": head}}}))
    monkeypatch.setenv("CI_MERGE_REQUEST_IID", "7")
    monkeypatch.setenv("GITHUB_EVENT_NAME", "pull_request")
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(event))
    assert command()[0] == 0
    assert len(command.bodies) == 1


def test_an_overtaken_plan_is_not_posted_and_no_failure(command: Command) -> None:
    command.stage.world.pulls[7].head = "4" * 40
    code, out, _ = command("--pull-request", "7")
    assert code == 0
    assert out.startswith("nothing was posted: the plan is of commit ")
    assert command.bodies == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "say where to comment: --github or --gitlab"),
        (["--github", "--only-if", "cost>much"], "--only-if cost>much: write changes, violations or cost>X"),
        (["--github", "--pull-request", "0"], "0 is not in the range"),
        (["--github", "--behavior", "delete"], "'delete' is not one of"),
    ],
)
def test_wrong_usage(capsys: pytest.CaptureFixture[str], arguments: list[str], words: str) -> None:
    assert run(["comment", "--plan", "x", *arguments]) == ExitCode.USAGE
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("condition", ["changes", "cost>0", "cost > $0.00001"])
def test_a_condition_that_is_met_posts(command: Command, condition: str) -> None:
    assert outcome(commented(command, "violations", condition)) is Outcome.CREATED


def test_an_unknown_cost_may_be_any(command: Command, project: ProjectDirectory) -> None:
    project.manifest("b", model="something-new")
    project.ftops("plan", "--out", str(command.plan))
    assert outcome(commented(command, "cost>100")) is Outcome.CREATED


def test_a_preview_of_no_change_is_none(command: Command, project: ProjectDirectory) -> None:
    assert project.ftops("apply", "--yes") == 0
    assert project.ftops("plan", "--offline", "--state", ".ftops/state.json", "--out", str(command.plan)) == 0
    assert outcome(commented(command, "changes")) is Outcome.NOTHING
    assert command.bodies == []
    project.manifest("another", "suffix: x")
    assert project.ftops("plan", "--offline", "--state", ".ftops/state.json", "--out", str(command.plan)) == 0
    assert outcome(commented(command, "changes")) is Outcome.CREATED


def test_why_there_is_no_plan_is_held_to_the_head_as_a_plan_is(
    command: Command, project: ProjectDirectory
) -> None:
    project.manifest("broken", "suffix: [1]")
    assert project.ftops("plan", "--format", "json") == 1
    command.plan.write_text(project.out)
    commit = json.loads(project.out)["commit"]["id"]
    head, command.stage.world.pulls[7].head = command.stage.world.pulls[7].head, "4" * 40
    newer = command.stage.world.post(command.stage.me, f"{MARKER}\ntrains 1 model")
    code, out, _ = command("--pull-request", "7")
    assert code == 0
    assert out.startswith(f"nothing was posted: the plan is of commit {commit[:12]}")
    assert newer.body.endswith("trains 1 model")
    command.stage.world.pulls[7].head = head
    assert command("--pull-request", "7")[0] == 0
    assert "cannot be planned; 1 error in 1 file" in newer.body


@pytest.mark.parametrize("condition", ["violations", "cost>100"])
def test_one_that_is_not_posts_nothing_and_leaves_nothing_stale(command: Command, condition: str) -> None:
    assert outcome(commented(command, condition)) is Outcome.NOTHING
    stale = command.stage.world.post(command.stage.me, f"{MARKER}\nblocked by 1 rule")
    done = commented(command, condition)
    assert (outcome(done), done.met) == (Outcome.UPDATED, False)
    assert "blocked" not in stale.body


def test_the_command_says_that_a_condition_is_not_met(command: Command) -> None:
    where = f"{thing(command.stage)} 7"
    unmet = command("--pull-request", "7", "--only-if", "violations")
    assert unmet == (0, f"nothing was posted on {where}: --only-if is not met\n", "")
    command.stage.world.post(command.stage.me, f"{MARKER}\nblocked by 1 rule")
    _, out, _ = command("--pull-request", "7", "--only-if", "violations")
    assert out.startswith(f"updated the comment on {where}: https://")
    assert out.endswith("; --only-if is not met, so no new one would have been posted\n")


def test_a_person_s_comment_with_our_marker_stays(command: Command) -> None:
    theirs = command.stage.world.post(PERSON, f"{MARKER}\nmine")
    assert outcome(commented(command)) is Outcome.CREATED
    assert theirs.body == f"{MARKER}\nmine"
