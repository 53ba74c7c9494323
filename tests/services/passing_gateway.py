"""A gateway between ftops and the emulator that drops fields, sends a create twice or loses its reply."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests

CREATES = ("/v1/fine_tuning/jobs", "/v1/fine-tunes")


@dataclass
class Habits:
    """What a gateway does to a create.

    `drops` are fields that it does not pass on, `sends` how often it sends what came, `loses` how many
    replies it answers with a page of its own instead.
    """

    drops: tuple[str, ...] = ()
    sends: int = 1
    loses: int = 0


@contextmanager
def passing_gateway(target: str, habits: Habits) -> Iterator[str]:
    """Serve a gateway in front of `target` (ends with /v1); yields its base URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Say nothing."""

        def do_GET(self) -> None:
            self._pass_on(b"", 1)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.path not in CREATES:
                self._pass_on(body, 1)
                return
            sent = {key: value for key, value in json.loads(body).items() if key not in habits.drops}
            lost, habits.loses = habits.loses > 0, max(0, habits.loses - 1)
            self._pass_on(json.dumps(sent).encode(), habits.sends, lost=lost)

        def _pass_on(self, body: bytes, times: int, *, lost: bool = False) -> None:
            headers = {
                name: self.headers[name] for name in ("Authorization", "Content-Type") if self.headers[name]
            }
            url = target.removesuffix("/v1") + self.path
            replies = [
                requests.request(self.command, url, data=body, headers=headers, timeout=20)
                for _ in range(times)
            ]
            content = b"<html>bad gateway</html>" if lost else replies[-1].content
            self.send_response(502 if lost else replies[-1].status_code)
            self.send_header("Content-Type", "text/html" if lost else "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
