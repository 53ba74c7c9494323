"""Pages of the `after` / `limit` / `has_more` kind."""

from __future__ import annotations

from typing import Any

from ftops.emulator.replies import ApiError

MOST_A_PAGE = 1000


def paged(items: list[dict[str, Any]], query: dict[str, str], default: int) -> dict[str, Any]:
    """Cut a page out of a list of objects with ids."""
    limit, after = page_limit(query, default), query.get("after")
    ids = [item["id"] for item in items]
    start = 0 if after is None else ids.index(after) + 1 if after in ids else len(items)
    return {
        "object": "list",
        "data": items[start : start + limit],
        "has_more": start + limit < len(items),
    }


def page_limit(query: dict[str, str], default: int) -> int:
    """Take `limit` from a query."""
    raw = query.get("limit", str(default))
    if not raw.isdecimal() or not 1 <= int(raw) <= MOST_A_PAGE:
        raise ApiError(400, f"'limit' must be between 1 and {MOST_A_PAGE}.", param="limit")
    return int(raw)
