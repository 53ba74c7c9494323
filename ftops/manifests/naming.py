"""Names for fine-tunes that nobody has named yet: from what a job calls itself, valid and not taken."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from ftops.model.job import Job

LONGEST_NAME = 63
_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")


def name_for(job: Job) -> str:
    """Return what a job would be called: by its suffix, else by its base model."""
    spelled = (spelled_as_name(text) for text in (job.suffix, _last_part(job.model)))
    return next(filter(None, spelled), "fine-tune")


def spelled_as_name(text: str | None) -> str:
    """Spell a text with the signs that a name may have; empty where none of its signs is one."""
    plain = unicodedata.normalize("NFKD", text or "").encode("ascii", "ignore").decode().lower()
    return _shortened(_NOT_IN_NAMES.sub("-", plain).strip("-"), LONGEST_NAME)


class FreeNames:
    """Gives each name once; a second wish for the same one gets a number."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)
        self._next: dict[str, int] = {}

    def take(self, wish: str) -> str:
        """Return this name, or the first free `NAME-2`, `NAME-3`, ..."""
        name, number = wish, self._next.get(wish, 2)
        while name in self._taken:
            ending = f"-{number}"
            name, number = _shortened(wish, LONGEST_NAME - len(ending)) + ending, number + 1
        self._next[wish] = number
        self._taken.add(name)
        return name


def _last_part(model: str | None) -> str | None:
    """Return a model's own name: what stands before it is an owner, what follows a colon a tuning."""
    if model is None:
        return None
    own = model.rstrip("/").rsplit("/", 1)[-1]
    return own.split(":")[1] if own.startswith("ft:") and own.count(":") > 1 else own


def _shortened(name: str, length: int) -> str:
    return name[:length].rstrip("-")
