"""Follow a branch: before each round its checkout is brought up to its upstream, or stays as it is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ftops.errors import FtopsError, Interrupted, Problem
from ftops.files import upstream as git
from ftops.files.upstream import Upstream
from ftops.model.commit import Commit

MOST_PROBLEMS = 20
"""Problems of a broken commit that are kept, and repeated in every round."""


class Pulling:
    """What one checkout follows; pinned: another branch or remote is not followed without a restart.

    Whatever is in the way is said in every round, and the round goes on with what is there.
    """

    def __init__(self, root: Path, stopped: Callable[[], bool]) -> None:
        """Look at what is followed. Raises FtopsError where that is nothing."""
        self._root = root
        self._stopped = stopped
        self._pinned = git.upstream_of(root)
        self._good = git.commit_id(root, git.LOADED)
        self._broken: tuple[str, tuple[Problem, ...]] | None = None

    def advance(self) -> tuple[Problem, ...]:
        """Fetch, and fast-forward; return what was in the way. Raises Interrupted."""
        try:
            return self._advanced()
        except Interrupted:
            raise
        except FtopsError as error:
            return error.problems

    def loaded(self, commit: Commit | None) -> None:
        """Note that a commit, which is checked out, loads: a later one that does not is taken back to it."""
        if commit is None or commit.id == self._good:
            return
        # A repository that cannot be read or written is in the way of every pull, which says so.
        with suppress(FtopsError):
            if not git.edited(self._root):
                self._good = commit.id
                git.note_loaded(self._root, commit.id)

    def go_back(self, problems: tuple[Problem, ...]) -> tuple[Problem, ...] | None:
        """Go back from a commit that does not load to the last one that did; return what is to be said.

        None where there is nothing to go back to. Only what the upstream has is left: nobody loses a commit.
        """
        root = self._root
        head, good = git.commit_id(root, "HEAD"), self._good
        if head is None or good is None or head == good:
            return None
        if head != git.commit_id(root, git.FETCHED) or not git.contains(root, head, good):
            return None
        try:
            if git.upstream_of(root) != self._pinned:
                return None
            git.go_back(root, good)
        except FtopsError as error:
            return error.problems
        self._broken = (head, problems[:MOST_PROBLEMS])
        return self._said_broken(good)

    def acquit(self) -> None:
        """Try the commit again that was gone back from: the one before does not load either."""
        self._broken = None

    def _advanced(self) -> tuple[Problem, ...]:
        root = self._root
        self._require_pinned(git.upstream_of(root))
        tip, head = git.fetched(root, self._pinned, self._stopped), git.commit_id(root, "HEAD")
        if head is None:
            raise FtopsError("git does not know which commit is checked out, so nothing is pulled")
        if self._broken is not None and self._broken[0] == tip:
            return self._said_broken(head)
        self._broken = None
        if tip == head:
            return ()
        if not git.contains(root, tip, head):
            raise FtopsError(
                f"{head[:12]}, which is checked out, is not part of {self._pinned}, so nothing is pulled",
                hint="push it, or go to the upstream's commit by hand",
            )
        if git.edited(root):
            raise FtopsError(
                f"files in {root} were edited and not committed, so nothing is pulled from {self._pinned}",
                hint="commit or undo the edits (git status)",
            )
        git.fast_forward(root, tip)
        return ()

    def _require_pinned(self, found: Upstream) -> None:
        if found != self._pinned:
            raise FtopsError(
                f"the checkout follows {found} now, and not {self._pinned} any more: nothing is pulled",
                hint="run ftops again to follow it",
            )

    def _said_broken(self, kept: str) -> tuple[Problem, ...]:
        if self._broken is None:
            return ()
        commit, problems = self._broken
        words = f"commit {commit[:12]} of {self._pinned} does not load: {kept[:12]} stays checked out"
        return (Problem(words, hint="push a commit that mends it"), *problems)
