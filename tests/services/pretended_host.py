"""A proxy behind which a host of the internet is a server of ours; TLS ends here, by our own certificate.

So what ftops does at a provider's own address is tested without leaving this machine.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_PATIENCE_SECONDS = 30


@contextmanager
def pretended_host(host: str, port: int, folder: Path) -> Iterator[dict[str, str]]:
    """Serve a proxy through which `host` is the server at `port` on loopback; yield its environment."""
    bundle = _certificate(host, folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(bundle)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        own = listening.getsockname()[1]
        threading.Thread(target=_accept, args=(listening, context, (host, port)), daemon=True).start()
        yield {"HTTPS_PROXY": f"http://127.0.0.1:{own}", "REQUESTS_CA_BUNDLE": str(bundle)}


def _certificate(host: str, folder: Path) -> Path:
    """Write a key and a certificate that signs itself, which the client is told to trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / f"{host}.pem"
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path


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
