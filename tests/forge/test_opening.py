"""Where a token may go, what is a token, and what GitLab's variables say."""

from __future__ import annotations

import pytest

from ftops.errors import ForgeError, FtopsError, Refused, UsageError
from ftops.forge.opening import open_github, open_gitlab
from ftops.forge.port import Wanted
from ftops.transport.secret import Vault
from tests.forge.stage import Stage
from tests.forge.world import HEAD, MERGE


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("http://github.example/api/v3", "the token is not sent to github.example"),
        ("ftp://github.example", "the token is not sent to github.example"),
        ("https://user:word@github.example", "is not a plain address"),
        ("https://github.example\\@evil.example", "is not a plain address"),
        ("https://github.example?x=", "is not a plain address"),
        ("github.example", "is not a plain address"),
    ],
)
def test_a_token_goes_over_tls_or_nowhere(stage: Stage, url: str, what: str) -> None:
    variable = "GITHUB_API_URL" if stage.kind == "github" else "CI_API_V4_URL"
    with pytest.raises(Refused, match=what):
        stage.opened(stage.environ(**{variable: url}))


@pytest.mark.parametrize("value", ["", "  ", "two words", "ghs_\nx", "ghs_é"])
def test_what_is_not_a_token_is_not_sent_or_shown(stage: Stage, value: str) -> None:
    stage.token = value
    with pytest.raises(ForgeError, match=r"TOKEN is not (set|a token)") as caught:
        stage.opened()
    assert "words" not in caught.value.message
    assert stage.world.seen == []


def test_the_token_is_known_as_a_secret(stage: Stage) -> None:
    vault = Vault()
    (open_github if stage.kind == "github" else open_gitlab)(stage.environ(), vault, 7, stage.waits.clock())
    assert vault.blank(f"it is {stage.token}") == "it is ***"


@pytest.mark.parametrize("name", ["", "tunes", "a/b/c", "../..", "a/..", "a b/c", "a/b?x"])
def test_the_repository_has_a_name(github: Stage, name: str) -> None:
    with pytest.raises(UsageError, match="GITHUB_REPOSITORY does not name a repository"):
        github.opened(github.environ(GITHUB_REPOSITORY=name))


MERGED = {"CI_MERGE_REQUEST_IID": "7", "CI_COMMIT_SHA": MERGE, "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": HEAD}


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"CI_MERGE_REQUEST_IID": "7"}, Wanted(7, stands_for={HEAD: HEAD})),
        (MERGED, Wanted(7, stands_for={MERGE: HEAD})),
        ({"CI_COMMIT_SHA": HEAD}, Wanted(commit=HEAD, stands_for={HEAD: HEAD})),
        ({"CI_MERGE_REQUEST_IID": "seven"}, Wanted(commit=HEAD, stands_for={HEAD: HEAD})),
    ],
)
def test_gitlabs_variables_say_which_merge_request(
    gitlab: Stage, environ: dict[str, str], expected: Wanted
) -> None:
    assert gitlab.opened(gitlab.environ(**environ), None).wanted == expected


def test_without_a_merge_request_pipeline_the_commit_leads_to_it(gitlab: Stage) -> None:
    opened = gitlab.opened(number=None)
    assert [one.number for one in opened.forge.open_at(HEAD)] == [7]
    assert opened.forge.parents(MERGE) == ("2" * 40, HEAD)
    opened.close()


def test_a_fork_comments_at_the_project_that_it_merges_into(gitlab: Stage) -> None:
    environ = gitlab.environ(CI_PROJECT_ID="12", CI_MERGE_REQUEST_PROJECT_ID="9")
    opened = gitlab.opened(environ)
    assert opened.forge.pull_request(7).head == HEAD
    opened.close()


def test_without_an_event_the_number_has_to_be_given(github: Stage) -> None:
    with pytest.raises(UsageError, match="no event names a pull request") as caught:
        github.opened(number=None)
    assert caught.value.hint == "name the pull request: --pull-request N"


@pytest.mark.parametrize("missing", ["CI_PROJECT_ID", "CI_API_V4_URL"])
def test_gitlab_is_named_by_the_environment(gitlab: Stage, missing: str) -> None:
    """A token for one's own server must not go to gitlab.com because a variable is missing."""
    with pytest.raises(FtopsError, match="CI_PROJECT_ID or CI_API_V4_URL is not set"):
        gitlab.opened(gitlab.environ(**{missing: ""}))
