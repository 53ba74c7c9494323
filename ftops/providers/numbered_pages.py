"""Lists that page by number: page 0, page 1, ... with a total and no `has_more`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ftops.model.value import replace
from ftops.providers.paging import BrokenPaging, Page, Pages
from ftops.transport.exchange import Request

Items = Callable[[Any], tuple[tuple[Any, ...], int | None]]
"""Reads a reply: its items, and how many the whole list has where it says so."""


def numbered(first: Request, page_size: int, items: Items) -> Pages:
    """Return how such a list is walked, once: the pages are counted as they come.

    With a total it ends where that many have come; an empty page before that contradicts the total, and the
    list is incomplete. Without one it ends at a page that is not full.
    """
    count = _Count(page_size, items)
    asked = replace(first, query={**first.query, **_page("0")})
    return Pages(asked, count.decode, _page, lambda last, page: last.guessed and last.items == page.items)


class _Count:
    """What has come so far of one list."""

    def __init__(self, page_size: int, items: Items) -> None:
        self._page_size = page_size
        self._items = items
        self._pages = 0
        self._seen = 0

    def decode(self, body: Any) -> Page:
        """Read the next page. Raises Unreadable and BrokenPaging."""
        items, total = self._items(body)
        self._pages += 1
        self._seen += len(items)
        following = str(self._pages)
        if total is None:
            return Page(items, following if len(items) >= self._page_size else None, guessed=True)
        if self._seen >= total:
            return Page(items)
        if not items:
            raise BrokenPaging(f"it has {total} items, and shows {self._seen}")
        return Page(items, following)


def _page(number: str) -> Mapping[str, str]:
    return {"page": number}
