"""What goes out with a request and what comes back, as values; and what can never be sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
from msgspec import Struct, field

from ftops.errors import Failure, FtopsError, InvalidInput, Rejected
from ftops.model.json_value import JSON

Digest = Any
"""A digest of `hashlib` that is not finished. It is never changed: whoever goes on takes a copy."""

LARGEST = 64 * 2**20
"""Bytes of a whole reply, unpacked: a page of a hundred jobs has some hundred thousand."""


class Attached(Struct, frozen=True):
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


class Expect(Enum):
    """What a reply is read as."""

    JSON = "json"
    BYTES = "bytes"
    LINES = "lines"
    """Server-sent events as they come; JSON where the server answers with that."""
    NOTHING = "nothing"
    """Status and headers alone, whatever the body holds."""


class FileBody(Struct, frozen=True):
    """A file that is sent with form fields before it, streamed, as the form's `part`.

    `sha256` (hex) is that of its bytes.
    """

    path: Path
    filename: str
    sha256: str
    fields: Mapping[str, str] = field(default_factory=dict)
    part: str = "file"


class FileBytes(Struct, frozen=True):
    """The bytes of a file with nothing around them, streamed: all of them, or a part.

    The parts of one file are sent in order: `before` is the digest of those before this one, as the last
    reply has it. After the `last` it must be `sha256` (hex).
    """

    path: Path
    sha256: str
    offset: int = 0
    length: int | None = None
    last: bool = True
    before: Digest | None = None


class FilePackage(Struct, frozen=True):
    """A file as the only member, `name`, of a zip archive, streamed. `sha256` (hex) is that of its bytes.

    Nothing is compressed and no time is in it, so the same file always makes the same archive.
    """

    path: Path
    name: str
    sha256: str


class Request(Struct, frozen=True):
    """One request. `operation` names it in errors and in the table of failures.

    A GET is tried again after a passing failure; anything else is sent once, by every layer. `streamed` says
    that lines were asked for, so that a reply without a clear content type is taken for them. A body is
    `body` (JSON), `form` (fields alone), `content` (bytes as they are) or `file`.

    `takes` are statuses beside 2xx that are answers for the flow: a redirect is followed by nobody else.
    `url` is an absolute address in place of `path`, one that the provider named: nothing that is attached to
    the provider's requests goes there, neither a header nor an extra (`elsewhere`).
    """

    operation: str
    method: str
    path: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, JSON] | None = None
    file: FileBody | FileBytes | FilePackage | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    expect: Expect = Expect.JSON
    streamed: bool = False
    form: Mapping[str, str] | None = None
    content: bytes | None = None
    takes: frozenset[int] = frozenset()
    url: str | None = None


class HttpReply(Struct, frozen=True):
    """A 2xx reply with its JSON, or with its bytes where these were asked for.

    One of another status that the request takes has JSON where it holds any. One that is a stream has `lines`
    instead, which come one by one; a break raises ProviderError from them. `unsound` says that other bytes
    went out than were planned: what the server made of them is not used. `digest` is that of the bytes of
    the file up to here.
    """

    status: int
    headers: Mapping[str, str]
    body: Any = None
    lines: Iterator[str] | None = None
    unsound: InvalidInput | None = None
    digest: Digest | None = None


def check_url(provider: str, url: str) -> None:
    """Refuse what cannot be an API's address, before any request."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or "@" in url or "?" in url or "#" in url:
        raise FtopsError(
            f"provider {provider}: base_url must be an http(s) address without credentials or query",
            hint="write it like https://api.example.com/v1",
        )


def check_path(provider: str, request: Request) -> None:
    """Refuse a path that an id leads out of: who chose the id would choose what is asked with our key."""
    if {".", ".."} & set(request.path.split("/")):
        why = f"the id in {request.path!r} leads to another path"
        raise Rejected(
            f"{provider}: {request.operation}: nothing was sent: {why}",
            failure=Failure(provider, request.operation),
            hint="an id has no . or .. between slashes",
        )


def check_headers(provider: str, headers: Mapping[str, str]) -> None:
    """Refuse a header that cannot be sent, before any request; its value may be a key, and is not shown."""
    for name, value in headers.items():
        if not (f"{name}{value}".isascii() and f"{name}{value}".isprintable()) or value != value.strip():
            raise FtopsError(
                f"provider {provider}: the value for header {name!r} has a line break, a space at an end or a"
                " character that no header may have",
                hint="was the key pasted or read with a line break at its end?",
            )
