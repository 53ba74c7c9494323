"""Who holds a lock: who we are, how that is recorded, and what others see who find it taken."""

from __future__ import annotations

import json
import os
import pwd
import socket
import time
import uuid
from collections.abc import Mapping
from typing import Any

from msgspec import to_builtins

from ftops.errors import LockHeld
from ftops.state.backend import Holder

_WHO = ("GITHUB_ACTOR", "GITLAB_USER_LOGIN", "LOGNAME", "USER")
_RUN_URL = ("CI_JOB_URL", "BUILDKITE_BUILD_URL", "CIRCLE_BUILD_URL", "BUILD_URL")
"""GitLab, Buildkite, CircleCI and Jenkins; GitHub splits its address into three parts."""


def current_holder(operation: str, environ: Mapping[str, str], now: float) -> Holder:
    """Describe this process. `now` is Unix seconds."""
    return Holder(
        id=uuid.uuid4().hex,
        who=acting(environ),
        host=socket.gethostname(),
        pid=os.getpid(),
        operation=operation,
        since=now,
        ci_run=ci_run(environ),
    )


def acting(environ: Mapping[str, str]) -> str:
    """Return who runs this: the actor of a CI run, else the account."""
    return _first(environ, _WHO) or _account()


def _account() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        # A container may run under a user id that has no name.
        return f"uid {os.getuid()}"


def ci_run(environ: Mapping[str, str]) -> str | None:
    """Return the address of the CI run that this is, as its environment says; None outside of one."""
    run, repository = environ.get("GITHUB_RUN_ID"), environ.get("GITHUB_REPOSITORY")
    if run and repository:
        server = environ.get("GITHUB_SERVER_URL", "https://github.com")
        return f"{server}/{repository}/actions/runs/{run}"
    return _first(environ, _RUN_URL)


def _first(environ: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((environ[name] for name in names if environ.get(name)), None)


def holder_members(holder: Holder) -> dict[str, Any]:
    """Return a holder as members of a JSON object."""
    members: dict[str, Any] = to_builtins(holder)
    return members


def holder_of(told: Any) -> Holder | None:
    """Understand such an object, or its bytes; None for anything else: others may write there."""
    try:
        if isinstance(told, bytes | str):
            told = json.loads(told)
        run = told["ci_run"]
        return Holder(
            id=str(told["id"]),
            who=str(told["who"]),
            host=str(told["host"]),
            pid=int(told["pid"]),
            operation=str(told["operation"]),
            since=float(told["since"]),
            ci_run=None if run is None else str(run),
        )
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None


def lock_held(location: str, holder: Holder | None, hint: str) -> LockHeld:
    """Make the error for whoever finds the lock taken."""
    who = f"{holder}, since {clock(holder.since)}" if holder else None
    error = LockHeld(f"the state {location} is locked by {who or 'another run'}", hint=hint)
    error.holder, error.since = who, holder.since if holder else None
    return error


def clock(seconds: float) -> str:
    """Write an instant (Unix seconds) for a person."""
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))
    except (OverflowError, ValueError, OSError):
        return "an instant that is not a valid time"
