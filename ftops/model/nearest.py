"""The known word that somebody probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_LONGEST_COMPARED = 64
"""Characters of a word that can be a slip of a known one; to compare longer ones takes their square."""
_MOST_COMPARED = 500
"""Among more words than this the nearest one is not looked for: 10,000 mistakes among 10,000 names
would take minutes."""


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """Offer the nearest known word; None where none is near."""
    text = sorted(one for one in known if len(one) <= _LONGEST_COMPARED)
    comparable = len(word) <= _LONGEST_COMPARED and len(text) <= _MOST_COMPARED
    near = difflib.get_close_matches(word, text, n=1, cutoff=0.6) if comparable else []
    return f"did you mean {near[0]!r}?" if near else None
