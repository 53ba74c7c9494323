"""PyGithub against the stub: what it takes for GitHub, ftops may. Imports nothing of ours."""

import sys
from typing import Any

from github import (
    Auth,
    BadCredentialsException,
    Github,
    GithubException,
    RateLimitExceededException,
    UnknownObjectException,
)

HEAD, MERGE = "1" * 40, "3" * 40


def opened(root: str, token: str) -> Any:
    return Github(
        base_url=f"{root}/api/v3",
        auth=Auth.Token(token),
        per_page=100,
        retry=None,
        seconds_between_requests=0,
        seconds_between_writes=0,
    )


def refusal(kind: type[GithubException], call: Any) -> Any:
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__}")


def life(root: str) -> None:
    """A comment from its creation to its end, among three pages of others."""
    repository = opened(root, "ghs_workflow0").get_repo("almhof/tunes")
    pull = repository.get_pull(7)
    assert (pull.number, pull.state, pull.head.sha) == (7, "open", HEAD)
    made = pull.create_issue_comment("<!-- mine -->\nfirst")
    assert (made.user.login, made.user.type) == ("github-actions[bot]", "Bot")
    comments = list(pull.get_issue_comments())
    assert len(comments) == 251
    assert [one.id for one in comments] == sorted(one.id for one in comments)
    assert comments[0].user is None
    assert comments[-1].body == "<!-- mine -->\nfirst"
    made.edit("second")
    assert repository.get_issue(7).get_comment(made.id).body == "second"
    made.delete()
    assert refusal(UnknownObjectException, lambda: made.edit("third")).status == 404
    assert pull.get_issue_comments().totalCount == 250


def finding(root: str) -> None:
    """Pull requests by branch and by commit, and the parents of a merge."""
    repository = opened(root, "ghs_workflow0").get_repo("almhof/tunes")
    assert [one.number for one in repository.get_pulls(state="open", head="stranger:patch-1")] == [8]
    assert [one.number for one in repository.get_pulls(state="open", head="patch-1")] == [7, 8]
    assert [one.number for one in repository.get_commit(HEAD).get_pulls()] == [7]
    assert [one.sha for one in repository.get_commit(MERGE).parents] == ["2" * 40, HEAD]
    assert refusal(GithubException, lambda: repository.get_commit("e" * 40).parents).status == 422
    assert refusal(UnknownObjectException, lambda: repository.get_pull(5)).status == 404


def accounts(root: str) -> None:
    """Who is who, and who may do what."""
    assert opened(root, "ghp_person000").get_user().login == "mara"
    refused = refusal(GithubException, lambda: opened(root, "ghs_workflow0").get_user().login)
    assert (refused.status, refused.data["message"]) == (403, "Resource not accessible by integration")
    wrong = refusal(BadCredentialsException, lambda: opened(root, "ghs_nobody000").get_user().login)
    assert wrong.data["message"] == "Bad credentials"
    pull = opened(root, "ghs_readonly0").get_repo("almhof/tunes").get_pull(7)
    refused = refusal(GithubException, lambda: pull.create_issue_comment("x"))
    assert refused.headers["x-accepted-github-permissions"] == "issues=write; pull_requests=write"


def limits(root: str) -> None:
    """Too long, too often, and moved."""
    repository = opened(root, "ghs_workflow0").get_repo("almhof/old-tunes")
    pull = repository.get_pull(7)
    refused = refusal(GithubException, lambda: pull.create_issue_comment("x" * 65_537))
    assert refused.status == 422
    assert refused.data["errors"][0]["message"] == "Body is too long (maximum is 65536 characters)"
    kind = refusal(RateLimitExceededException, lambda: pull.create_issue_comment("limited"))
    assert "secondary rate limit" in kind.data["message"]


if __name__ == "__main__":
    {"life": life, "finding": finding, "accounts": accounts, "limits": limits}[sys.argv[2]](sys.argv[1])
