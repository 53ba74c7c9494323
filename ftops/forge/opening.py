"""A forge as the environment names it: where its API is, the token, and the pull request of this run.

Addresses come from the runner's own variables alone. A token goes nowhere that a file or an event names, and
never over an open wire.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from ftops.errors import ForgeError, Refused, UsageError
from ftops.forge import github, github_event, gitlab
from ftops.forge.calls import Api, Calls
from ftops.forge.limits import github_limit, gitlab_limit
from ftops.forge.port import Clock, Forge, Wanted
from ftops.model.value import replace
from ftops.transport.hosts import LOOPBACK, origin_of
from ftops.transport.loose_json import read_json
from ftops.transport.secret import Secret, Vault

GITHUB_API = "https://api.github.com"
LARGEST_EVENT = 25 << 20
"""Bytes; GitHub cuts payloads at this size."""

_REPOSITORY = re.compile(r"[A-Za-z0-9._-]+/[A-Za-z0-9._-]+")


class Opened(Struct, frozen=True):
    """A forge, and which of its pull requests is meant. `close` ends its connections."""

    forge: Forge
    wanted: Wanted
    calls: Calls

    def close(self) -> None:
        """Close the connections."""
        self.calls.close()


def open_github(environ: Mapping[str, str], vault: Vault, number: int | None, clock: Clock) -> Opened:
    """Open GitHub by GITHUB_TOKEN, GITHUB_REPOSITORY and GITHUB_API_URL."""
    repository = environ.get("GITHUB_REPOSITORY", "")
    if not _REPOSITORY.fullmatch(repository) or {".", ".."} & set(repository.split("/")):
        raise UsageError(
            "GITHUB_REPOSITORY does not name a repository",
            hint="in a workflow it is set; elsewhere: export GITHUB_REPOSITORY=OWNER/NAME",
        )
    hint = "in a workflow: `env: GITHUB_TOKEN: ${{ github.token }}`"
    token = _token(environ, "GITHUB_TOKEN", vault, hint)
    headers = {**github.HEADERS, "Authorization": f"Bearer {token.reveal()}"}
    url = _address(environ.get("GITHUB_API_URL") or GITHUB_API, "GITHUB_API_URL")
    calls = Calls(Api("GitHub", url, token, headers, github.hint), github_limit, environ, clock)
    meant = _github_wanted(environ, number)
    return Opened(github.GitHub(calls, repository), meant, calls)


def open_gitlab(environ: Mapping[str, str], vault: Vault, number: int | None, clock: Clock) -> Opened:
    """Open GitLab by GITLAB_TOKEN, CI_API_V4_URL and the project of the merge request."""
    project = environ.get("CI_MERGE_REQUEST_PROJECT_ID") or environ.get("CI_PROJECT_ID") or ""
    if not project or not environ.get("CI_API_V4_URL"):
        raise UsageError(
            "CI_PROJECT_ID or CI_API_V4_URL is not set",
            hint="in GitLab CI both are; elsewhere: export CI_API_V4_URL=https://HOST/api/v4 "
            "CI_PROJECT_ID=GROUP/PROJECT",
        )
    token = _token(environ, "GITLAB_TOKEN", vault, _without_gitlab_token(environ))
    headers = {"Accept": "application/json", "PRIVATE-TOKEN": token.reveal()}
    url = _address(environ["CI_API_V4_URL"], "CI_API_V4_URL")
    calls = Calls(Api("GitLab", url, token, headers, gitlab.hint), gitlab_limit, environ, clock)
    shown = environ.get("CI_MERGE_REQUEST_PROJECT_URL") or environ.get("CI_PROJECT_URL") or ""
    return Opened(gitlab.GitLab(calls, project, shown), _gitlab_wanted(environ, number), calls)


def _without_gitlab_token(environ: Mapping[str, str]) -> str:
    source, target = (environ.get(f"CI_MERGE_REQUEST_{which}PROJECT_ID") for which in ("SOURCE_", ""))
    if source and target and source != target:
        return (
            "the pipeline of a fork sees no variables of the parent project: a member can start one there "
            "for the merge request"
        )
    job = "CI_JOB_TOKEN can read notes and not write them: " if environ.get("CI_JOB_TOKEN") else ""
    return job + gitlab.NEEDED


def _token(environ: Mapping[str, str], name: str, vault: Vault, hint: str) -> Secret:
    value = environ.get(name, "").strip()
    if not value:
        raise ForgeError(f"{name} is not set, so there is nothing to comment with", hint=hint)
    secret = Secret(value, name)
    vault.add(secret)
    if not (value.isascii() and value.isprintable()) or " " in value:
        raise ForgeError(f"{name} is not a token: it has a space or another character that none has")
    return secret


def _address(url: str, name: str) -> str:
    """Return the address of an API. Raises Refused for one that a token must not be sent to."""
    origin = origin_of(url)
    if origin is None or "@" in url or "?" in url or "#" in url:
        raise Refused(f"{name} is not a plain address of an API", hint="write it like https://HOST/api/v4")
    if origin.scheme != "https" and not (origin.scheme == "http" and origin.host in LOOPBACK):
        raise Refused(f"the token is not sent to {origin.host}: {name} is not https://", hint="use https://")
    return url.rstrip("/")


def _github_wanted(environ: Mapping[str, str], number: int | None) -> Wanted:
    name, path = environ.get("GITHUB_EVENT_NAME", ""), environ.get("GITHUB_EVENT_PATH", "")
    meant = github_event.wanted(name, _event(path), environ) if name and path else Wanted()
    otherwise = f"the event {name} is about no pull request" if name else "no event names a pull request"
    return _chosen(meant, number, otherwise)


def _gitlab_wanted(environ: Mapping[str, str], number: int | None) -> Wanted:
    iid, commit = environ.get("CI_MERGE_REQUEST_IID", ""), environ.get("CI_COMMIT_SHA", "")
    # A pipeline of merged results runs on a merge of the head into the target.
    head = environ.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") or commit
    stands_for = {commit: head} if commit else {}
    meant = Wanted(int(iid) if iid.isascii() and iid.isdigit() else None, stands_for=stands_for)
    if meant.number is None and commit:
        meant = replace(meant, commit=commit)
    return _chosen(meant, number, "neither CI_MERGE_REQUEST_IID nor CI_COMMIT_SHA is set")


def _chosen(meant: Wanted, number: int | None, otherwise: str) -> Wanted:
    """Put a number that a person gave first. What the forge says of the head holds for it, too."""
    if number is not None:
        return replace(meant, number=number, nowhere="")
    if meant == Wanted(stands_for=meant.stands_for):
        raise UsageError(otherwise, hint="name the pull request: --pull-request N")
    return meant


def _event(path: str) -> Any:
    try:
        with Path(path).open("rb") as file:
            return read_json(file.read(LARGEST_EVENT + 1))
    except OSError as error:
        message = f"cannot read the event in GITHUB_EVENT_PATH: {error.strerror or error}"
        raise ForgeError(message, hint="name the pull request: --pull-request N") from error
    except ValueError as error:
        raise ForgeError(
            "the event in GITHUB_EVENT_PATH is not JSON", hint="name the pull request: --pull-request N"
        ) from error
