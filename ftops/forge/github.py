"""GitHub: comments on a pull request are those of its issue. REST 2022-11-28, which older GHES know too."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from msgspec import Struct, ValidationError, convert

from ftops.errors import ForgeError
from ftops.forge.calls import Calls
from ftops.forge.limits import Reply
from ftops.forge.port import Branch, Comment, PullRequest, Refusal, Unsure
from ftops.forge.shapes import shaped
from ftops.report.cutting import BUDGETS, Place
from ftops.transport.error_words import one_line

HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
_HINTS = {
    401: "check GITHUB_TOKEN: it is wrong or has expired",
    403: "in a workflow set `permissions: pull-requests: write`; a pull request from a fork or of Dependabot "
    "gets a token that only reads: comment from a second workflow, on workflow_run",
    404: "check GITHUB_REPOSITORY and the number: an issue is not a pull request; the answer is the same "
    "where the token may not see it",
}
_DENIED = b"Resource not accessible"
"""What GitHub says of a permission; other 403 are about the issue or the repository."""

ACTIONS_BOT = "github-actions[bot]"
"""The author behind the token of a workflow, where the forge tells nobody who asks."""

_HUNDRED = {"per_page": "100"}


def hint(reply: Reply) -> str | None:
    """Say what to do about a refusal, and quote which permission would do."""
    needed = reply.headers.get("x-accepted-github-permissions")
    if reply.status == 403 and not (needed or _DENIED in reply.body):  # noqa: PLR2004 - HTTP's
        return None
    quoted = f"the token needs one of these: {one_line(needed)}" if needed else None
    return "; ".join(filter(None, (quoted, _HINTS.get(reply.status)))) or None


class _User(Struct, frozen=True):
    login: str


class _Comment(Struct, frozen=True):
    id: int
    user: _User | None = None
    body: str | None = None
    html_url: str = ""


class _Head(Struct, frozen=True):
    sha: str


class _Pull(Struct, frozen=True):
    number: int
    head: _Head
    state: str
    merged_at: str | None = None
    merge_commit_sha: str | None = None


class _Parent(Struct, frozen=True):
    sha: str


class _Commit(Struct, frozen=True):
    parents: list[_Parent]


class GitHub:
    """One repository, `OWNER/NAME`."""

    name = "GitHub"
    thing = "pull request"
    budget = BUDGETS[Place.GITHUB]

    def __init__(self, calls: Calls, repository: str) -> None:
        self._calls = calls
        self._repository = f"/repos/{quote(repository)}"

    def as_written(self, body: str) -> str:
        """Return the text as it is."""
        return body

    def author(self) -> str:
        """Ask who we are: a workflow's token may not ask by REST, and is answered by GraphQL."""
        doing = "find out whose token this is"
        try:
            return shaped(self._calls.read(doing, "/user"), _User, self.name, doing).login
        except Refusal as error:
            if error.status != 403:  # noqa: PLR2004 - a status code is its own best name
                raise
        try:
            said = self._calls.write(doing, "POST", self._graphql, {"query": "query { viewer { login } }"})
            login = convert(said["data"]["viewer"]["login"], str)
        except (ForgeError, ValidationError, LookupError, TypeError):
            return ACTIONS_BOT
        return login if login.endswith("[bot]") else f"{login}[bot]"

    def comments(self, number: int) -> tuple[Comment, ...]:
        """Return all comments of the thread; those on lines of the difference are others."""
        doing = f"list the comments of pull request {number}"
        path = f"{self._repository}/issues/{number}/comments"
        return tuple(
            _comment(one)
            for page in self._calls.pages(doing, path, _HUNDRED)
            for one in shaped(page, list[_Comment], self.name, doing)
        )

    def create(self, number: int, body: str) -> Comment:
        """Add a comment: sent once."""
        doing = f"comment on pull request {number}"
        made = self._calls.write(
            doing, "POST", f"{self._repository}/issues/{number}/comments", {"body": body}
        )
        return _comment(shaped(made, _Comment, self.name, doing, Unsure))

    def update(self, number: int, comment: int, body: str) -> Comment:
        """Replace the text of a comment."""
        doing = f"update the comment on pull request {number}"
        written = self._calls.write(doing, "PATCH", self._path(comment), {"body": body})
        return _comment(shaped(written, _Comment, self.name, doing, Unsure))

    def delete(self, number: int, comment: int) -> None:
        """Delete a comment."""
        self._calls.write(f"delete an older comment on pull request {number}", "DELETE", self._path(comment))

    def pull_request(self, number: int) -> PullRequest:
        """Return a pull request; a plain issue is none."""
        doing = f"find pull request {number}"
        return _pull(
            shaped(self._calls.read(doing, f"{self._repository}/pulls/{number}"), _Pull, self.name, doing)
        )

    def open_with(self, branch: Branch) -> tuple[PullRequest, ...]:
        """Return the open pull requests of a branch at its commit, also of a fork's."""
        doing = f"find the pull request of {branch.owner}:{branch.name}"
        query = {"state": "open", "head": f"{branch.owner}:{branch.name}", **_HUNDRED}
        pages = self._calls.pages(doing, f"{self._repository}/pulls", query)
        # GitHub ignores a filter that it does not understand and lists them all: the commit decides.
        return self._at(branch.commit, doing, pages)

    def open_at(self, commit: str) -> tuple[PullRequest, ...]:
        """Return the open pull requests whose head is this commit."""
        doing = f"find the pull request of commit {commit[:12]}"
        pages = self._calls.pages(doing, f"{self._repository}/commits/{quote(commit)}/pulls", _HUNDRED)
        return self._at(commit, doing, pages)

    def parents(self, commit: str) -> tuple[str, ...]:
        """Return the parents of a commit."""
        doing = f"look at commit {commit[:12]}"
        found = self._calls.read(doing, f"{self._repository}/commits/{quote(commit)}", {"per_page": "1"})
        return tuple(parent.sha for parent in shaped(found, _Commit, self.name, doing).parents)

    def _at(self, commit: str, doing: str, pages: Iterable[Any]) -> tuple[PullRequest, ...]:
        found = (_pull(one) for page in pages for one in shaped(page, list[_Pull], self.name, doing))
        return tuple(one for one in found if one.head == commit and one.is_open)

    def _path(self, comment: int) -> str:
        return f"{self._repository}/issues/comments/{comment}"

    @property
    def _graphql(self) -> str:
        url = self._calls.api.url
        own = url.removesuffix("/api/v3")
        return f"{url}/graphql" if own == url else f"{own}/api/graphql"


def _comment(one: _Comment) -> Comment:
    return Comment(one.id, one.user.login if one.user else None, one.body or "", one.html_url)


def _pull(one: _Pull) -> PullRequest:
    # Of one that is not merged it is the hash of a merge that was tried, perhaps of an older head.
    became = {one.merge_commit_sha} if one.merged_at and one.merge_commit_sha else set[str]()
    return PullRequest(one.number, one.head.sha, one.state == "open", frozenset(became))
