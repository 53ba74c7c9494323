"""A proxy behind which a host of the internet is a server of ours; TLS ends here, by our own certificate.

So what ftops does at a provider's own address is tested without leaving this machine.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cryptography import x509

from tests.services.certificates import write_certificate

_PATIENCE_SECONDS = 30


@contextmanager
def pretended_host(host: str, port: int, folder: Path) -> Iterator[dict[str, str]]:
    """Serve a proxy through which `host` is the server at `port` on loopback; yield its environment."""
    bundle = write_certificate(folder / f"{host}.pem", host, [x509.DNSName(host)])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(bundle)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        own = listening.getsockname()[1]
        threading.Thread(target=_accept, args=(listening, context, (host, port)), daemon=True).start()
        yield {"HTTPS_PROXY": f"http://127.0.0.1:{own}", "REQUESTS_CA_BUNDLE": str(bundle)}


def _accept(listening: socket.socket, context: ssl.SSLContext, behind: tuple[str, int]) -> None:
    with suppress(OSError):
        while True:
            client, _ = listening.accept()
            client.settimeout(_PATIENCE_SECONDS)
            threading.Thread(target=_serve, args=(client, context, behind), daemon=True).start()


def _serve(client: socket.socket, context: ssl.SSLContext, behind: tuple[str, int]) -> None:
    host, port = behind
    # A server of this machine answers to no other name, and every request's head comes in one piece.
    renamed = (f"Host: {host}\r\n".encode(), f"Host: 127.0.0.1:{port}\r\n".encode())
    with suppress(OSError), client:
        asked = b""
        while not asked.endswith(b"\r\n\r\n"):
            asked += client.recv(1)
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with (
            context.wrap_socket(client, server_side=True) as secure,
            socket.create_connection(("127.0.0.1", port)) as server,
        ):
            back = threading.Thread(target=_pump, args=(server, secure, (b"", b"")), daemon=True)
            back.start()
            _pump(secure, server, renamed)
            back.join()


def _pump(source: socket.socket, sink: socket.socket, renamed: tuple[bytes, bytes]) -> None:
    old, new = renamed
    with suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data.replace(old, new) if old else data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
