"""The matrix of providers for the terminal and as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from msgspec import Struct

from ftops.model.capabilities import Capabilities, StampPlace
from ftops.report.layout import narrowed
from ftops.report.words import Styler, counted, plain
from ftops.review.outlook import Creates, Outlook

MARKS: Mapping[StampPlace, str] = {
    StampPlace.METADATA: "whole",
    StampPlace.SUFFIX: "tag",
    StampPlace.CLIENT_ID: "own id",
    StampPlace.NONE: "none",
}
"""How a job is marked, in a word."""


OWN_SERVICE, ANOTHER_SERVER, EMULATOR = "service", "another server", "emulator"


LEFT_OUT = (
    (),
    ("PROVIDER",),
    ("PROVIDER", "MODELS END"),
    ("PROVIDER", "MODELS END", "MARK"),
    ("PROVIDER", "MODELS END", "MARK", "UNTIL"),
)
"""Columns that a narrow terminal's table does without; the pages of the providers have them all."""


class UsedBy(Struct, frozen=True):
    """A provider of the project, and what it is reached at: its own service, another server, the emulator."""

    provider: str
    at: str


class ProviderRow(Struct, frozen=True):
    """One line of the matrix. `service` is None for a format that no known service speaks."""

    dialect: str
    title: str
    service: str | None
    outlook: Outlook
    capabilities: Capabilities
    used_by: tuple[UsedBy, ...] = ()


def method_words(can: Capabilities) -> str:
    """Name the methods that a format carries."""
    return ", ".join(can.methods)


def render_providers(
    rows: Sequence[ProviderRow], today: date, *, width: int | None = None, style: Styler = plain
) -> str:
    """Draw the matrix: what the project uses, who takes jobs today, until when, and how jobs are marked."""
    titles = ("DIALECT", "PROVIDER", "USED BY", "NEW JOBS", "UNTIL", "MODELS END", "MARK", "METHODS")
    table = narrowed([titles, *map(_cells, rows)], LEFT_OUT, width)
    used = sum(1 for row in rows if row.used_by)
    last = (
        f"{counted(len(rows), 'dialect')} on {today}, {used} used here. What ends here when: `ftops doctor`."
    )
    return f"{table}{style(last, 'bold')}\n"


def _cells(row: ProviderRow) -> tuple[str, ...]:
    known = row.service is not None
    return (
        row.dialect,
        row.title,
        ", ".join(_user(one) for one in row.used_by) or "-",
        str(row.outlook.creates) if known else "-",
        row.outlook.until if known else "-",
        row.outlook.tuned_models if known else "-",
        MARKS[row.capabilities.stamp],
        method_words(row.capabilities),
    )


def _user(one: UsedBy) -> str:
    return one.provider if one.at == OWN_SERVICE else f"{one.provider} ({one.at})"


def providers_document(rows: Sequence[ProviderRow], today: date, collected: date) -> dict[str, Any]:
    """Write the matrix as data; `collected` is the day of the table of ends."""
    return {"date": str(today), "collected": str(collected), "providers": [_document(row) for row in rows]}


def _document(row: ProviderRow) -> dict[str, Any]:
    stands, known = row.outlook, row.service is not None
    ends = stands.decided
    return {
        "dialect": row.dialect,
        "title": row.title,
        "service": row.service,
        "used_by": [{"provider": one.provider, "at": one.at} for one in row.used_by],
        "creates": {Creates.YES: "yes", Creates.NO: "no"}.get(stands.creates, "some") if known else None,
        "creates_of": str(stands.creates) if known else None,
        "creates_end": str(ends.date) if ends else None,
        "creates_end_by_model": [str(day) for day in stands.models or ()],
        "source": ends.source if ends else None,
        "tuned_models_end": [str(day) for day in stands.tuned or ()],
        "mark": row.capabilities.stamp.value,
        "methods": [method.value for method in row.capabilities.methods],
    }
