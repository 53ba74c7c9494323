"""What goes out with a request and what comes back, as values; and what can never be sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import orjson

from ftops.errors import FtopsError
from ftops.model.json_value import JSON


@dataclass(frozen=True, slots=True)
class Attached:
    """What goes with every request of a provider: the credential's headers, and extras for a gateway.

    `query` goes with every request, `body` into every JSON body and, as text, into every form; the format's
    own fields always win.
    """

    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, JSON] = field(default_factory=dict)

    @property
    def form(self) -> dict[str, str]:
        """Return the body's extras as a form holds them."""
        return {
            name: value if isinstance(value, str) else orjson.dumps(value).decode()
            for name, value in self.body.items()
        }


@dataclass(frozen=True, slots=True)
class HttpReply:
    """A 2xx reply with its JSON."""

    status: int
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class LineStream:
    """A 2xx reply whose lines come one by one; a break raises ProviderError from the iterator."""

    status: int
    headers: Mapping[str, str]
    lines: Iterator[str]


def check_url(provider: str, url: str) -> None:
    """Refuse what cannot be an API's address, before any request."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or "@" in url or "?" in url or "#" in url:
        raise FtopsError(
            f"provider {provider}: base_url is not an http(s) address without credentials and query",
            hint="write it like https://api.example.com/v1",
        )


def check_headers(provider: str, headers: Mapping[str, str]) -> None:
    """Refuse a header that cannot be sent, before any request; its value may be a key, and is not shown."""
    for name, value in headers.items():
        if not (f"{name}{value}".isascii() and f"{name}{value}".isprintable()) or value != value.strip():
            raise FtopsError(
                f"provider {provider}: the value for header {name!r} has a line break, an outer space or a"
                " character that no header may have",
                hint="was the key pasted or read with a line break at its end?",
            )
