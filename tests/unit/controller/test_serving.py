"""Three paths over HTTP and nothing else, whatever comes in and however slowly."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from http import HTTPStatus

import pytest
import requests

from ftops.controller.health import Health
from ftops.controller.listen_address import ListenAddress, listen_address
from ftops.controller.reconciled import Result
from ftops.controller.serving import (
    MOST_BYTES,
    MOST_CONNECTIONS,
    MOST_SECONDS,
    Answer,
    health_answers,
    serving,
)
from ftops.errors import FtopsError, UsageError
from ftops.model.event import Event, EventKind
from tests.unit.controller.measuring import round_of, told

LARGE = "x" * 4_000_000


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def health(clock: Clock) -> Health:
    return Health(600.0, clock)


@pytest.fixture
def where(health: Health) -> Iterator[ListenAddress]:
    def broken() -> Answer:
        raise ZeroDivisionError

    answers = {
        "/metrics": lambda: Answer(HTTPStatus.OK, "up 1\n"),
        "/broken": broken,
        **health_answers(health),
    }
    with serving(listen_address("0"), answers) as served:
        yield served


def get(where: ListenAddress, path: str, method: str = "GET") -> requests.Response:
    return requests.request(method, f"http://{where}{path}", timeout=30)


def raw(where: ListenAddress, sent: bytes) -> bytes:
    with socket.create_connection((where.host, where.port), timeout=30) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        reply = b""
        while more := connection.recv(65_536):
            reply += more
        return reply


def test_metrics_and_probes_are_answered(where: ListenAddress, health: Health) -> None:
    found = get(where, "/metrics")
    assert (found.status_code, found.text) == (200, "up 1\n")
    assert found.headers["Connection"] == "close"
    assert found.headers["Cache-Control"] == "no-store"
    assert get(where, "/metrics?name[]=up").text == "up 1\n"
    assert get(where, "/healthz").text == "ok\n"
    assert (get(where, "/readyz").status_code, get(where, "/readyz").text) == (
        503,
        "no round has been done yet\n",
    )
    head = get(where, "/metrics", "HEAD")
    assert (head.status_code, head.text, head.headers["Content-Length"]) == (200, "", "5")


def test_it_is_ready_once_a_round_was_done_and_stays_so(health: Health) -> None:
    health(told(None, Result.FAILED))
    assert health.unready is not None
    health(told(None, Result.STANDING_BY))
    health(told(None, Result.FAILED))
    assert health.unready is None


def test_it_lives_as_long_as_the_loop_moves(health: Health, clock: Clock) -> None:
    clock.now = 1800.0
    assert health.stuck is None
    clock.now = 1801.0
    assert health.stuck == "nothing has moved for 1801 s"
    health(told(round_of()))
    clock.now += 1800.0
    assert health.stuck is None


def test_a_long_pause_on_purpose_is_no_standstill(health: Health, clock: Clock) -> None:
    health.moved(pause=3600.0)
    clock.now = 3600.0 + 1800.0
    assert health.stuck is None
    clock.now += 1.0
    assert health.stuck is not None


def test_a_request_an_upload_and_a_wait_for_the_lock_are_no_standstill(clock: Clock) -> None:
    health = Health(600.0, clock, silence=300.0)
    clock.now = 2100.0
    assert health.stuck is None
    health.hear(Event(EventKind.UPLOADING, 0.0, "half of it"))
    clock.now += 2100.0
    assert health.stuck is None
    clock.now += 1.0
    assert health.stuck == "nothing has moved for 2101 s"


def test_a_short_interval_leaves_time_for_a_long_upload(clock: Clock) -> None:
    health = Health(1.0, clock)
    clock.now = 899.0
    assert health.stuck is None


@pytest.mark.parametrize("path", ["/", "/metrics/", "/../metrics", "/etc/passwd", "/%2e%2e", "/<script>"])
def test_anything_else_is_not_found_and_not_repeated(where: ListenAddress, path: str) -> None:
    reply = raw(where, f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    assert reply.startswith(b"HTTP/1.0 404 ")
    assert reply.endswith(b"\r\n\r\nNot Found\n")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])
def test_only_get_and_head_are_taken(where: ListenAddress, method: str) -> None:
    found = get(where, "/metrics", method)
    assert (found.status_code, found.text) == (405, "Method Not Allowed\n")
    assert found.headers["Allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /metrics HTTP/9.9\r\n\r\n",
        b"GET /<script>alert(1)</script> and more HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 40,
        b"GET /" + b"a" * MOST_BYTES + b" HTTP/1.1\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\n" + b"X: y\r\n" * 3_000 + b"\r\n",
        b"GET /metrics HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"GET /metrics HTTP/1.1\r\nHost: cut",
    ],
)
def test_garbage_gets_no_page_and_no_echo(where: ListenAddress, sent: bytes) -> None:
    try:
        reply = raw(where, sent)
    except OSError:
        reply = b""  # More was sent than is read: broken off while it is sent, ended, or read.
    assert b"up 1" not in reply
    assert b"script" not in reply
    assert b"Traceback" not in reply
    assert len(reply) < 500
    assert get(where, "/metrics").status_code == 200


def test_a_mistake_of_ours_is_a_500_without_a_traceback(where: ListenAddress) -> None:
    found = get(where, "/broken")
    assert (found.status_code, found.text) == (500, "Internal Server Error\n")


def test_slow_clients_hold_up_nobody_and_are_bounded(where: ListenAddress) -> None:
    slow = [
        socket.create_connection((where.host, where.port), timeout=30) for _ in range(MOST_CONNECTIONS - 1)
    ]
    for connection in slow:
        connection.sendall(b"GET /metr")
    assert get(where, "/healthz").text == "ok\n"
    before = threading.active_count()
    more = [socket.create_connection((where.host, where.port), timeout=30) for _ in range(40)]
    assert threading.active_count() <= before + 1
    for connection in (*slow, *more):
        connection.close()
    deadline = time.monotonic() + 60
    while True:
        try:
            assert get(where, "/healthz").text == "ok\n"
        except requests.ConnectionError:
            assert time.monotonic() < deadline
        else:
            break


@pytest.fixture
def hasty() -> Iterator[ListenAddress]:
    """One that loses patience within a third of a second."""
    answers = {"/large": lambda: Answer(HTTPStatus.OK, LARGE)}
    with serving(listen_address("0"), answers, patience=0.3) as served:
        yield served


def test_a_request_that_drips_in_is_given_up(hasty: ListenAddress) -> None:
    with socket.create_connection((hasty.host, hasty.port), timeout=30) as connection:
        begun = time.monotonic()
        while True:
            try:
                connection.sendall(b"x")
                time.sleep(0.02)
            except OSError:
                break
            assert time.monotonic() - begun < 30


def test_an_answer_that_nobody_takes_is_given_up(hasty: ListenAddress) -> None:
    with socket.create_connection((hasty.host, hasty.port), timeout=30) as connection:
        connection.sendall(b"GET /large HTTP/1.1\r\n\r\n")
        deadline = time.monotonic() + 30
        while any("process_request_thread" in thread.name for thread in threading.enumerate()):
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_it_ends_at_once_and_its_port_is_free_again(health: Health) -> None:
    with serving(listen_address("0"), health_answers(health)) as first:
        waiting = socket.create_connection((first.host, first.port), timeout=30)
        begun = time.monotonic()
    assert time.monotonic() - begun < MOST_SECONDS
    waiting.close()
    with serving(first, health_answers(health)) as again:
        assert again == first
        assert get(again, "/healthz").text == "ok\n"


def test_a_port_in_use_is_one_sentence(where: ListenAddress) -> None:
    with pytest.raises(FtopsError) as caught, serving(where, {}):
        pass
    assert caught.value.message == f"cannot listen at {where}: Address already in use"
    assert caught.value.hint


def test_a_host_that_is_not_ours_or_not_there_is_one_sentence() -> None:
    for host in ("192.0.2.1", "no-such-host.invalid"):
        with pytest.raises(FtopsError, match="cannot listen at"), serving(ListenAddress(host, 0), {}):
            pass


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("9464", "127.0.0.1", 9464),
        (":9464", "127.0.0.1", 9464),
        ("0.0.0.0:0", "0.0.0.0", 0),
        ("localhost:65535", "localhost", 65535),
        ("[::1]:80", "::1", 80),
    ],
)
def test_an_address_is_loopback_unless_it_says_otherwise(text: str, host: str, port: int) -> None:
    assert listen_address(text) == ListenAddress(host, port)


def test_an_address_is_shown_as_it_is_written() -> None:
    assert str(ListenAddress("::1", 80)) == "[::1]:80"
    assert str(ListenAddress("localhost", 80)) == "localhost:80"


@pytest.mark.parametrize(
    "text", ["", ":", "host", "host:", "65536", ":99999", "::1:80", "a b:80", "http://a:80", "-1"]
)
def test_what_is_not_an_address_is_said(text: str) -> None:
    with pytest.raises(UsageError, match="is not an address to listen at"):
        listen_address(text)


def test_an_address_of_version_six_is_served() -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 loopback here")
    with serving(listen_address("[::1]:0"), {"/metrics": lambda: Answer(HTTPStatus.OK, "up 1\n")}) as served:
        assert get(served, "/metrics").text == "up 1\n"
