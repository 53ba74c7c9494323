"""A wire between ftops and a server that breaks: at a chosen byte of a request, or of its reply.

It knows of HTTP only where a request begins, so what is cut is cut anywhere: in a header, in the body,
between the two, before the first byte. What was let through has its effect; the rest never arrives.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

_REQUEST = re.compile(rb"(GET|POST|DELETE|PUT|HEAD) (\S+) HTTP/1\.[01]\r\n")
_CHUNK = 65536


class Side(StrEnum):
    """What is cut off."""

    REQUEST = "request"
    REPLY = "reply"


@dataclass(frozen=True, slots=True)
class Cut:
    """The connection ends after so many bytes of the request, or of its reply. 0: before the first."""

    side: Side
    after: int = 0


Policy = Callable[[str, str], Cut | None]
"""Called from one thread with method and path when a request begins; what it returns befalls that request."""


@dataclass
class CuttingProxy:
    """A running proxy. `address` stands for the server's; `cuts` counts what was cut, by method and side."""

    address: str
    policy: Policy
    cuts: Counter[str] = field(default_factory=Counter)


@contextmanager
def cutting_proxy(upstream: str, policy: Policy) -> Iterator[CuttingProxy]:
    """Stand before `upstream` (`http://host:port`) on a free loopback port."""
    target = urlsplit(upstream)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="cutting proxy", daemon=True)
    thread.start()
    proxy = CuttingProxy("", policy)
    beyond: list[asyncio.StreamWriter] = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there = await asyncio.open_connection(target.hostname, target.port)
            beyond.append(there[1])
            await _Wire(proxy, (reader, writer), there).carry()
        finally:
            writer.transport.abort()

    async def stop(server: asyncio.Server) -> None:
        server.close()
        # One that was accepted last has to begin before it is cancelled, or nobody would close it.
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.sleep(0)
            for other in others:
                other.cancel()
            await asyncio.gather(*others, return_exceptions=True)
        # A server that reads no more keeps an end open whose last bytes it has not taken.
        for end in beyond:
            end.transport.abort()
        await asyncio.sleep(0)

    server = asyncio.run_coroutine_threadsafe(asyncio.start_server(accept, "127.0.0.1", 0), loop).result(10)
    proxy.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        asyncio.run_coroutine_threadsafe(stop(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


_End = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Wire:
    """One connection, both ways."""

    def __init__(self, proxy: CuttingProxy, here: _End, there: _End) -> None:
        self._proxy = proxy
        self._here = here
        self._there = there
        self._method = ""
        self._cut: Cut | None = None
        self._passed = dict.fromkeys(Side, 0)

    async def carry(self) -> None:
        """Carry bytes until one end closes, or the wire is cut."""
        ways = [
            asyncio.create_task(self._carry(Side.REQUEST, self._here[0], self._there[1])),
            asyncio.create_task(self._carry(Side.REPLY, self._there[0], self._here[1])),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            # What was let through has to arrive: this end is closed in good order, the client's is not.
            self._there[1].close()

    async def _carry(self, side: Side, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while chunk := await reader.read(_CHUNK):
                if side is Side.REQUEST:
                    self._begin(chunk)
                rest = self._let_through(side)
                part = chunk if rest is None else chunk[:rest]
                self._passed[side] += len(part)
                writer.write(part)
                await writer.drain()
                if rest is not None and len(part) == rest:
                    self._proxy.cuts[f"{self._method} {side}"] += 1
                    return

    def _begin(self, chunk: bytes) -> None:
        """Ask what befalls the request that begins with this chunk, if one does."""
        found = _REQUEST.match(chunk)
        if found is not None:
            self._method = found[1].decode()
            self._cut = self._proxy.policy(self._method, found[2].decode())
            self._passed = dict.fromkeys(Side, 0)

    def _let_through(self, side: Side) -> int | None:
        """Return how many more bytes may pass; None: any number."""
        if self._cut is None or self._cut.side is not side:
            return None
        return max(0, self._cut.after - self._passed[side])
