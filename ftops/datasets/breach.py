"""One thing that is wrong with one row, before it is counted."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from ftops.datasets.columns import Steps, column_of
from ftops.datasets.tables import hint, sentence

_LONGEST_SHOWN = 60


class Breach(Struct, frozen=True):
    """A rule that is broken. `place` is where in the row, for people; `shown` fills the rule's sentence.

    `advice` is what to do where the rule's own hint does not know it. `steps` lead to the value that is
    meant, or to its key; `column` is known where the line is no JSON.
    """

    kind: str
    place: str = ""
    shown: Mapping[str, object] = field(default_factory=dict)
    advice: str | None = None
    column: int | None = None
    steps: Steps | None = None
    at_key: bool = False

    def column_in(self, line: bytes) -> int | None:
        """Return the column of what is meant, from 1; None where it is not one place."""
        if self.column is not None or self.steps is None:
            return self.column
        return column_of(line, self.steps, at_key=self.at_key)

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
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 3]}..."
