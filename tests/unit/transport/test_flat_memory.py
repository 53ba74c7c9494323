"""A large file goes up and comes down in pieces: memory does not grow with it."""

from __future__ import annotations

import hashlib
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from ftops.datasets.fetching import Fetcher
from ftops.model.remote import Remote
from ftops.transport.client import Transport
from ftops.transport.exchange import Attached, FileBody, FileBytes, FilePackage, Request
from ftops.transport.meter import metered
from ftops.transport.secret import Vault

LINE = b'{"prompt": "' + b"q" * 200 + b'", "completion": "a"}\n'
COUNT = 150_000
SIZE = len(LINE) * COUNT
"""Some 34 MB; what is held at once must be far less."""
MOST_HELD = 4 * 2**20


class _Sink(BaseHTTPRequestHandler):
    """Takes whatever is sent, and sends many lines to whoever asks; keeps nothing."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        left = int(self.headers["Content-Length"])
        while left:
            left -= len(self.rfile.read(min(left, 65_536)))
        self._say(b"{}")

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(SIZE))
        self.end_headers()
        for _ in range(COUNT):
            self.wfile.write(LINE)

    def _say(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing on stderr."""


@pytest.fixture
def address() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _Sink) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def large(tmp_path: Path) -> tuple[Path, str]:
    path, digest = tmp_path / "large.jsonl", hashlib.sha256()
    with path.open("wb") as file:
        for _ in range(COUNT):
            file.write(LINE)
            digest.update(LINE)
    return path, digest.hexdigest()


@contextmanager
def held() -> Iterator[None]:
    """Fail where more than a few pieces are held at once."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < MOST_HELD
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("form", [FileBody, FileBytes, FilePackage])
def test_an_upload_holds_a_few_pieces_of_its_file(address: str, large: tuple[Path, str], form: type) -> None:
    path, sha256 = large
    file = FileBytes(path, sha256) if form is FileBytes else form(path, "large.jsonl", sha256)
    transport = Transport("p", address, Attached(), pause=lambda _: None, timeout=30, environ={})
    pieces: list[int] = []
    with held(), metered(pieces.append):
        reply = transport.send(Request("upload", "POST", "/files", file=file))
    transport.close()
    assert reply.unsound is None
    assert sum(pieces) == SIZE


def test_a_download_holds_a_few_pieces_of_its_file(
    address: str, large: tuple[Path, str], tmp_path: Path
) -> None:
    remote = Remote(f"hf://datasets/acme/qa@{'5d' * 20}/large.jsonl", large[1])
    fetcher = Fetcher({"HF_ENDPOINT": address}, Vault())
    with held():
        assert fetcher.bring(tmp_path, [remote], [remote]) == {}
    assert (tmp_path / remote.path).stat().st_size == SIZE
