"""HTTP/1.1 with keep-alive, as much of it as a well-behaved client on loopback needs."""

from __future__ import annotations

import asyncio
from typing import cast

from benchmarks.provider.routes import Answer, Routes

_HEAD_END = b"\r\n\r\n"


class Connection(asyncio.Protocol):
    """One connection; its client sends a request only after the answer to the one before."""

    def __init__(self, routes: Routes) -> None:
        self._routes = routes
        self._came = bytearray()
        self._head: tuple[str, str, int] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Collect until a request is whole, then answer it."""
        self._came += data
        if self._head is None:
            end = self._came.find(_HEAD_END)
            if end < 0:
                return
            self._head = _read_head(bytes(self._came[:end]))
            del self._came[: end + len(_HEAD_END)]
        method, target, length = self._head
        if len(self._came) < length:
            return
        body = bytes(self._came[:length])
        del self._came[:length]
        self._head = None
        answer = self._routes.answer(method, target, body)
        if answer.latency:
            asyncio.get_running_loop().call_later(answer.latency, self._reply, answer)
        else:
            self._reply(answer)

    def _reply(self, answer: Answer) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        head = (
            f"HTTP/1.1 {answer.status.value} {answer.status.phrase}\r\n"
            "Content-Type: application/json\r\n"
            f"Content-Length: {len(answer.body)}\r\n\r\n"
        )
        self._routes.replied(answer)
        self._transport.write(head.encode() + answer.body)


def _read_head(head: bytes) -> tuple[str, str, int]:
    """Return method, target and the length of the body. Raises ValueError for a body without a length."""
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    length = 0
    for line in lines:
        name, _, value = line.partition(":")
        if name.lower() == "content-length":
            length = int(value)
        elif name.lower() == "transfer-encoding":
            raise ValueError("a body in chunks, which this server does not read")
    return method, target, length
