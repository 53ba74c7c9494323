"""GitLab: comments on a merge request are notes, and lines of a note that begin with `/` are commands.

A job's own CI_JOB_TOKEN reads notes and cannot write them, whatever its settings.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from ftops.forge.calls import Calls
from ftops.forge.limits import Reply
from ftops.forge.port import Branch, Comment, PullRequest, Unsure
from ftops.forge.shapes import shaped
from ftops.report.cutting import BUDGETS, Place

NEEDED = (
    "create a project access token with the role Developer and the scope api, and add it to the CI settings "
    "as GITLAB_TOKEN: masked, and not protected, since pipelines of merge requests see no protected variables"
)
_HINTS = {
    401: f"check GITLAB_TOKEN: it is wrong or has expired; {NEEDED}",
    403: f"GITLAB_TOKEN may not do this: {NEEDED}",
    404: "check CI_PROJECT_ID and the number; the answer is the same where the token may not see it",
}
_NOTES = {
    "per_page": "100",
    "sort": "asc",
    "order_by": "created_at",
    "activity_filter": "only_comments",
}
"""Ascending: a note that is added meanwhile would shift the pages of the usual order."""

_COMMAND = re.compile(r"(?:\A|(?<=[\n\r]))([ \t]*)/")


def hint(reply: Reply) -> str | None:
    """Say what to do about a refusal."""
    return _HINTS.get(reply.status)


class _Author(Struct, frozen=True):
    username: str


class _Note(Struct, frozen=True):
    id: int
    body: str
    system: bool
    author: _Author | None = None


class _Merge(Struct, frozen=True):
    iid: int
    sha: str | None
    state: str
    merge_commit_sha: str | None = None
    squash_commit_sha: str | None = None


class _Commit(Struct, frozen=True):
    parent_ids: list[str]


class GitLab:
    """One project, by its number or its path. `shown` is the address at which people see it, or empty."""

    name = "GitLab"
    thing = "merge request"
    budget = BUDGETS[Place.GITLAB]

    def __init__(self, calls: Calls, project: str, shown: str = "") -> None:
        self._calls = calls
        self._project = f"/projects/{quote(project, safe='')}"
        self._shown = shown

    def as_written(self, body: str) -> str:
        """Return a text without quick actions: these run with the rights of the token, whoever wrote them.

        A zero-width space before the slash is not seen, in text and in a code block alike.
        """
        return _COMMAND.sub("\\1\N{ZERO WIDTH SPACE}/", body)

    def author(self) -> str:
        """Ask who we are; a project access token has a user of its own."""
        doing = "find out whose token this is"
        return shaped(self._calls.read(doing, "/user"), _Author, self.name, doing).username

    def comments(self, number: int) -> tuple[Comment, ...]:
        """Return the notes of people and programs; those of the system are none."""
        doing = f"list the notes of merge request {number}"
        return tuple(
            self._comment(number, one)
            for page in self._calls.pages(doing, self._path(number), _NOTES)
            for one in shaped(page, list[_Note], self.name, doing)
            if not one.system
        )

    def create(self, number: int, body: str) -> Comment:
        """Add a note: sent once."""
        doing = f"comment on merge request {number}"
        made = self._calls.write(doing, "POST", self._path(number), {"body": self.as_written(body)})
        return self._comment(number, shaped(made, _Note, self.name, doing, Unsure))

    def update(self, number: int, comment: int, body: str) -> Comment:
        """Replace the text of a note."""
        doing = f"update the note on merge request {number}"
        path = f"{self._path(number)}/{comment}"
        written = self._calls.write(doing, "PUT", path, {"body": self.as_written(body)})
        return self._comment(number, shaped(written, _Note, self.name, doing, Unsure))

    def delete(self, number: int, comment: int) -> None:
        """Delete a note."""
        doing = f"delete an older note on merge request {number}"
        self._calls.write(doing, "DELETE", f"{self._path(number)}/{comment}")

    def pull_request(self, number: int) -> PullRequest:
        """Return a merge request."""
        doing = f"find merge request {number}"
        found = self._calls.read(doing, f"{self._project}/merge_requests/{number}")
        return _pull(shaped(found, _Merge, self.name, doing))

    def open_with(self, branch: Branch) -> tuple[PullRequest, ...]:
        """Return the open merge requests with this head; the branch's owner is not asked for."""
        return self.open_at(branch.commit)

    def open_at(self, commit: str) -> tuple[PullRequest, ...]:
        """Return the open merge requests whose head is this commit."""
        doing = f"find the merge request of commit {commit[:12]}"
        path = f"{self._project}/repository/commits/{quote(commit, safe='')}/merge_requests"
        pages: Iterable[Any] = self._calls.pages(doing, path, {"per_page": "100"})
        found = (_pull(one) for page in pages for one in shaped(page, list[_Merge], self.name, doing))
        return tuple(one for one in found if one.head == commit and one.is_open)

    def parents(self, commit: str) -> tuple[str, ...]:
        """Return the parents of a commit."""
        doing = f"look at commit {commit[:12]}"
        found = self._calls.read(doing, f"{self._project}/repository/commits/{quote(commit, safe='')}")
        return tuple(shaped(found, _Commit, self.name, doing).parent_ids)

    def _path(self, number: int) -> str:
        return f"{self._project}/merge_requests/{number}/notes"

    def _comment(self, number: int, one: _Note) -> Comment:
        url = f"{self._shown}/-/merge_requests/{number}#note_{one.id}" if self._shown else ""
        return Comment(one.id, one.author.username if one.author else None, one.body, url)


def _pull(one: _Merge) -> PullRequest:
    became = frozenset(filter(None, (one.merge_commit_sha, one.squash_commit_sha)))
    merged = became if one.state == "merged" else frozenset[str]()
    return PullRequest(one.iid, one.sha or "", one.state == "opened", merged)
