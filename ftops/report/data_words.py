"""What has changed in the rows of a data file, in words."""

from __future__ import annotations

from ftops.model.data_difference import RowsDifference
from ftops.report.words import counted


def what_changed(rows: RowsDifference) -> str:
    """Say what has changed, without the path."""
    if rows.same:
        return "the rows are the same"
    if rows.only_moved:
        return f"only the order of its {counted(rows.after, 'row')} changed"
    counts = [(rows.changed, "changed"), (rows.added, "added"), (rows.removed, "removed")]
    (first, how), *others = [(count, verb) for count, verb in counts if count]
    said = ", ".join([f"{counted(first, 'row')} {how}", *(f"{count} {verb}" for count, verb in others)])
    order = ", and the order changed" if rows.moved else ""
    return f"{said}{order} (was {rows.before})"
