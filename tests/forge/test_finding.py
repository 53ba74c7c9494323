"""Which pull request a run is about, by every event; where a token may go; and plans that are overtaken."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ftops.errors import ExitCode, ForgeError, NeedsPerson, UsageError
from ftops.forge.commenting import Commented, comment
from ftops.forge.github_event import wanted
from ftops.forge.port import Branch, Gone, Wanted
from ftops.forge.sticky import Behavior
from tests.forge.stage import Stage
from tests.forge.world import HEAD, MERGE, OLD, Pull

PULL = {"number": 7, "pull_request": {"number": 7, "head": {"sha": HEAD, "repo": None}}}


def run(pulls: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    told = {
        "head_sha": HEAD,
        "head_branch": "patch-1",
        "head_repository": {"owner": {"login": "stranger"}},
        "pull_requests": pulls or [],
    }
    return {"workflow_run": {**told, **more}}


GONE = "the branch of that run is gone"
IN_THE_REPOSITORY = run([{"number": 7, "head": {"sha": HEAD}}])


@pytest.mark.parametrize(
    ("name", "payload", "expected"),
    [
        ("pull_request", PULL, Wanted(7, stands_for={MERGE: HEAD})),
        ("pull_request_target", PULL, Wanted(7)),
        ("pull_request_review", PULL, Wanted(7)),
        ("workflow_run", IN_THE_REPOSITORY, Wanted(7, planned=HEAD)),
        ("workflow_run", run(), Wanted(branch=Branch("stranger", "patch-1", HEAD), planned=HEAD)),
        ("workflow_run", run(head_repository=None), Wanted(nowhere=GONE, planned=HEAD)),
        ("issue_comment", {"issue": {"number": 7, "pull_request": {}}}, Wanted(7)),
        ("issue_comment", {"issue": {"number": 5}}, Wanted(nowhere="5 is an issue, not a pull request")),
        ("push", {"after": OLD}, Wanted(commit=MERGE)),
        ("merge_group", {}, Wanted(nowhere="a merge queue has no pull request of its own")),
        ("schedule", {}, Wanted()),
        ("workflow_dispatch", {"inputs": {"number": "7"}}, Wanted()),
    ],
)
def test_an_event_says_which_pull_request(name: str, payload: Any, expected: Wanted) -> None:
    assert wanted(name, payload, {"GITHUB_SHA": MERGE}) == expected


@pytest.mark.parametrize(
    "payload", [[], "x", {"pull_request": {"number": "7"}}, {"pull_request": {"number": 7}}]
)
def test_an_event_of_another_shape_is_an_error(payload: Any) -> None:
    with pytest.raises(ForgeError, match="is not what GitHub writes for pull_request"):
        wanted("pull_request", payload, {})


class Run:
    """A run in a workflow."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.stage = stage
        self.event = folder / "event.json"

    def on(self, name: str, payload: Any) -> Run:
        self.event.write_text(payload if isinstance(payload, str) else json.dumps(payload))
        self.name = name
        return self

    def comment(self, commit: str | None = HEAD, number: int | None = None) -> Commented:
        named = {"GITHUB_EVENT_NAME": self.name, "GITHUB_EVENT_PATH": str(self.event), "GITHUB_SHA": MERGE}
        opened = self.stage.opened(self.stage.environ(**named), number)
        try:
            return comment(
                opened.forge,
                opened.wanted,
                lambda _: "<!-- ftops:plan project=a -->\n",
                commit=commit,
                behavior=Behavior.UPDATE,
                clock=self.stage.waits.clock(),
            )
        finally:
            opened.close()


@pytest.fixture
def ran(github: Stage, tmp_path: Path) -> Run:
    return Run(github, tmp_path)


@pytest.mark.parametrize("commit", [HEAD, MERGE, None])
def test_a_plan_of_the_head_or_of_its_merge_is_posted(ran: Run, commit: str | None) -> None:
    assert ran.on("pull_request", PULL).comment(commit).number == 7
    assert len(ran.stage.world.on(7)) == 1


@pytest.mark.parametrize("event", [("pull_request", PULL), ("workflow_run", IN_THE_REPOSITORY)])
def test_a_plan_of_an_older_head_leaves_the_newer_comment(ran: Run, event: tuple[str, Any]) -> None:
    newer = ran.stage.world.post(ran.stage.me, "<!-- ftops:plan project=a -->\nnewer")
    ran.stage.world.pulls[7].head = OLD
    done = ran.on(*event).comment(HEAD)
    assert done.settled is None
    assert done.why.startswith("the plan is of commit 111111111111, and the head of pull request 7 is 4444")
    assert newer.body.endswith("newer")


def test_what_names_no_commit_is_of_the_head_of_the_run(ran: Run) -> None:
    ran.stage.world.pulls[7].head = OLD
    done = ran.on("pull_request", PULL).comment(None)
    assert done.settled is None
    assert done.why.startswith("the plan is of commit 111111111111, and the head of pull request 7 is 4444")
    assert ran.stage.world.on(7) == []


def test_a_plan_of_what_it_became_in_its_base_is_posted(stage: Stage) -> None:
    """After a squash nothing leads from the commit in main to the head of the pull request."""
    squash = "5" * 40
    stage.world.parents[squash] = [OLD]
    stage.world.pulls[7] = Pull(7, state="closed", became=squash)
    opened = stage.opened()
    done = [
        comment(
            opened.forge,
            Wanted(7),
            lambda _: "<!-- ftops:plan project=a -->\n",
            commit=commit,
            behavior=Behavior.UPDATE,
            clock=stage.waits.clock(),
        ).settled
        for commit in (squash, OLD)
    ]
    opened.close()
    assert done[0] is not None
    assert done[1] is None


def test_a_merge_that_was_only_tried_says_nothing(ran: Run) -> None:
    """GitHub keeps the hash of the merge of an older head until it has tried again."""
    ran.stage.world.pulls[7] = Pull(7, OLD, became=MERGE)
    assert ran.on("pull_request", PULL).comment(MERGE, number=7).settled is None


def test_a_merge_of_an_older_head_is_older(ran: Run) -> None:
    ran.stage.world.pulls[7].head = OLD
    assert ran.on("pull_request", PULL).comment(MERGE).settled is None


def test_a_commit_that_the_forge_does_not_know_needs_a_person(ran: Run) -> None:
    with pytest.raises(NeedsPerson, match="which of them is newer cannot be found out") as caught:
        ran.on("pull_request", PULL).comment("e" * 40)
    assert caught.value.exit_code is ExitCode.NEEDS_PERSON
    assert ran.stage.world.on(7) == []


def test_a_fork_is_found_by_its_branch_and_head(ran: Run) -> None:
    ran.stage.world.pulls |= {
        8: Pull(8, OLD, "patch-1", "stranger"),
        9: Pull(9, HEAD, "patch-1", "stranger"),
        10: Pull(10, HEAD, "patch-1", "another"),
    }
    assert ran.on("workflow_run", run()).comment("e" * 40).number == 9


def test_what_a_forks_plan_says_of_its_commit_does_not_count(ran: Run) -> None:
    """The run was of an older head, and the artifact claims to be of the newest."""
    ran.stage.world.pulls[7].head = OLD
    assert ran.on("workflow_run", IN_THE_REPOSITORY).comment(OLD).settled is None


def test_a_number_from_an_artifact_leads_a_fork_to_no_other_pull_request(ran: Run) -> None:
    ran.stage.world.pulls[8] = Pull(8, OLD)
    assert ran.on("workflow_run", run()).comment(OLD, number=8).settled is None
    assert ran.stage.world.on(8) == []


def test_several_pull_requests_of_one_head_are_not_guessed_among(ran: Run) -> None:
    ran.stage.world.pulls[8] = Pull(8, MERGE)
    ran.stage.world.pulls[9] = Pull(9, MERGE)
    with pytest.raises(ForgeError, match="several pull requests: 8, 9") as caught:
        ran.on("push", {}).comment()
    assert caught.value.hint == "name one: --pull-request N"


def test_a_push_without_a_pull_request_is_no_failure(ran: Run) -> None:
    ran.stage.world.pulls[8] = Pull(8, MERGE, state="closed")
    done = ran.on("push", {}).comment(MERGE)
    assert (
        done.why
        == "no open pull request has commit 333333333333 as its head: it is closed, or has newer commits"
    )


def test_a_push_is_found_by_its_commit(ran: Run) -> None:
    ran.stage.world.pulls[8] = Pull(8, MERGE)
    assert ran.on("push", {}).comment(MERGE).number == 8


def test_a_plain_issue_is_no_pull_request(ran: Run) -> None:
    assert (
        ran.on("issue_comment", {"issue": {"number": 5}}).comment().why == "5 is an issue, not a pull request"
    )
    with pytest.raises(Gone, match="cannot find pull request 5") as caught:
        ran.comment(number=5)
    assert "an issue is not a pull request" in str(caught.value.hint)
    assert ran.stage.world.on(5) == []


@pytest.mark.parametrize("name", ["schedule", "workflow_dispatch", "issues"])
def test_without_a_number_it_has_to_be_named(ran: Run, name: str) -> None:
    with pytest.raises(UsageError, match=f"the event {name} is about no pull request"):
        ran.on(name, {}).comment()
    assert ran.comment(number=7).number == 7


@pytest.mark.parametrize("text", ["", "{", "[1, 2", "\x00"])
def test_an_event_that_is_not_json_is_an_error(ran: Run, text: str) -> None:
    with pytest.raises(ForgeError, match="the event in GITHUB_EVENT_PATH is not JSON"):
        ran.on("pull_request", text).comment()


def test_an_event_that_is_not_there_is_an_error(ran: Run, tmp_path: Path) -> None:
    ran.on("pull_request", {}).event.unlink()
    with pytest.raises(ForgeError, match="cannot read the event in GITHUB_EVENT_PATH: No such file"):
        ran.comment()


def test_no_address_of_the_event_is_used(ran: Run) -> None:
    hostile = {"url": "http://169.254.169.254/", "comments_url": "http://169.254.169.254/x"}
    payload = {**PULL, "pull_request": {**PULL["pull_request"], **hostile}}  # type: ignore[dict-item]
    assert ran.on("pull_request", payload).comment().number == 7
