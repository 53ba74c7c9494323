"""Which commit a project directory is at, according to `git`. Where git does not know, nothing is blocked."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from ftops.model.commit import HASH, Commit

_SECONDS = 10.0
"""For one answer of a local repository; it takes 3 ms."""

_ENVIRONMENT = {
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
}
"""Looking must not fetch, lock or ask. Git before 2.44 fetches lazily, unless no protocol is allowed."""

_SETTINGS = ("safe.bareRepository=explicit", "i18n.logOutputEncoding=UTF-8", "core.fsmonitor=false")

_OF_A_HOOK = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_COMMON_DIR", "GIT_DIR", "GIT_GRAFT_FILE",
        "GIT_IMPLICIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX", "GIT_SHALLOW_FILE",
        "GIT_WORK_TREE",
    }
)  # fmt: skip
"""What git hands to hooks and aliases (`git rev-parse --local-env-vars`): perhaps of another repository."""


def commit_of(root: Path) -> Commit | None:
    """Return the commit that the project at `root` is checked out from.

    None without git or a repository, for one that git does not trust, and where HEAD does not have `root`.
    """
    head = commit_at(root, "HEAD")
    return head if head and _answer(root, "cat-file", "-e", f"{head.id}:./") is not None else None


def commit_at(root: Path, revision: str) -> Commit | None:
    """Return the commit of HEAD, or of a hash."""
    told = _answer(root, "log", "-1", "--no-show-signature", "--format=%H %ct", revision, "--")
    found = re.fullmatch(rf"({HASH}) (\d+)", told or "")
    return Commit(found[1], int(found[2])) if found else None


def reviewed_with(root: Path, commit: Commit) -> tuple[str, ...]:
    """Return the commits that a review of this one is about: itself and, if it is a merge, what it brings in.

    CI plans a pull request at a merge that the forge made up and forgets; people review the head of the
    branch, its second parent. A shallow clone has the commit, though not its parents.
    """
    text = _answer(root, "cat-file", "commit", commit.id) or ""
    head, _, _ = text.partition("\n\n")
    parents = re.findall(rf"^parent ({HASH})$", head, re.MULTILINE)
    return (commit.id, *parents[1:])


def is_before(root: Path, commit: Commit, other: Commit) -> bool:
    """Return whether `commit`, at which `root` is, is from before another one: by history, else by time.

    History cannot answer in a shallow clone, nor between diverged branches. Of two commits of the
    same second each is before the other, since waiting costs less than undoing.
    """
    if commit.id == other.id or _is_ancestor(root, other, commit):
        return False
    if _is_ancestor(root, commit, other):
        return True
    return commit.committed_at <= other.committed_at


def left_alone(root: Path, since: Commit, until: Commit) -> bool:
    """Return whether surely no commit that only one of the two has touched the project.

    That both declare the same proves nothing: one commit may have added what the next one reverted.
    """
    between = ("rev-list", "--max-count=1", "--full-history", f"{since.id}...{until.id}", "--", ".")
    return since.id == until.id or _answer(root, *between) == ""


def _is_ancestor(root: Path, one: Commit, other: Commit) -> bool:
    """Return whether it surely is: an object that is not here makes git fail, which is a no."""
    return _answer(root, "merge-base", "--is-ancestor", one.id, other.id) is not None


def _answer(root: Path, *arguments: str) -> str | None:
    """Return what git prints as text, None if it fails."""
    printed = git_output(root, *arguments)
    return None if printed is None else printed.decode("utf-8", "replace").strip()


def git_output(root: Path, *arguments: str) -> bytes | None:
    """Return what git prints, None if it fails. No hook, pager or shell is run."""
    try:
        done = subprocess.run(  # noqa: S603 - no shell reads the words
            git_command(root, *arguments),
            env=git_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout


def git_command(root: Path, *arguments: str) -> list[str]:
    """Return the words that ask git something about a project's repository."""
    settings = [word for setting in _SETTINGS for word in ("-c", setting)]
    return ["git", "-C", str(root), *settings, *arguments]


def git_environment() -> dict[str, str]:
    """Leave out what a hook's repository hands down; whoever names both places means them."""
    meant = "GIT_DIR" in os.environ and "GIT_WORK_TREE" in os.environ
    kept = {name: value for name, value in os.environ.items() if meant or name not in _OF_A_HOOK}
    return {**kept, **_ENVIRONMENT}
