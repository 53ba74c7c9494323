"""A gateway before any server, which lets requests fail as networks and proxies do."""

from __future__ import annotations

import http.client
import json
import re
import socket
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit

from msgspec import Struct, field

_HTML = b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body>gateway</body></html>\n"
_HOP = frozenset({"connection", "transfer-encoding", "content-length", "keep-alive", "host"})
_TIMEOUT = 30

Refusal = Callable[[int, str], Any]
"""(status, message) -> the body with which the provider itself would refuse."""


class Route(Struct, frozen=True):
    """Which requests are an operation: its method, and a regular expression for the end of its path."""

    method: str
    path: str

    def takes(self, method: str, path: str) -> bool:
        """Return whether a request is one."""
        return method == self.method and re.search(f"{self.path}$", path) is not None


class Fault(Struct, frozen=True):
    """What happens to a request: `lost_reply`, `drop`, `html`, `truncate` or `status`."""

    kind: str
    status: int = 500
    message: str = "a fault that was asked for"


class Answer(Struct, frozen=True):
    """A reply as it goes back."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class Gateway:
    """Serves on loopback, within a `with`; implements `ftops.testing.Server`.

    `upstream` is the address of the server behind it, `routes` which requests are which operation, `refusal`
    the server's error shape, and `advance` what lets time pass for its jobs.
    """

    def __init__(
        self,
        upstream: str,
        routes: Mapping[str, Route],
        refusal: Refusal,
        advance: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._upstream = urlsplit(upstream)
        self._routes = routes
        self._refusal = refusal
        self._advance = advance
        self._armed: defaultdict[str, list[Fault]] = defaultdict(list)
        self._came: Counter[str] = Counter()
        self._turn = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def base_url(self) -> str:
        """Where it is, with the path of the server behind it."""
        return f"http://127.0.0.1:{self._server.server_port}{self._upstream.path}"

    def fault(self, kind: str, operation: str, **options: object) -> None:
        """Let the next `times` requests of an operation fail."""
        times = options.pop("times", 1)
        fault = Fault(kind, **options)  # type: ignore[arg-type] # a wrong option is a TypeError, which is right
        with self._turn:
            self._armed[operation] += [fault] * int(str(times))

    def requests(self, operation: str) -> int:
        """Count the requests of an operation."""
        with self._turn:
            return self._came[operation]

    def advance(self, seconds: float) -> None:
        """Let time pass for the jobs of the server behind it."""
        self._advance(seconds)

    def strike(self, method: str, path: str) -> Fault | None:
        """Count a request, and take the fault that strikes it."""
        with self._turn:
            for operation, route in self._routes.items():
                if route.takes(method, path):
                    self._came[operation] += 1
                    return self._armed[operation].pop(0) if self._armed[operation] else None
        return None

    def passed_on(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Ask the server behind it."""
        where = http.client.HTTPConnection(self._upstream.netloc, timeout=_TIMEOUT)
        kept = {name: value for name, value in headers.items() if name.lower() not in _HOP}
        try:
            where.request(method, target, body or None, kept)
            reply = where.getresponse()
            shown = {name: value for name, value in reply.getheaders() if name.lower() not in _HOP}
            return Answer(reply.status, reply.read(), shown)
        finally:
            where.close()

    def refused(self, fault: Fault) -> Answer:
        """Refuse in the server's own shape."""
        body = json.dumps(self._refusal(fault.status, fault.message)).encode()
        return Answer(fault.status, body, {"Content-Type": "application/json"})

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        gateway = self

        class Handler(_Handler):
            """Answers for this gateway."""

            behind = gateway

        return Handler


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    behind: Gateway

    def handle_one_request(self) -> None:
        """Answer one request; a client that hangs up is no error."""
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def _answer(self) -> None:
        body = self._body()
        fault = self.behind.strike(self.command, urlsplit(self.path).path)
        if fault is None:
            self._send(self.behind.passed_on(self.command, self.path, dict(self.headers), body))
        elif fault.kind == "status":
            self._send(self.behind.refused(fault))
        elif fault.kind == "html":
            self._send(Answer(200, _HTML, {"Content-Type": "text/html"}))
        elif fault.kind == "drop":
            self._hang_up()
        else:
            made = self.behind.passed_on(self.command, self.path, dict(self.headers), body)
            if fault.kind == "truncate":
                self._send(made, len(made.body) // 2)
            self._hang_up()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - http.server's names

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return b"".join(iter(self._chunk, b""))
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _chunk(self) -> bytes:
        size = int(self.rfile.readline().split(b";")[0], 16)
        data = self.rfile.read(size)
        self.rfile.readline()
        return data

    def _send(self, answer: Answer, most: int | None = None) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body[:most])
        self.wfile.flush()

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: object) -> None:
        """Say nothing: pytest shows what failed."""
