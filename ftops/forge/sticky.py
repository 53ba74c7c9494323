"""Which comment is ours, and what is to be done so that there is one: decided from a list, without effects.

Ours is what our own author wrote and whose whole first line is the marker. "Contains" would not do: another
tool may quote us, and the marker of project `a` is inside that of `a-2`.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct

from ftops.forge.port import Comment


class Behavior(StrEnum):
    """What becomes of a comment that is there: it is kept up to date, or a new one follows it.

    `REFRESH` keeps one up to date and makes none: an old one must not say what is no longer so.
    """

    UPDATE = "update"
    NEW = "new"
    REFRESH = "refresh"


class Step(Struct, frozen=True):
    """What is to be done: `update` a comment, or `create` one, or neither; then `delete` older ones."""

    update: Comment | None = None
    create: bool = False
    delete: tuple[Comment, ...] = ()


def own(comments: Iterable[Comment], author: str, marker: str) -> tuple[Comment, ...]:
    """Return our comments, the newest first."""
    found = (one for one in comments if one.author == author and one.first_line == marker)
    return tuple(sorted(found, key=lambda one: one.id, reverse=True))


def decide(ours: tuple[Comment, ...], behavior: Behavior, before: frozenset[int]) -> Step:
    """Decide from our comments, the newest first. `before` are the ids that were there when the run began.

    Of two runs at once each may have made one: the newest stays, and everybody agrees which that is.
    """
    if behavior is Behavior.NEW:
        # What a lost reply has left is the one that was to be made.
        ours = tuple(one for one in ours if one.id not in before)[:1]
    if not ours:
        return Step(create=behavior is not Behavior.REFRESH)
    newest, *older = ours
    return Step(update=newest, delete=tuple(older) if behavior is Behavior.UPDATE else ())


def same_text(one: str, other: str) -> bool:
    """Return whether two texts are one to a forge, which may trim it and change its line ends."""
    return one.replace("\r\n", "\n").strip() == other.replace("\r\n", "\n").strip()
