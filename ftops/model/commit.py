"""Commit: which commit of a repository declares what is declared."""

from __future__ import annotations

from msgspec import Struct

HASH = "[0-9a-f]{40}|[0-9a-f]{64}"
"""A pattern: SHA-1 or SHA-256. Only what fits is handed to git and printed."""


class Commit(Struct, frozen=True):
    """A Git commit. `committed_at` is in Unix seconds, by the clock of whoever committed."""

    id: str
    committed_at: int

    def __str__(self) -> str:
        return self.id[:12]


class AppliedCommit(Struct, frozen=True):
    """The commit that all of a project was last applied from, and the digest of what it declares."""

    commit: Commit
    declares: str
