"""A server that says what a test tells it to, on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Said:
    """One reply; `body` is sent as it is when it is bytes, else as JSON."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class Scripted:
    """Gives its replies in order, the last one for ever; its lists say what came."""

    def __init__(self, port: int, replies: list[Said]) -> None:
        self.base_url = f"http://127.0.0.1:{port}/v1"
        self.replies = replies
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.bodies: list[bytes] = []
        self.clients: set[tuple[str, int]] = set()

    def next(self, request_line: str) -> Said:
        self.asked.append(request_line)
        return self.replies[min(len(self.asked), len(self.replies)) - 1]


@contextmanager
def scripted(*replies: Said) -> Iterator[Scripted]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            script.bodies.append(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
            script.clients.add(self.client_address)
            script.headers.append(dict(self.headers.items()))
            said = script.next(f"{self.command} {self.path}")
            body = said.body if isinstance(said.body, bytes) else json.dumps(said.body).encode()
            self.send_response(said.status)
            length = {} if said.status == HTTPStatus.NO_CONTENT else {"Content-Length": str(len(body))}
            for name, value in {**length, **said.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            # A reply of 204 has no body: what was written would be taken for the next one.
            self.wfile.write(body if said.status != HTTPStatus.NO_CONTENT else b"")

        do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - the library's names

        def log_message(self, *args: Any) -> None:
            """Keep the test's output clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        script = Scripted(server.server_port, list(replies))
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield script
        finally:
            server.shutdown()
            thread.join()
