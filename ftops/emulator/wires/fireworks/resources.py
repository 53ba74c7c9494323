"""What all of Fireworks' collections share: names, ids, times, and pages by token."""

import base64
import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from flask import request

from ftops.emulator.wires.fireworks.errors import bad

DEFAULT_PAGE, LARGEST_PAGE = 50, 200
_ID = re.compile(r"[a-z][a-z0-9-]{0,62}")
_FILTER = re.compile(r'\s*(\w+)\s*=\s*"?([^"]*)"?\s*')


def check_id(an_id: str, what: str) -> str:
    """Refuse an id that is none. The rule is the one of resource names in general; theirs is not known."""
    if _ID.fullmatch(an_id) is None:
        raise bad(f"{what} {an_id[:80]!r} must match [a-z][a-z0-9-]{{0,62}}")
    return an_id


def short(name: str) -> str:
    """Return the last part of a resource name."""
    return name.rsplit("/", 1)[-1]


def timestamp(seconds: float) -> str:
    """RFC 3339 in milliseconds, as proto3's JSON has it."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def page_of(key: str, items: Sequence[dict[str, Any]], *, repeat: bool = False) -> dict[str, Any]:
    """Cut a page by `pageSize`, `pageToken`, `filter` and `orderBy`; an empty list has no array at all.

    A token is good only with the query that it was given for.
    """
    size = _page_size()
    found = [item for item in items if _wanted(item)]
    field, _, direction = request.args.get("orderBy", "name").strip().partition(" ")
    found.sort(key=lambda item: (str(item.get(field, "")), item["name"]), reverse=direction == "desc")
    query = hashlib.sha256(
        repr([request.args.get(name) for name in ("filter", "orderBy", "pageSize")]).encode()
    ).hexdigest()[:8]
    token = None if repeat else request.args.get("pageToken")
    start = _start(token, query, [item["name"] for item in found]) if token else 0
    page = found[start : start + size]
    shown: dict[str, Any] = {key: page} if page else {}
    if page and (repeat or start + size < len(found)):
        shown["nextPageToken"] = base64.urlsafe_b64encode(f"{query}:{page[-1]['name']}".encode()).decode()
    elif page:
        shown["nextPageToken"] = ""
    return {**shown, "totalSize": len(found)} if found else shown


def _page_size() -> int:
    text = request.args.get("pageSize", "0")
    if not text.isascii() or not text.isdigit():
        raise bad("pageSize must be a number")
    return min(int(text[:9]) or DEFAULT_PAGE, LARGEST_PAGE)


def _start(token: str, query: str, names: list[str]) -> int:
    try:
        given, _, name = base64.urlsafe_b64decode(token).decode().partition(":")
    except ValueError:
        raise bad("pageToken is not one of ours") from None
    if given != query or name not in names:
        raise bad("pageToken belongs to another list")
    return names.index(name) + 1


def _wanted(item: dict[str, Any]) -> bool:
    """Take `field="value"` of AIP-160, the only form that is emulated."""
    text = request.args.get("filter")
    if not text:
        return True
    found = _FILTER.fullmatch(text)
    if found is None:
        raise bad(f"filter {text[:80]!r} cannot be parsed")
    return str(item.get(found[1], "")) == found[2]
