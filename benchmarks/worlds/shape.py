"""How large a world is, and how it is laid out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

MANY = 1_000
"""Documents in one file where a file holds many: ftops reads no manifest above 1 MiB."""

FOLDER = 1_000
"""Files in one folder."""

FINE_TUNES_A_DATA_FILE = 10


class Layout(StrEnum):
    """A file for each fine-tune, or `MANY` documents in one."""

    EACH = "each"
    MANY = "many"


@dataclass(frozen=True, slots=True)
class Shape:
    """The size of a world. `applied`: there are a state and jobs, so that a plan finds nothing to do.

    A data file has `rows` rows of about `row_bytes` bytes.
    """

    fine_tunes: int
    layout: Layout = Layout.EACH
    applied: bool = True
    data_files: int | None = None
    rows: int = 12
    row_bytes: int = 100

    @property
    def files(self) -> int:
        """How many data files there are."""
        return self.data_files or max(1, self.fine_tunes // FINE_TUNES_A_DATA_FILE)
