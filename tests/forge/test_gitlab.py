"""What only GitLab has: quick actions, system notes, and a job token that cannot write."""

from __future__ import annotations

import json

import pytest

from ftops.errors import ForgeError
from ftops.forge.opening import open_gitlab
from ftops.forge.settling import Outcome
from ftops.transport.secret import Vault
from tests.forge.stage import Stage
from tests.forge.test_settling import MARKER, post
from tests.forge.world import JOB, ROBOT

HOSTILE = "/merge\n  /close\n\t/approve\r\n/assign @me\r/label ~x\n```\n/close\n```\n<b>\n/unlabel"


def test_no_line_of_strangers_is_carried_out(gitlab: Stage) -> None:
    post(gitlab, HOSTILE)
    post(gitlab, f"{HOSTILE}\n/close")
    assert gitlab.world.complaints == []
    (note,) = gitlab.world.on(7)
    assert not any(line.lstrip().startswith("/") for line in note.body.splitlines())
    assert note.body.replace("\N{ZERO WIDTH SPACE}", "") == f"{MARKER}\n{HOSTILE}\n/close\n"


def test_the_same_text_with_commands_is_recognised(gitlab: Stage) -> None:
    post(gitlab, HOSTILE)
    post(gitlab, HOSTILE)
    assert gitlab.world.count("PUT") == 0


def test_notes_of_the_system_are_not_comments(gitlab: Stage) -> None:
    """Also where an older GitLab does not know the filter."""
    note = {"id": 3, "body": f"{MARKER}\nadded 1 commit", "system": True, "author": {"username": ROBOT.login}}
    gitlab.world.fail("json", "GET", "/7/notes", value=json.dumps([note]), times=2)
    assert post(gitlab).outcome is Outcome.CREATED
    assert gitlab.world.count("PUT") == 0


def test_a_list_is_asked_for_in_ascending_order(gitlab: Stage) -> None:
    for index in range(130):
        gitlab.world.post(JOB, f"note {index}")
    opened = gitlab.opened()
    ids = [one.id for one in opened.forge.comments(7)]
    opened.close()
    assert ids == sorted(ids)
    assert len(ids) == 130


def test_a_job_token_alone_is_told_what_is_needed(gitlab: Stage) -> None:
    environ = {**gitlab.environ(CI_JOB_TOKEN="glcbt-job0000"), "GITLAB_TOKEN": ""}
    with pytest.raises(ForgeError, match="GITLAB_TOKEN is not set") as caught:
        gitlab.opened(environ)
    hint = str(caught.value.hint)
    assert hint.startswith("CI_JOB_TOKEN can read notes and not write them: create a project access token")
    assert "role Developer" in hint
    assert "scope api" in hint
    assert "masked, and not protected" in hint


def test_a_job_token_in_its_place_says_the_same(gitlab: Stage) -> None:
    gitlab.token = "glcbt-job0000"
    with pytest.raises(ForgeError, match="answered 401: 401 Unauthorized") as caught:
        post(gitlab)
    assert "role Developer" in str(caught.value.hint)


def test_a_token_of_too_narrow_a_scope_is_told(gitlab: Stage) -> None:
    gitlab.token = "glpat-scoped0"
    with pytest.raises(ForgeError, match="requires higher privileges") as caught:
        post(gitlab)
    assert "scope api" in str(caught.value.hint)


def test_a_forks_pipeline_without_a_token_is_told_why(gitlab: Stage) -> None:
    forked = {"CI_MERGE_REQUEST_PROJECT_ID": "9", "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "12"}
    environ = {**gitlab.environ(**forked), "GITLAB_TOKEN": ""}
    with pytest.raises(ForgeError) as caught:
        gitlab.opened(environ)
    assert "the pipeline of a fork sees no variables of the parent project" in str(caught.value.hint)


def test_a_project_may_be_named_by_its_path(gitlab: Stage) -> None:
    environ = gitlab.environ(CI_PROJECT_ID="almhof/tunes")
    opened = open_gitlab(environ, Vault(), 7, gitlab.waits.clock())
    assert opened.forge.pull_request(7).number == 7
    opened.close()
