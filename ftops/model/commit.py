"""Commit: which commit of a repository declares what is declared."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from ftops.model.identifiers import Count, Digest

HASH = "[0-9a-f]{40}|[0-9a-f]{64}"
"""A pattern: SHA-1 or SHA-256. Only what fits is handed to git and printed."""

Hash = Annotated[str, Meta(pattern=rf"\A(?:{HASH})\Z", title="a hash of git's")]


class Commit(Struct, frozen=True, forbid_unknown_fields=True):
    """A Git commit. `committed_at` is in Unix seconds, by the clock of whoever committed."""

    id: Hash
    committed_at: Count

    def __str__(self) -> str:
        return self.id[:12]


class AppliedCommit(Struct, frozen=True, forbid_unknown_fields=True):
    """The commit that all of a project was last applied from, and the digest of what it declares."""

    commit: Commit
    declares: Digest
