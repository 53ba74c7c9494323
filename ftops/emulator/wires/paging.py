"""Pages of lists that are short enough to be made whole."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from ftops.emulator.wires.refusals import bad_value

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A stretch of a list, and whether more follows."""

    items: Sequence[T]
    has_more: bool


def cut_page(items: Sequence[T], id_of: Callable[[T], str], after: str | None, limit: int) -> Page[T]:
    """Return the items after the one with the id `after`; past the end, an empty page."""
    start = 0
    if after:
        ids = [id_of(item) for item in items]
        if after not in ids:
            raise unknown_cursor(after)
        start = ids.index(after) + 1
    return Page(items[start : start + limit], start + limit < len(items))


def unknown_cursor(after: str) -> Exception:
    """Return the refusal of a cursor that names nothing in the list."""
    return bad_value("after", f"no object with the id '{after[:80]}'.")
