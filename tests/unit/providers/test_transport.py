"""What a request that goes wrong means, and what is never sent twice."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from ftops.errors import Ambiguous, FtopsError, InvalidInput, NotSent, ProviderError, RateLimited
from ftops.model.job import Stamp
from ftops.model.project import ProviderSettings
from ftops.model.request import JobRequest, RequestFile
from ftops.providers.registry import open_provider
from ftops.transport.client import Transport
from ftops.transport.exchange import Attached, FileBody, Request
from ftops.transport.secret import Secret
from tests.contracts.dialects import OPENAI_FAMILY
from tests.unit.providers.scripted import Said, Scripted, scripted

KEY = "sk-canary-0123456789"


def transport(server: Scripted, waits: list[float] | None = None, timeout: float = 5.0) -> Transport:
    return Transport(
        "p",
        server.base_url,
        Attached({"Authorization": f"Bearer {KEY}"}),
        secrets=frozenset({Secret(KEY, "api_key")}),
        timeout=timeout,
        pause=(waits if waits is not None else []).append,
    )


@pytest.mark.parametrize("location", ["http://[broken", "//\x7f", "http://x:99999999/", "\u00ff"])
def test_a_senseless_location_after_a_create_is_ambiguous_and_no_crash(location: str) -> None:
    with scripted(Said({}, 302, {"Location": location})) as server, pytest.raises(Ambiguous, match="302"):
        transport(server).send(Request("create", "POST", "/x", body={}))


def test_no_redirect_is_followed() -> None:
    with scripted(Said({}, 307, {"Location": "/v1/y"})) as server:
        with pytest.raises(Ambiguous) as caught:
            transport(server).send(Request("create", "POST", "/x", body={}))
        assert server.asked == ["POST /v1/x"]
        assert "base_url" in (caught.value.hint or "")


def test_a_tls_handshake_that_fails_certainly_sent_nothing() -> None:
    with scripted(Said({})) as server:
        address = server.base_url.replace("http://", "https://")
        with pytest.raises(NotSent, match="TLS"):
            Transport("p", address, Attached(), pause=lambda _: None).send(
                Request("create", "POST", "/x", body={})
            )
        assert server.asked == []


def test_a_connection_that_ends_after_the_request_is_ambiguous() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def take_and_hang_up() -> None:
            connection, _ = server.accept()
            connection.recv(65536)
            connection.close()

        thread = threading.Thread(target=take_and_hang_up)
        thread.start()
        with pytest.raises(Ambiguous, match="broke"):
            Transport("p", f"http://127.0.0.1:{server.getsockname()[1]}", Attached()).send(
                Request("create", "POST", "/x", body={})
            )
        thread.join()


def test_a_busy_provider_is_given_the_time_it_asks_for() -> None:
    waits: list[float] = []
    with scripted(Said({}, 429, {"Retry-After": "7"}), Said({"data": []})) as server:
        assert transport(server, waits).send(Request("list", "GET", "/x")).body == {"data": []}
    assert waits == [7.0]


def test_a_provider_that_asks_for_an_hour_is_reported_at_once() -> None:
    waits: list[float] = []
    with (
        scripted(Said({}, 429, {"Retry-After": "3600"})) as server,
        pytest.raises(RateLimited, match="429") as caught,
    ):
        transport(server, waits).send(Request("list", "GET", "/x"))
    assert waits == []
    assert caught.value.hint == "try again in 3600 seconds"


@pytest.mark.parametrize("value", ["soon", "-1", "Wed, 99 Nov 2026", "9" * 400, ""])
def test_a_senseless_retry_after_never_crashes(value: str) -> None:
    with scripted(Said({}, 429, {"Retry-After": value})) as server, pytest.raises(ProviderError):
        transport(server).send(Request("create", "POST", "/x", body={}))


def test_a_read_is_tried_four_times_and_then_reported() -> None:
    waits: list[float] = []
    with scripted(Said({}, 503)) as server:
        with pytest.raises(Ambiguous):
            transport(server, waits).send(Request("list", "GET", "/x"))
        assert len(server.asked) == 4
    assert waits == [0.2, 0.4, 0.8]


def test_a_reply_that_says_no_is_not_asked_again() -> None:
    with scripted(Said({}, 404)) as server:
        with pytest.raises(ProviderError):
            transport(server).send(Request("list", "GET", "/x"))
        assert len(server.asked) == 1


@pytest.mark.parametrize(
    "body", [{"error": {"message": f"bad key {KEY}", "code": KEY}}, f"<p>{KEY}</p>".encode(), {"error": KEY}]
)
def test_a_key_that_the_provider_echoes_is_blanked(body: object) -> None:
    with scripted(Said(body, 401)) as server, pytest.raises(ProviderError) as caught:
        transport(server).send(Request("list", "GET", "/x"))
    failure = caught.value.failure
    assert KEY not in f"{caught.value} {caught.value.hint} {failure.code} {failure.message}"
    assert "***" in str(caught.value)


@pytest.mark.parametrize("key", ["sk-1\n", "sk-1\r\nX-Evil: 1", " sk-1", "sk-\u00e9", "sk-\x00"])
def test_a_key_that_no_header_can_carry_is_refused_before_any_request_and_not_shown(key: str) -> None:
    with pytest.raises(FtopsError, match="header") as caught:
        Transport("p", "http://127.0.0.1:1", Attached({"Authorization": f"Bearer {key}", "X-Key": key}))
    assert "sk-" not in str(caught.value)


def test_loopback_is_reached_without_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with scripted(Said({"ok": 1})) as server:
        assert transport(server).send(Request("list", "GET", "/x")).body == {"ok": 1}


def test_a_file_that_shrinks_while_it_is_sent_is_an_error_and_not_a_hang(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(b"x" * 50_000_000)
    cut = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def read_slowly() -> None:
            connection, _ = server.accept()
            connection.recv(1000)
            path.write_bytes(b"x" * 1000)
            cut.set()
            while connection.recv(1_000_000):
                pass
            connection.close()

        thread = threading.Thread(target=read_slowly)
        thread.start()
        sender = Transport("p", f"http://127.0.0.1:{server.getsockname()[1]}", Attached(), timeout=5)
        with pytest.raises(InvalidInput) as caught:
            sender.send(Request("upload", "POST", "/files", file=FileBody(path, "data.jsonl", "0" * 64)))
        sender.close()
        thread.join()
    assert cut.is_set()
    assert "changed while it was being sent" in str(caught.value.problems[0])


@pytest.mark.parametrize("dialect", OPENAI_FAMILY)
def test_a_create_carries_its_nonce_as_an_idempotency_key(dialect: str) -> None:
    stamp = Stamp("project", "lineage", "name", "f1:1", 1, 1, "nonce-7")
    with scripted(Said({"id": "job-1", "status": "pending"})) as server:
        provider = open_provider(ProviderSettings("p", dialect), {}, base_url=server.base_url)
        provider.create_fine_tune(JobRequest("m", (RequestFile("file-1"),), stamp=stamp))
        provider.close()
    assert server.headers[0]["Idempotency-Key"] == "nonce-7"


def test_an_upload_of_other_bytes_that_cannot_be_deleted_is_named(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(b"{}\n")
    said = (Said({"id": "file-9", "filename": "data.jsonl"}), Said({"error": {"message": "no"}}, 403))
    with scripted(*said) as server:
        provider = open_provider(ProviderSettings("p", "openai"), {}, base_url=server.base_url)
        with pytest.raises(InvalidInput) as caught:
            provider.upload_file(path, "data.jsonl", "0" * 64)
        provider.close()
    assert server.asked == ["POST /v1/files", "DELETE /v1/files/file-9"]
    assert "delete file-9 at p" in str(caught.value.problems[0])
