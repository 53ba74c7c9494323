"""Where to listen: `HOST:PORT`, or a port alone, which is one of loopback."""

from __future__ import annotations

import re

from msgspec import Struct

from ftops.errors import UsageError

LOOPBACK = "127.0.0.1"
_LAST_PORT = 65_535
_WRITTEN = re.compile(r"(?:(?:(?P<host>[A-Za-z0-9_.-]+)|\[(?P<six>[0-9A-Fa-f:.]+)\])?:)?(?P<port>[0-9]{1,5})")


class ListenAddress(Struct, frozen=True):
    """A host and a port; 0 picks a free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def listen_address(text: str) -> ListenAddress:
    """Read `HOST:PORT`, `[IPV6]:PORT`, `:PORT` or `PORT`. Raises UsageError."""
    found = _WRITTEN.fullmatch(text)
    if found is None or int(found["port"]) > _LAST_PORT:
        raise UsageError(
            f"--listen {text!r} is not an address to listen at",
            hint="write HOST:PORT, or :PORT for this machine alone; 0.0.0.0:PORT is for everybody",
        )
    return ListenAddress(found["host"] or found["six"] or LOOPBACK, int(found["port"]))
