"""Who we are, for whoever finds the lock taken."""

from __future__ import annotations

import os
import pwd
import socket
import uuid
from collections.abc import Mapping

from ftops.state.backend import Holder

_WHO = ("GITHUB_ACTOR", "GITLAB_USER_LOGIN", "LOGNAME", "USER")
_RUN_URL = ("CI_JOB_URL", "BUILDKITE_BUILD_URL", "CIRCLE_BUILD_URL", "BUILD_URL")
"""GitLab, Buildkite, CircleCI and Jenkins; GitHub gives its address in three parts."""


def current_holder(operation: str, environ: Mapping[str, str], now: float) -> Holder:
    """Describe this process. `now` is Unix seconds."""
    return Holder(
        id=uuid.uuid4().hex,
        who=_first(environ, _WHO) or _account(),
        host=socket.gethostname(),
        pid=os.getpid(),
        operation=operation,
        since=now,
        ci_run=_ci_run(environ),
    )


def _account() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        # A container may run under a user id that has no name.
        return f"uid {os.getuid()}"


def _ci_run(environ: Mapping[str, str]) -> str | None:
    run, repository = environ.get("GITHUB_RUN_ID"), environ.get("GITHUB_REPOSITORY")
    if run and repository:
        server = environ.get("GITHUB_SERVER_URL", "https://github.com")
        return f"{server}/{repository}/actions/runs/{run}"
    return _first(environ, _RUN_URL)


def _first(environ: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((environ[name] for name in names if environ.get(name)), None)
