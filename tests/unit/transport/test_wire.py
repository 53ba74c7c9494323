"""The one door to the network: what holds for providers and states alike."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ftops.errors import NotSent, ProviderError, StateError, StateUncertain
from ftops.state.backends.http_answers import StateServer
from ftops.transport.account import Account
from ftops.transport.client import Transport
from ftops.transport.deadline import ending_by
from ftops.transport.exchange import Attached, Request
from ftops.transport.observer import Exchange, log_exchange
from ftops.transport.proxies import proxy_for
from ftops.transport.wire import Broken, NotReached, Outgoing, Wire
from tests.unit.providers.dripping import dripping
from tests.unit.providers.scripted import Said, scripted

CERTIFICATE = Path(__file__).with_name("loopback.pem")


def get(url: str) -> Outgoing:
    return Outgoing("GET", url, "a server", "/shown")


@contextmanager
def over_tls() -> Iterator[str]:
    """Answer every request over https with a certificate that no machine trusts by itself."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection = context.wrap_socket(server.accept()[0], server_side=True)
                except ssl.SSLError:
                    continue
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"https://127.0.0.1:{server.getsockname()[1]}/x"
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_a_private_authority_is_trusted_by_the_bundle_of_the_environment(variable: str) -> None:
    with over_tls() as url:
        wire = Wire({variable: str(CERTIFICATE)}, timeout=5)
        assert wire.ask(get(url)).whole() == b"{}"
        wire.close()


def test_without_it_nothing_is_sent() -> None:
    with over_tls() as url:
        with pytest.raises(NotReached, match=r"^TLS: self.signed certificate"):
            Wire({}, timeout=5).ask(get(url))
        with pytest.raises(StateError, match="cannot be reached: TLS") as refused:
            StateServer("s", None, {}).send("POST", url, doing="write", body=b"{}")
    assert not isinstance(refused.value, StateUncertain)


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_bundle_that_cannot_be_read_is_said_before_anything_is_sent(
    content: str | None, tmp_path: Path
) -> None:
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_text(content)
    with pytest.raises(NotSent, match="CA bundle"):
        Transport("p", "https://127.0.0.1:1", Attached(), environ={"SSL_CERT_FILE": str(bundle)}).send(
            Request("create", "POST", "/x", body={})
        )


def test_who_observes_hears_of_each_exchange_and_of_nothing_secret() -> None:
    heard: list[Exchange] = []
    with scripted(Said({}, 404, {"X-Request-Id": "r-1"})) as server:
        wire = Wire({}, timeout=5, headers={"Authorization": "Bearer canary"}, observe=heard.append)
        wire.ask(Outgoing("LOCK", server.base_url + "/x", "host", "/x", query={"key": "canary"})).start()
        address = server.base_url
    with pytest.raises(NotReached):
        wire.ask(get(address))
    first, second = heard
    assert (first.method, first.host, first.path, first.status) == ("LOCK", "host", "/x", 501)
    assert (second.host, second.path, second.status) == ("a server", "/shown", None)
    assert first.milliseconds >= 0
    assert "canary" not in repr(heard)


def test_the_log_has_one_line_for_each_exchange(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", "ftops.http"):
        log_exchange(Exchange("GET", "api.example", "/files", 200, "r-1", 12.3))
        log_exchange(Exchange("GET", "api.example", "/files", 200, None, 0.4))
        log_exchange(Exchange("POST", "api.example", "/files", None, None, 7.0))
    assert caplog.messages == [
        "GET api.example /files 200 r-1 12 ms",
        "GET api.example /files 200 - 0 ms",
        "POST api.example /files failed after 7 ms",
    ]


def test_what_a_server_sets_as_a_cookie_is_not_sent_back() -> None:
    with scripted(Said({}, headers={"Set-Cookie": "session=1; Path=/"})) as server:
        wire = Wire({}, timeout=5)
        for _ in range(2):
            wire.ask(get(server.base_url)).whole()
    assert [headers.get("Cookie") for headers in server.headers] == [None, None]


def test_a_state_of_unknown_address_is_named_by_its_reference(caplog: pytest.LogCaptureFixture) -> None:
    with scripted(Said({})) as server, caplog.at_level("INFO", "ftops.http"):
        asked = StateServer("{env: URL}", Account("u", "p"), {}, hidden="the server of {env: URL}")
        asked.send("GET", server.base_url, doing="read")
        told = caplog.messages[-1]
    assert told.startswith("GET the server of {env: URL} (hidden) 200")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_state_that_drips_ends_by_its_deadline(method: str) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
    with (
        dripping([head, *[b" "] * 1000]) as address,
        pytest.raises(StateUncertain, match="no complete reply"),
    ):
        StateServer("s", None, {}, seconds=0.1).send(method, address, doing="read", body=b"{}")


def test_through_a_proxy_a_reply_ends_by_its_deadline_too() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
    with dripping([head, *[b" "] * 1000]) as address:
        wire = Wire({"http_proxy": address}, timeout=0.1)
        with ending_by(time.monotonic() + 0.3), pytest.raises(Broken) as broken:
            wire.ask(get("http://far.example/x")).whole()
    assert broken.value.late


def test_a_proxy_that_is_not_there_certainly_passed_nothing_on() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        environ = {"all_proxy": f"http://127.0.0.1:{free.getsockname()[1]}"}
    for address in ("http://far.example", "https://far.example"):
        with pytest.raises(NotSent, match=r"through the proxy 127\.0\.0\.1: Connection refused"):
            Transport("p", address, Attached(), environ=environ).send(
                Request("create", "POST", "/x", body={})
            )


def test_a_proxy_that_breaks_off_may_have_passed_on_what_it_was_given() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def take_and_hang_up() -> None:
            connection, _ = server.accept()
            connection.recv(65536)
            connection.close()

        thread = threading.Thread(target=take_and_hang_up)
        thread.start()
        wire = Wire({"http_proxy": f"http://127.0.0.1:{server.getsockname()[1]}"}, timeout=5)
        with pytest.raises(Broken):
            wire.ask(Outgoing("POST", "http://far.example/x", "far.example", "/x", body=b"{}"))
        thread.join()


def test_an_impossible_host_is_an_error_and_no_crash() -> None:
    with pytest.raises(ProviderError, match="cannot reach"):
        Transport("p", f"http://{'a' * 70}.example", Attached(), environ={}, pause=lambda _: None).send(
            Request("list", "GET", "/x")
        )


def test_no_proxy_knows_networks_and_all_proxy_is_the_last_resort() -> None:
    environ = {"all_proxy": "p:1", "http_proxy": "q:2", "NO_PROXY": "10.0.0.0/8, fd00::/8, nonsense/x"}
    assert proxy_for("https://far.example/x", environ) == "http://p:1"
    assert proxy_for("http://far.example/x", environ) == "http://q:2"
    assert proxy_for("http://10.1.2.3:8/x", environ) is None
    assert proxy_for("http://[fd00::1]/x", environ) is None
    assert proxy_for("http://11.1.2.3/x", environ) == "http://q:2"
    assert proxy_for("https://far.example/x", {**environ, "https_proxy": ""}) is None
