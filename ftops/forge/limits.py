"""How long a forge asks to stay away; None where an answer is not about its limits at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct

from ftops.transport.outcome import retry_after

SECONDARY_SECONDS = 60.0
"""What GitHub's documentation asks for after a limit that names no time; doubled with each further one."""


class Reply(Struct, frozen=True):
    """What a server answered; header names are in lower case, and no secret is in the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def good(self) -> bool:
        """Return whether it was done."""
        return 200 <= self.status < 300  # noqa: PLR2004 - the 2xx of HTTP


Limited = Callable[[Reply, float, int], float | None]
"""Reply, Unix seconds now, how often it was limited before -> the seconds to stay away."""


def github_limit(reply: Reply, now: float, before: int) -> float | None:
    """Tell apart the three meanings of a 403, in the order that GitHub's documentation asks for.

    Secondary limits often come without Retry-After and with requests remaining: then only the text tells.
    What is left is a permission, which no wait brings.
    """
    if reply.status not in (403, 429):
        return None
    asked = retry_after(reply.headers.get("retry-after"))
    if asked is not None:
        return asked
    if reply.headers.get("x-ratelimit-remaining") == "0":
        return _until(reply.headers.get("x-ratelimit-reset"), now) or _growing(before)
    words = reply.body[:4096].lower()
    if reply.status == 429 or b"secondary rate limit" in words or b"abuse detection" in words:  # noqa: PLR2004
        return _growing(before)
    return None


def gitlab_limit(reply: Reply, now: float, before: int) -> float | None:
    """Read both kinds of GitLab's 429: the application's (JSON) and the one in front of it (plain text)."""
    if reply.status != 429:  # noqa: PLR2004 - a status code is its own best name
        return None
    asked = retry_after(reply.headers.get("retry-after"))
    if asked is not None:
        return asked
    return _until(reply.headers.get("ratelimit-reset"), now) or _growing(before)


def _growing(before: int) -> float:
    return SECONDARY_SECONDS * 2.0**before


def _until(moment: str | None, now: float) -> float | None:
    """Return the seconds until a moment in Unix seconds, None for what is none or is over."""
    if moment is None or not (moment.isascii() and moment.isdigit()):
        return None
    left = float(moment[:12]) - now
    return left + 1 if left > 0 else None
