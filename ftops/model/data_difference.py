"""How the rows of a data file differ from those that were trained on."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from ftops.errors import Problem


class RowsDifference(Struct, frozen=True, gc=False):
    """Two versions of a file, in counts. `before` and `after` are how many rows each of them has.

    A row is `changed` where another one stands in its place, or is much like it. `moved`: what both have is
    not in the same order, which trains again, as anything but line ends and blank lines does.
    """

    path: str
    before: int
    after: int
    added: int = 0
    removed: int = 0
    changed: int = 0
    moved: bool = False

    @property
    def same(self) -> bool:
        """Return whether both train the same."""
        return not (self.added or self.removed or self.changed or self.moved)

    @property
    def only_moved(self) -> bool:
        """Return whether both hold the very same rows, in another order."""
        return self.moved and not (self.added or self.removed or self.changed)


class SampleKind(StrEnum):
    """What happened to a row."""

    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"


class PartDifference(Struct, frozen=True):
    """What differs inside a changed row, cut to where it does; None where one side has nothing there."""

    place: str
    before: str | None
    after: str | None


class RowSample(Struct, frozen=True):
    """One row that differs, by its number on each side where it is. `text` is its beginning.

    `parts` are those of a changed row that differ; a few of them.
    """

    kind: SampleKind
    before: int | None = None
    after: int | None = None
    text: str | None = None
    parts: tuple[PartDifference, ...] = ()


class FileDifference(Struct, frozen=True):
    """One file, as it is now and as it was. `name` and `role` say for which fine-tune it is read.

    `against` names the earlier version, `before` and `after` are the digests of all rows. `rows` is None
    where the earlier rows are not known, and `problem` says so. `bytes_differ` is None where the earlier
    bytes are not known.
    """

    path: str
    against: str
    name: str | None = None
    role: str | None = None
    before: str | None = None
    after: str | None = None
    rows: RowsDifference | None = None
    bytes_differ: bool | None = None
    samples: tuple[RowSample, ...] = ()
    problem: Problem | None = None

    @property
    def trains_again(self) -> bool:
        """Return whether what differs is part of what is trained."""
        return self.before != self.after


class DataDiff(Struct, frozen=True):
    """Every file that was compared. `withheld`: the project does not show rows in what is printed of it."""

    files: tuple[FileDifference, ...]
    withheld: bool = False
