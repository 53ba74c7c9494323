"""Commit: which commit of a repository declares what is declared."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Commit:
    """A Git commit, as far as runs compare theirs.

    `tree` is that of the project's directory alone: in a repository of many projects most commits leave
    it as it was. `committed_at` is in Unix seconds, by the clock of whoever committed.
    """

    id: str
    tree: str
    committed_at: int

    def __str__(self) -> str:
        return self.id[:12]
