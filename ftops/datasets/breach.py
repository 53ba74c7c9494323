"""One thing that is wrong with one row, before it is counted."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from ftops.datasets.tables import hint, sentence

_LONGEST_SHOWN = 60


class Breach(Struct, frozen=True):
    """A rule that is broken. `place` is where in the row; `shown` fills the rule's sentence.

    `advice` is what to do where the rule's own hint does not know it.
    """

    kind: str
    place: str = ""
    shown: Mapping[str, object] = field(default_factory=dict)
    advice: str | None = None
    column: int | None = None

    @property
    def message(self) -> str:
        """The whole sentence."""
        said = sentence(self.kind, **self.shown)
        return f"{self.place} {said}" if self.place else said

    @property
    def hint(self) -> str | None:
        """What to do."""
        return self.advice or hint(self.kind)


def shown(value: object) -> str:
    """A value of the row as a message has it: short, and never a whole text or image."""
    words = repr(value)
    return words if len(words) <= _LONGEST_SHOWN else f"{words[: _LONGEST_SHOWN - 3]}..."
