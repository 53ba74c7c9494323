"""Who we are, for whoever finds the lock taken."""

from __future__ import annotations

import getpass
import os
import socket
import uuid
from collections.abc import Mapping

from ftops.state.backend import Holder


def current_holder(operation: str, environ: Mapping[str, str], now: float) -> Holder:
    """Describe this process. `now` is Unix seconds."""
    try:
        who = getpass.getuser()
    except (KeyError, OSError):
        # A container may run under a user id that has no name.
        who = f"uid {os.getuid()}"
    return Holder(
        id=uuid.uuid4().hex,
        who=who,
        host=socket.gethostname(),
        pid=os.getpid(),
        operation=operation,
        since=now,
        ci_run=_ci_run(environ),
    )


def _ci_run(environ: Mapping[str, str]) -> str | None:
    """Give the address of the CI run: GitHub's and GitLab's own variables."""
    if "GITHUB_RUN_ID" in environ:
        server = environ.get("GITHUB_SERVER_URL", "")
        return f"{server}/{environ.get('GITHUB_REPOSITORY', '')}/actions/runs/{environ['GITHUB_RUN_ID']}"
    return environ.get("CI_JOB_URL")
