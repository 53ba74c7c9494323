"""What becomes of a request that has no whole reply: it was certainly not sent, or nobody knows."""

from __future__ import annotations


class WireError(Exception):
    """No whole reply. `cause` is in the system's words; `proxy` is the host in between, None without one."""

    def __init__(self, cause: str, proxy: str | None = None, *, late: bool = False) -> None:
        super().__init__(cause)
        self.cause = cause
        self.late = late
        self.through = f" through the proxy {proxy}" if proxy else ""


class NotReached(WireError):
    """The connection was never made: certainly nothing arrived."""


class Broken(WireError):
    """The connection ended, or the time did: the request may have arrived."""
