"""Which pull request a GitHub workflow runs for: read from the event that started it, by the event's name.

The event is GitHub's own word: it is written by the runner, and no pull request can change it. No address in
it is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, ValidationError, convert

from ftops.errors import ForgeError
from ftops.forge.port import Branch, Wanted


class _Owner(Struct, frozen=True):
    login: str


class _Repository(Struct, frozen=True):
    owner: _Owner


class _Head(Struct, frozen=True):
    sha: str


class _Pull(Struct, frozen=True):
    number: int
    head: _Head


class _Run(Struct, frozen=True):
    head_sha: str
    head_branch: str | None = None
    head_repository: _Repository | None = None
    pull_requests: list[_Pull] = []


class _Issue(Struct, frozen=True):
    number: int
    pull_request: Any = None


class _Event(Struct, frozen=True):
    """What of an event's payload says which pull request it is about."""

    pull_request: _Pull | None = None
    workflow_run: _Run | None = None
    issue: _Issue | None = None


def wanted(name: str, payload: Any, environ: Mapping[str, str]) -> Wanted:
    """Return which pull request an event is about. Raises ForgeError for a payload of another shape."""
    try:
        event = convert(payload, _Event)
    except ValidationError as error:
        raise ForgeError(
            f"the event in GITHUB_EVENT_PATH is not what GitHub writes for {name}: {error}",
            hint="name the pull request: --pull-request N",
        ) from error
    if name.startswith("pull_request") and event.pull_request is not None:
        # The runner checks out a merge of the head into the base: a plan of that is one of this head.
        merge = environ.get("GITHUB_SHA") if name == "pull_request" else None
        head = event.pull_request.head.sha
        return Wanted(event.pull_request.number, stands_for={merge: head} if merge else {})
    if name == "workflow_run" and event.workflow_run is not None:
        return _of_run(event.workflow_run)
    if name == "issue_comment" and event.issue is not None:
        if event.issue.pull_request is None:
            return Wanted(nowhere=f"{event.issue.number} is an issue, not a pull request")
        return Wanted(event.issue.number)
    if name == "push":
        return Wanted(commit=environ.get("GITHUB_SHA"))
    if name == "merge_group":
        return Wanted(nowhere="a merge queue has no pull request of its own")
    return Wanted()


def _of_run(run: _Run) -> Wanted:
    """A run of another workflow: GitHub says of which head it was, whatever its artifacts say.

    `pull_requests` is empty for forks; there the branch leads to the pull request.
    """
    if len(run.pull_requests) == 1:
        return Wanted(run.pull_requests[0].number, planned=run.head_sha)
    if run.head_repository is None or not run.head_branch:
        return Wanted(nowhere="the branch of that run is gone", planned=run.head_sha)
    branch = Branch(run.head_repository.owner.login, run.head_branch, run.head_sha)
    return Wanted(branch=branch, planned=run.head_sha)
