"""Which commit was applied last, and whether this one is from before it."""

from __future__ import annotations

from ftops.files.commits import is_before, left_alone
from ftops.model.commit import AppliedCommit, Commit
from ftops.model.state import State
from ftops.reconciler.loading import declared
from ftops.reconciler.values import Loaded, Reviewed
from ftops.review.freshness import declares


def older_than(loaded: Loaded, state: State) -> Commit | None:
    """Return the commit that was applied last, if this one is from before it and declares something else."""
    commit, applied = loaded.commit, state.applied
    if commit is None or applied is None or not is_before(loaded.root, commit, applied.commit):
        return None
    same = declares(declared(loaded, everything=True)) == applied.declares
    return None if same else applied.commit


def applied_commit(loaded: Loaded, reviewed: Reviewed) -> AppliedCommit | None:
    """Return the commit that the state is to record as applied last, once this plan is.

    It is the newer commit, and an older one only if all of the project goes back on purpose: a part that
    was applied says nothing of the rest. A commit that did not touch the project costs no write.
    """
    commit, applied = loaded.commit, reviewed.stored.applied
    newer, selection = reviewed.plan.facts.older_than, reviewed.selection
    if commit is None or not selection.everything:
        return applied
    if applied is None:
        news = True
    elif newer is not None:
        news = bool(reviewed.plan.effective_changes) and selection.accepts(newer)
    else:
        before = is_before(loaded.root, commit, applied.commit)
        news = not before and not left_alone(loaded.root, applied.commit, commit)
    return AppliedCommit(commit, declares(declared(loaded, everything=True))) if news else applied
