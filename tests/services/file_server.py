"""Files over https, or http for a hub, with what goes wrong on the way: told for each path beforehand."""

from __future__ import annotations

import ipaddress
import re
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from msgspec import Struct, field

from tests.services.certificates import write_certificate


class Served(Struct):
    """What is said at a path. `cuts` are the bytes after which the next answers break, in order."""

    content: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    ranges: bool = True
    cuts: list[int] = field(default_factory=list)


class FileServer:
    """A server and what it was asked for. `bundle` is the certificate to trust."""

    def __init__(self, address: str, bundle: Path | None) -> None:
        self.address = address
        self.bundle = bundle
        self.files: dict[str, Served] = {}
        self.asked: list[tuple[str, Mapping[str, str]]] = []

    def put(self, path: str, content: bytes, **how: object) -> str:
        """Serve something at a path; give its URL."""
        self.files[path] = Served(content, **how)  # type: ignore[arg-type]
        return f"{self.address}{path}"

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]


@contextmanager
def file_server(folder: Path | None = None) -> Iterator[FileServer]:
    """Serve on a free loopback port: over TLS where there is a folder for the certificate."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    bundle = _certificate(folder / "files.pem") if folder is not None else None
    if bundle is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(bundle)
        # The handshake is made by the thread of the connection.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    scheme = "https" if bundle is not None else "http"
    serving = FileServer(f"{scheme}://127.0.0.1:{server.server_address[1]}", bundle)
    server.told = serving  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield serving
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        told: FileServer = self.server.told  # type: ignore[attr-defined]
        told.asked.append((self.path, dict(self.headers)))
        served = told.files.get(self.path)
        if served is None:
            served = Served(status=404)
        content, status, headers = served.content, served.status, dict(served.headers)
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if wanted and served.ranges and status == 200:
            first = int(wanted[1])
            if first >= len(content):
                content, status = b"", 416
            else:
                headers["Content-Range"] = f"bytes {first}-{len(content) - 1}/{len(content)}"
                content, status = content[first:], 206
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        cut = served.cuts.pop(0) if served.cuts and status in (200, 206) else None
        with suppress(OSError):
            self.wfile.write(content if cut is None else content[:cut])
        if cut is not None:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing on stderr."""


def _certificate(path: Path) -> Path:
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    return write_certificate(path, "127.0.0.1", [address, x509.DNSName("localhost")])
