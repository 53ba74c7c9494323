"""Creates whose id is ours: sent again in the same session they make no second job, so that is the look-up.

That holds for the very same id alone. Another name, number or fingerprint, and a memory that was lost, make
another job of it: then two lists have to prove that the first never arrived, as everywhere.
"""

from __future__ import annotations

from hashlib import sha256

from ftops.model.state import Intent
from ftops.model.value import replace

_DIGEST = 16


def id_made_of(name: str, fingerprint: str, generation: int, attempt: int) -> str:
    """Return what stands for the id that a dialect makes of a create; project and lineage are the state's."""
    parts = (name, fingerprint, generation, attempt)
    return sha256("\n".join(map(str, parts)).encode()).hexdigest()[:_DIGEST]


def judged_again(name: str, intent: Intent, session: str | None, wanted: str | None) -> Intent:
    """Return the intent as this session leaves it: sure, to be sent again, or in doubt.

    `wanted` is the fingerprint that is to be trained under the name now, None where nothing is.
    """
    if intent.repeats_in is None or session is None:
        return intent
    if session != intent.repeats_in:
        surely = intent.lapsed and not intent.unanswered
        return intent if surely else replace(_reopened(intent), repeats_in=None, repeats_as=None)
    if intent.unanswered and intent.lapsed and not repeatable(name, intent, session, wanted):
        return _reopened(intent)
    return intent


def repeatable(name: str, intent: Intent, session: str | None, wanted: str | None) -> bool:
    """Return whether the next create of this name is this one again, under the same id."""
    same = id_made_of(name, intent.fingerprint, intent.generation, intent.attempt) == intent.repeats_as
    return same and wanted == intent.fingerprint and session is not None and session == intent.repeats_in


def _reopened(intent: Intent) -> Intent:
    return replace(intent, lapsed=False, unanswered=False, withdrawn_at=None, absent_since=None)
