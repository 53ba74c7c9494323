"""Statistics of a file, gathered row by row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from ftops.datasets.conversation import Outline
from ftops.model.capabilities import DataFormat
from ftops.model.data_check import Statistics


class Figures:
    """The figures of one file while it is read."""

    def __init__(self) -> None:
        self._rows = 0
        self._forms: Counter[str] = Counter()
        self._roles: Counter[str] = Counter()
        self._tools = self._images = 0
        self.rows_with_images = 0
        self._duplicates = 0
        self._longest = (0, None)  # type: tuple[int, int | None]

    def line(self, number: int, size: int) -> None:
        """Count a line that holds a row, whatever it is."""
        self._rows += 1
        if size > self._longest[0]:
            self._longest = (size, number)

    def duplicate(self) -> None:
        """Count a row that repeats an earlier one."""
        self._duplicates += 1

    def row(self, row: Mapping[str, Any], found: Outline | None) -> str:
        """Count what a parsed row holds; return its form."""
        form = _shown_form(row)
        self._forms[form] += 1
        if found is not None:
            self._roles.update(found.roles)
            if found.images:
                self._images += found.images
                self.rows_with_images += 1
        holder = row.get("input", row) if form == DataFormat.PREFERENCE else row
        if isinstance(holder, dict) and holder.get("tools"):
            self._tools += 1
        return form

    def statistics(self) -> Statistics:
        """Sum up."""
        size, line = self._longest
        return Statistics(
            rows=self._rows,
            forms=dict(sorted(self._forms.items())),
            roles=dict(sorted(self._roles.items())),
            rows_with_tools=self._tools,
            images=self._images,
            duplicate_rows=self._duplicates,
            longest_row=size,
            longest_row_line=line,
        )


_SHOWN = (
    (DataFormat.PREFERENCE, frozenset({"messages", "chosen", "rejected"})),
    (DataFormat.CHAT, frozenset({"messages"})),
    (DataFormat.PREFERENCE, frozenset({"input", "preferred_output", "non_preferred_output"})),
    (DataFormat.PROMPT_COMPLETION, frozenset({"prompt", "completion"})),
)


def _shown_form(row: Mapping[str, Any]) -> str:
    for form, keys in _SHOWN:
        if row.keys() >= keys:
            return form.value
    return "other"
