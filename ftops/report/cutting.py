"""How a document gets shorter: the least important first, whole rows and folds, and it says so.

What is measured is the finished text in bytes of UTF-8: one sign may become thirteen characters.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum

from msgspec import Struct

from ftops.model.value import replace
from ftops.report.escaping import MOST_OF_A_TEXT


class Place(StrEnum):
    """Where a document goes."""

    GITHUB = "github"
    GITLAB = "gitlab"
    BITBUCKET = "bitbucket"
    AZURE_DEVOPS = "azure-devops"
    JOB_SUMMARY = "job-summary"


BUDGETS: Mapping[Place, int] = {
    Place.GITHUB: 60_000,
    Place.GITLAB: 900_000,
    Place.BITBUCKET: 30_000,
    Place.AZURE_DEVOPS: 140_000,
    Place.JOB_SUMMARY: 900_000,
}
"""Bytes of UTF-8. The limits are 65,536, 1,000,000, 32,768 and 150,000 characters, and 1 MiB: bytes are the
safe side, and the rest is for what a workflow adds."""


class Cuts(Struct, frozen=True):
    """How many of each are kept, None for all; `free` and `paid` are how many units are left out.

    `most` is the room of one text, in columns.
    """

    chains: int | None = None
    samples: int | None = None
    jobs: int | None = None
    settings: int | None = None
    every: int | None = None
    files: int | None = None
    pending: int | None = None
    free: int = 0
    paid: int = 0
    remarks: int | None = None
    bullets: int | None = None
    most: int = MOST_OF_A_TEXT
    grave: int | None = None


Stage = tuple[str, Sequence[int]]
"""A field of Cuts, and its values from the least that is left out to the most."""

LAST_STAGES: tuple[Stage, ...] = (("most", (200, 80, 30)), ("grave", (20, 10, 5, 0)))
"""For a document that is still too long: somebody writes very long texts, or the place is very small."""


def fitted(draw: Callable[[Cuts], str], budget: int, stages: Sequence[Stage]) -> str:
    """Draw a document with as little left out as makes it fit; one that never fits at its shortest."""
    cuts = Cuts()
    text = draw(cuts)
    for name, values in (*stages, *LAST_STAGES):
        if len(text.encode()) <= budget:
            break
        if not values:
            continue
        chosen = _first_that_fits(draw, budget, cuts, name, values)
        cuts = replace(cuts, **{name: chosen})
        text = draw(cuts)
    return text


def _first_that_fits(
    draw: Callable[[Cuts], str], budget: int, cuts: Cuts, name: str, values: Sequence[int]
) -> int:
    def fits(value: int) -> bool:
        return len(draw(replace(cuts, **{name: value})).encode()) <= budget

    return values[min(bisect_left(values, True, key=fits), len(values) - 1)]


def kept(things: Sequence[object], most: int | None) -> int:
    """Count those that stay."""
    return len(things) if most is None else min(most, len(things))
