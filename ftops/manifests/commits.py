"""Which commit a project directory is at, asked of `git`. Where git cannot tell, nobody is held up."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from ftops.model.commit import Commit

_SECONDS = 10.0
"""For one answer of a local repository; it takes 3 ms."""

_ENVIRONMENT = {"GIT_NO_LAZY_FETCH": "1", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
"""Looking must not fetch, lock or ask."""


def commit_of(root: Path) -> Commit | None:
    """Give the commit that the project at `root` is checked out from.

    None without git or a repository, for one that git does not trust, and where HEAD does not have `root`.
    """
    head = _answer(root, "log", "-1", "--no-show-signature", "--format=%H %ct", "HEAD")
    found = re.fullmatch(r"([0-9a-f]{40,64}) (\d+)", head or "")
    tree = _answer(root, "rev-parse", "--verify", "--quiet", f"{found[1]}:./") if found else None
    return Commit(found[1], tree, int(found[2])) if found and tree else None


def is_older(root: Path, commit: Commit, other: Commit) -> bool:
    """Tell whether `commit` is from before `other` and declares something else.

    By history, where it is here and one is an ancestor of the other. In a shallow clone, and for branches
    that went apart, by the time they were committed.
    """
    if commit.tree == other.tree or _is_ancestor(root, other, commit):
        return False
    return commit.committed_at < other.committed_at or _is_ancestor(root, commit, other)


def _is_ancestor(root: Path, one: Commit, other: Commit) -> bool:
    """Tell whether it surely is: an object that is not here makes git fail, which is a no."""
    return _answer(root, "merge-base", "--is-ancestor", one.id, other.id) is not None


def _answer(root: Path, *arguments: str) -> str | None:
    """Give what git prints, None if it fails. No hook, pager or shell is run."""
    try:
        done = subprocess.run(  # noqa: S603 - commit ids and constants alone
            ["git", "-C", str(root), *arguments],  # noqa: S607 - the git of whoever calls
            env={**os.environ, **_ENVIRONMENT},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace").strip()
