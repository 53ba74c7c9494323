"""Makes it so that a pull request has our comment, once, whatever is lost on the way.

A create is the one call whose repetition does harm: after any doubt the comments are listed again, and what
to do is decided from what is there. Runs that are killed at any moment leave at most what the next one finds.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from msgspec import Struct

from ftops.errors import ForgeError
from ftops.forge.port import Clock, Comment, Forge, Gone, TooLong, Unsure
from ftops.forge.sticky import Behavior, Step, decide, own, same_text

TRIES = 3
SECOND_LOOK = 1.0
"""Seconds before a miss is believed: a comment deleted between two pages shifts one past the reader."""

BETWEEN_WRITES = 1.0
"""Seconds that GitHub asks to leave between two writes."""

Draft = Callable[[int], str]
"""Bytes of UTF-8 that the comment may have -> its text, whose first line is the marker."""


class Outcome(StrEnum):
    """What was done."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    NOTHING = "nothing"


class Settled(Struct, frozen=True):
    """What was done, and to which comment. `left` says why older ones could not be deleted."""

    outcome: Outcome
    url: str = ""
    deleted: int = 0
    left: tuple[str, ...] = ()


def settle(forge: Forge, number: int, draft: Draft, behavior: Behavior, clock: Clock) -> Settled:
    """Create or update our comment. Raises ForgeError when it is not known to stand there."""
    return _Settling(forge, number, draft, clock).settled(behavior)


class _Settling:
    def __init__(self, forge: Forge, number: int, draft: Draft, clock: Clock) -> None:
        self._forge = forge
        self._number = number
        self._clock = clock
        self._draft = draft
        self._text = forge.as_written(draft(forge.budget))
        self._marker = self._text.partition("\n")[0]
        self._author = forge.author()

    def settled(self, behavior: Behavior) -> Settled:
        ours = self._ours()
        before = frozenset(one.id for one in ours)
        trouble: ForgeError | None = None
        for tried in range(TRIES):
            if trouble is not None:
                self._clock.sleep(2.0**tried)
                ours = self._ours()
            step = decide(ours, behavior, before)
            if step.create:
                self._clock.sleep(SECOND_LOOK)
                ours = self._ours()
                step = decide(ours, behavior, before)
            try:
                return self._carried_out(step, behavior)
            except (Unsure, Gone) as error:
                trouble = error
        return self._arrived(behavior, before, trouble)

    def _carried_out(self, step: Step, behavior: Behavior) -> Settled:
        if step.update is None and not step.create:
            return Settled(Outcome.NOTHING)
        if step.update is not None and same_text(step.update.body, self._text):
            return self._tidied(Outcome.UNCHANGED, step.update, step.delete)
        written = self._written(step.update)
        if step.update is not None:
            return self._tidied(Outcome.UPDATED, written, step.delete)
        older: tuple[Comment, ...] = ()
        if written.author is not None and written.author != self._author and behavior is Behavior.UPDATE:
            # Who we are was a guess, and now the forge has said it.
            self._author = written.author
            older = tuple(one for one in self._ours() if one.id < written.id)
        return self._tidied(Outcome.CREATED, written, older)

    def _written(self, there: Comment | None) -> Comment:
        """Write the text; one that is too long is cut once more."""
        try:
            return self._sent(there)
        except TooLong:
            self._text = self._forge.as_written(self._draft(self._forge.budget // 2))
            return self._sent(there)

    def _sent(self, there: Comment | None) -> Comment:
        if there is None:
            return self._forge.create(self._number, self._text)
        return self._forge.update(self._number, there.id, self._text)

    def _tidied(self, outcome: Outcome, kept: Comment, older: tuple[Comment, ...]) -> Settled:
        """Delete older ones, only now: there is never a moment without a comment."""
        left = []
        for one in older:
            self._clock.sleep(BETWEEN_WRITES)
            try:
                self._forge.delete(self._number, one.id)
            except Gone:
                continue
            except ForgeError as error:
                left.append(error.message)
        return Settled(outcome, kept.url, len(older) - len(left), tuple(left))

    def _arrived(self, behavior: Behavior, before: frozenset[int], trouble: ForgeError | None) -> Settled:
        """Look once more after the last try: it may have had its effect, too."""
        step = decide(self._ours(), behavior, before)
        if step.update is not None and same_text(step.update.body, self._text):
            return self._tidied(Outcome.UPDATED, step.update, step.delete)
        raise trouble or ForgeError("the comment could not be written")

    def _ours(self) -> tuple[Comment, ...]:
        return own(self._forge.comments(self._number), self._author, self._marker)
