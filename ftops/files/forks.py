"""Where the work of a branch begins, as git knows it here."""

from __future__ import annotations

from pathlib import Path

from ftops.errors import FtopsError
from ftops.files.commits import commit_at, commit_of, git_output
from ftops.files.versions import commit_named
from ftops.model.commit import Commit

_FETCH = "run `git fetch --unshallow` first (in CI: `fetch-depth: 0`)"


def fork_point(root: Path, ref: str) -> Commit:
    """Return the newest commit that HEAD and a revision share, the revision itself where they share none.

    Raises FtopsError for a revision that is not here, and in a shallow clone that does not reach so far back:
    what the other side has gained since would look as if the branch took it back.
    """
    if commit_of(root) is None:
        raise FtopsError(
            "--base needs a project that is committed in a git repository",
            hint="commit it; `ftops doctor` says whether git trusts the directory",
        )
    named = commit_named(root, ref)
    if named is None:
        raise FtopsError(f"git has no commit {ref!r} here", hint=_where(root, ref))
    shared = (git_output(root, "merge-base", named, "HEAD") or b"").decode("ascii", "replace").split()
    if not shared and git_output(root, "rev-parse", "--is-shallow-repository") == b"true\n":
        raise FtopsError(f"this shallow clone does not reach back to where HEAD and {ref} part", hint=_FETCH)
    found = commit_at(root, shared[0] if shared else named)
    if found is None:
        raise FtopsError(f"git cannot read the commit {ref!r}", hint=_FETCH)
    return found


def _where(root: Path, ref: str) -> str:
    """Say what may be meant: CI checks out one branch, and knows the others by the remote's name."""
    remote = f"origin/{ref}"
    if commit_named(root, remote) is not None:
        return f"it has {remote}"
    return "see `git branch --all`; a clone of one branch has no other (`git fetch origin BRANCH`)"
