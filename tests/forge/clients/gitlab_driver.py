"""python-gitlab against the stub: what it takes for GitLab, ftops may. Imports nothing of ours."""

import sys
from typing import Any

import gitlab
from gitlab.exceptions import (
    GitlabAuthenticationError,
    GitlabCreateError,
    GitlabError,
    GitlabGetError,
    GitlabHttpError,
)

HEAD, MERGE = "1" * 40, "3" * 40


def opened(root: str, token: str) -> Any:
    return gitlab.Gitlab(root, private_token=token)


def refusal(kind: type[GitlabError], call: Any) -> Any:
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__}")


def life(root: str) -> None:
    """A note from its creation to its end, among pages of others and those of the system."""
    project = opened(root, "glpat-robot00").projects.get("almhof/tunes")
    merge = project.mergerequests.get(7)
    assert (merge.iid, merge.state, merge.sha) == (7, "opened", HEAD)
    made = merge.notes.create({"body": "first"})
    assert made.author["username"] == "project_9_bot_ab12"
    asked = {"sort": "asc", "order_by": "created_at", "activity_filter": "only_comments"}
    notes = merge.notes.list(get_all=True, per_page=100, **asked)
    assert len(notes) == 251
    assert [one.id for one in notes] == sorted(one.id for one in notes)
    pages = merge.notes.list(iterator=True, per_page=20)
    assert (pages.per_page, pages.total, pages.current_page) == (20, 252, 1)
    newest_first = [one.id for one in pages]
    assert newest_first == sorted(newest_first, reverse=True)
    made.body = "second"
    made.save()
    assert merge.notes.get(made.id).body == "second"
    made.delete()
    assert refusal(GitlabGetError, lambda: merge.notes.get(made.id)).response_code == 404


def finding(root: str) -> None:
    """Merge requests by commit, and the parents of a merge."""
    project = opened(root, "glpat-robot00").projects.get(9)
    commit = project.commits.get(MERGE)
    assert commit.parent_ids == ["2" * 40, HEAD]
    assert [one["iid"] for one in project.commits.get(HEAD).merge_requests()] == [7, 8]
    assert refusal(GitlabGetError, lambda: project.commits.get("e" * 40)).response_code == 404


def accounts(root: str) -> None:
    """Who is who, and who may do what: a job's token reads."""
    known = opened(root, "glpat-robot00")
    known.auth()
    assert known.user.username == "project_9_bot_ab12"
    assert refusal(GitlabAuthenticationError, opened(root, "glpat-nobody0").auth).response_code == 401
    job = gitlab.Gitlab(root, job_token="glcbt-job0000")
    merge = job.projects.get(9, lazy=True).mergerequests.get(7)
    assert len(merge.notes.list(get_all=True)) == 251
    refused = refusal(GitlabAuthenticationError, lambda: merge.notes.create({"body": "x"}))
    assert refused.error_message == "401 Unauthorized"
    narrow = opened(root, "glpat-scoped0").projects.get(9, lazy=True).mergerequests.get(7, lazy=True)
    refused = refusal(GitlabCreateError, lambda: narrow.notes.create({"body": "x"}))
    assert (refused.response_code, refused.error_message) == (403, "insufficient_scope")
    stranger = opened(root, "glpat-robot00").projects.get(9, lazy=True).mergerequests.get(7, lazy=True)
    theirs = stranger.notes.list(get_all=False, activity_filter="only_comments")[0]
    theirs.body = "x"
    assert refusal(GitlabError, theirs.save).response_code == 403


def limits(root: str) -> None:
    """Too long, without a body, and too often: the client waits as long as it is told, then does it."""
    merge = opened(root, "glpat-robot00").projects.get(9, lazy=True).mergerequests.get(7, lazy=True)
    refused = refusal(GitlabCreateError, lambda: merge.notes.create({"body": "x" * 1_000_001}))
    assert (refused.response_code, "is too long" in refused.error_message) == (400, True)
    path = "/projects/9/merge_requests/7/notes"
    refused = refusal(
        GitlabHttpError, lambda: opened(root, "glpat-robot00").http_post(path, post_data={"x": 1})
    )
    assert refused.error_message == "body is missing"
    assert merge.notes.create({"body": "after a while"}).body == "after a while"


if __name__ == "__main__":
    {"life": life, "finding": finding, "accounts": accounts, "limits": limits}[sys.argv[2]](sys.argv[1])
