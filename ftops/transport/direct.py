"""Reads by urllib3 alone, over direct connections: what a plan needs, and no more."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import urlencode

from urllib3 import HTTPHeaderDict, PoolManager
from urllib3.util import Timeout

from ftops.transport.connections import POOL_SIZE, Admits, pool_classes
from ftops.transport.outgoing import Outgoing
from ftops.transport.trust import trust


class Direct:
    """Keeps connections to read from. `headers` go with each request."""

    def __init__(self, bundle: str | None, headers: Mapping[str, str], admits: Admits | None = None) -> None:
        self._headers = headers
        self._pool = PoolManager(maxsize=POOL_SIZE)
        asked = [admits] if admits else []
        self._pool.pool_classes_by_scheme = pool_classes(partial(trust, bundle), *asked)

    def get_once(self, outgoing: Outgoing, timeout: tuple[float, float]) -> Any:
        """Send a GET, and return the reply: its body is still to be read. No redirect is followed."""
        query = urlencode(outgoing.query)
        connect, read = timeout
        return self._pool.urlopen(
            "GET",
            f"{outgoing.url}{'&' if '?' in outgoing.url else '?'}{query}" if query else outgoing.url,
            headers=self._with(outgoing.headers),
            timeout=Timeout(connect=connect, read=read),
            retries=False,
            redirect=False,
            preload_content=False,
            decode_content=False,
        )

    def _with(self, headers: Mapping[str, str]) -> HTTPHeaderDict:
        """Add headers; one of the same name replaces ours, however it is spelt."""
        whole = HTTPHeaderDict(self._headers)
        for name, value in headers.items():
            whole[name] = value
        return whole

    def close(self) -> None:
        """Close the connections."""
        self._pool.clear()
