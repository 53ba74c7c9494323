"""A request as it goes out, whoever asks."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from msgspec import Struct

_NOTHING: Mapping[str, str] = MappingProxyType({})


class Outgoing(Struct, frozen=True):
    """A request as it goes out. `host` and `path` are what may be shown of `url`.

    `body` is bytes, or whatever the library can read from.
    """

    method: str
    url: str
    host: str
    path: str
    query: Mapping[str, str] = _NOTHING
    headers: Mapping[str, str] = _NOTHING
    body: Any = None
