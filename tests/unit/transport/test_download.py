"""What is read over https, from whom, and for how long."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from ftops.errors import Refused
from ftops.transport.addresses import is_private
from ftops.transport.connections import UNADMITTED
from ftops.transport.download import Downloads
from ftops.transport.incoming import Unfinished
from ftops.transport.outgoing import Outgoing
from ftops.transport.wire import Wire
from ftops.transport.wire_errors import Broken, NotReached


@pytest.fixture
def stalling() -> Iterator[int]:
    """A server that begins an answer and never ends it."""
    clients: list[socket.socket] = []

    def serve(listening: socket.socket) -> None:
        try:
            while True:
                client, _ = listening.accept()
                clients.append(client)
                client.recv(65_536)
                client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc")
        except OSError:
            return

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,), daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
    thread.join()
    for client in clients:
        client.close()


def test_a_body_that_stalls_or_drips_ends_by_its_deadline(stalling: int) -> None:
    wire = Wire({}, timeout=30)
    reply = wire.ask(Outgoing("GET", f"http://127.0.0.1:{stalling}/x", "h", "/x"))
    pieces = reply.pieces(0.05)
    assert next(pieces) == b"abc"
    with pytest.raises(Broken) as raised:
        next(pieces)
    wire.close()
    assert raised.value.late


def test_a_connection_to_an_address_that_is_not_admitted_sends_nothing(stalling: int) -> None:
    asked: list[tuple[str, str]] = []

    def nobody(host: str, address: str) -> bool:
        asked.append((host, address))
        return False

    wire = Wire({}, timeout=5, admits=nobody)
    with pytest.raises(NotReached) as raised:
        wire.ask(Outgoing("GET", f"http://localhost:{stalling}/x", "h", "/x"))
    wire.close()
    assert raised.value.cause == UNADMITTED
    assert asked[0][0] == "localhost"


@pytest.mark.parametrize(
    ("url", "environ", "words"),
    [
        ("https://169.254.169.254/latest", {}, "only from this machine"),
        ("https://metadata.google.internal/x", {}, "only from this machine"),
        ("https://[fd00:ec2::254]/x", {}, "only from this machine"),
        ("https://10.0.0.7/x", {"CI": "1"}, "in a private network"),
        ("https://127.1/x", {"CI": "1"}, "in a private network"),
        ("https://2130706433/x", {"CI": "1"}, "in a private network"),
        ("https://artifacts/x", {"CI": "1"}, "in a private network"),
        ("https://files.internal./x", {"CI": "1"}, "in a private network"),
        ("http://files.example.com/x", {}, "not https"),
        ("https://[1.2.3]/x", {}, "not https"),
        ("https://[64:ff9b::a9fe:a9fe]/x", {}, "only from this machine"),
        ("https://[2002:a9fe:a9fe::1]/x", {}, "only from this machine"),
        ("https://[::169.254.169.254]/x", {}, "only from this machine"),
        ("https://[64:ff9b::10.0.0.7]/x", {"CI": "1"}, "in a private network"),
    ],
)
def test_what_is_never_read(url: str, environ: dict[str, str], words: str) -> None:
    downloads = Downloads(environ)
    with pytest.raises(Refused, match=words):
        downloads.read(url, 0)
    downloads.close()


@pytest.mark.parametrize(
    ("address", "environ", "admitted"),
    [
        ("8.8.8.8", {"CI": "1"}, True),
        ("10.0.0.7", {}, True),
        ("10.0.0.7", {"CI": "1"}, False),
        ("10.0.0.7", {"CI": "1", "FTOPS_ALLOWED_HOSTS": "files.example.com"}, True),
        ("127.0.0.1", {"CI": "1"}, False),
        ("169.254.169.254", {}, False),
        ("169.254.169.254", {"CI": "1", "FTOPS_ALLOWED_HOSTS": "files.example.com"}, False),
    ],
)
def test_where_a_public_name_may_lead(address: str, environ: dict[str, str], admitted: bool) -> None:
    """A name has whatever address its owner gives it, and another one the next time that it is asked."""
    with closing(Downloads(environ)) as downloads:
        assert downloads._admits("files.example.com", address) is admitted


def test_a_public_host_does_not_lead_into_a_private_network() -> None:
    private = "https://10.0.0.7/x"
    with closing(Downloads({})) as downloads:
        with pytest.raises(Refused, match="redirects into a private network"):
            downloads._judge(private, "https://files.example.com/x")
        downloads._judge(private, "https://10.0.0.8/x")
        downloads._judge(private, private)


def test_a_size_that_is_no_number_of_bytes_is_not_read() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\nabc"
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            client, _ = listening.accept()
            with client:
                client.recv(65_536)
                client.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        with closing(Downloads({}, named="127.0.0.1")) as downloads:
            body = downloads.read(f"http://127.0.0.1:{listening.getsockname()[1]}/x", 0)
            assert body.total is None
            body.close()
        thread.join()


def test_a_host_that_is_not_there_may_be_tried_again() -> None:
    downloads = Downloads({})
    with pytest.raises(Unfinished, match=r"cannot reach 127\.0\.0\.1"):
        downloads.read("https://127.0.0.1:9/x", 0)
    downloads.close()


def test_only_hosts_of_the_internet_are_public() -> None:
    public = ("example.com", "8.8.8.8", "2606:4700::1111", "64:ff9b::8.8.8.8", "files.example.com.")
    assert not any(map(is_private, public))
    assert all(map(is_private, ("192.168.1.1", "100.64.0.1", "::1", "::ffff:10.0.0.1", "0.0.0.0", "a.local")))
