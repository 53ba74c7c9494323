"""`/metrics`, `/healthz` and `/readyz` over HTTP, and nothing else. Whoever is slow holds up nobody.

One request a connection, read whole before it is looked at, within a size and a time; no answer repeats
anything of the request.
"""

from __future__ import annotations

import io
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any

from msgspec import Struct

from ftops.controller.health import Health
from ftops.controller.listen_address import ListenAddress
from ftops.errors import FtopsError

MOST_BYTES = 8_192
"""Of a request with its headers; a scrape has less than one thousand."""
MOST_SECONDS = 10.0
"""For a request to come whole, and once more for its answer to be taken."""
MOST_CONNECTIONS = 32
"""At once; one more is closed unread."""

_PLAIN = "text/plain; charset=utf-8"
_END = b"\r\n\r\n"


class Answer(Struct, frozen=True):
    """What a path is answered with."""

    status: HTTPStatus
    text: str
    content_type: str = _PLAIN


Answers = Mapping[str, Callable[[], Answer]]
"""Path -> what is answered."""


def health_answers(health: Health) -> Answers:
    """Return the answers of both probes."""
    return {"/healthz": lambda: _judged(health.stuck), "/readyz": lambda: _judged(health.unready)}


def _judged(problem: str | None) -> Answer:
    if problem is None:
        return Answer(HTTPStatus.OK, "ok\n")
    return Answer(HTTPStatus.SERVICE_UNAVAILABLE, f"{problem}\n")


@contextmanager
def serving(
    address: ListenAddress, answers: Answers, *, patience: float = MOST_SECONDS
) -> Iterator[ListenAddress]:
    """Serve paths from a thread, and give the address with the port that was taken.

    `patience` is the seconds that a client has. Raises FtopsError where it cannot listen there.
    """
    try:
        server = _Server(address, answers, patience)
    except OSError as error:
        raise FtopsError(
            f"cannot listen at {address}: {error.strerror or error}",
            hint="choose another address with --listen",
        ) from error
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="ftops-metrics", daemon=True)
    thread.start()
    try:
        yield ListenAddress(address.host, server.server_address[1])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """A bounded number of threads, none of which is waited for at the end."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, address: ListenAddress, answers: Answers, patience: float) -> None:
        family, _, _, _, place = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        self.address_family = family
        self.answers = answers
        self.patience = patience
        self._free = threading.BoundedSemaphore(MOST_CONNECTIONS)
        super().__init__(place, _Handler)  # type: ignore[arg-type]  # of either family

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread of its own, if one is free."""
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer, and be free again."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that broke off is no news, and a traceback is for nobody."""


class _Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    server: _Server

    def setup(self) -> None:
        """Read the request whole before anything looks at it."""
        super().setup()
        self.rfile = io.BytesIO(_whole_head(self.connection, self.server.patience))

    def do_GET(self) -> None:
        """Answer with status, headers and text."""
        self._answer(self._found(), whole=True)

    def do_HEAD(self) -> None:
        """Answer with status and headers."""
        self._answer(self._found(), whole=False)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse without a word of what was asked; the usual page repeats it."""
        known = code if code != HTTPStatus.NOT_IMPLEMENTED else HTTPStatus.METHOD_NOT_ALLOWED
        self._answer(_refusal(HTTPStatus(known)), whole=True)

    def version_string(self) -> str:
        """Name the program without its version."""
        return "ftops"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of its base class
        """Log nothing: a probe asks every few seconds."""

    def _found(self) -> Answer:
        answer = self.server.answers.get(self.path.partition("?")[0])
        if answer is None:
            return _refusal(HTTPStatus.NOT_FOUND)
        try:
            return answer()
        except Exception:  # noqa: BLE001 - a scrape that fails is answered as one, whatever went wrong
            return _refusal(HTTPStatus.INTERNAL_SERVER_ERROR)

    def _answer(self, answer: Answer, *, whole: bool) -> None:
        content = answer.text.encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        if answer.status is HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", "GET, HEAD")
        self.send_header("Connection", "close")
        # The whole answer has to be taken within this time.
        self.connection.settimeout(self.server.patience)
        with suppress(OSError):
            self.end_headers()
            if whole:
                self.wfile.write(content)


def _refusal(status: HTTPStatus) -> Answer:
    return Answer(status, f"{status.phrase}\n")


def _whole_head(connection: socket.socket, patience: float) -> bytes:
    """Read a request to the end of its headers; nothing of one that is too large or too slow.

    A body is never read.
    """
    until = time.monotonic() + patience
    head = b""
    with suppress(OSError):
        while _END not in head and (left := until - time.monotonic()) > 0:
            connection.settimeout(left)
            more = connection.recv(MOST_BYTES)
            head += more
            if not more or len(head) > MOST_BYTES:
                return b""
        if _END in head:
            return head.partition(_END)[0] + _END
    return b""
