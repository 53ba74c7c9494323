"""What is sent to a server that the provider names, and what never is."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from ftops.errors import Ambiguous, InvalidInput, NotSent, Rejected
from ftops.transport.client import Transport
from ftops.transport.exchange import Attached, Expect, FileBody, FileBytes, Request
from tests.unit.providers.scripted import Said, scripted

CONTENT = b'{"prompt": "q", "completion": "a"}\n' * 3
SHA256 = hashlib.sha256(CONTENT).hexdigest()
KEY = "sk-canary-4711"
ATTACHED = Attached({"Authorization": f"Bearer {KEY}", "X-Route": "r"}, {"trace": "q"}, {"route": "b"})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "data.jsonl"
    found.write_bytes(CONTENT)
    return found


def sender(base_url: str = "http://127.0.0.1:9/v1") -> Transport:
    return Transport("p", base_url, ATTACHED, pause=lambda _: None, timeout=5, environ={})


def put(url: str, file: FileBytes | FileBody, **more: frozenset[int]) -> Request:
    return Request("upload", "PUT", url=url, file=file, expect=Expect.NOTHING, **more)  # type: ignore[arg-type]


def test_bytes_go_there_bare_and_nothing_that_is_attached_goes_along(path: Path) -> None:
    with scripted(Said(b"<ok/>", 200, {"ETag": '"e1"'})) as store:
        reply = sender().send(put(f"{store.base_url}/x?sig=1", FileBytes(path, SHA256)))
    assert (reply.status, reply.headers["ETag"], reply.unsound) == (200, '"e1"', None)
    assert store.asked == ["PUT /v1/x?sig=1"]
    assert store.bodies == [CONTENT]
    (headers,) = store.headers
    assert headers["Content-Length"] == str(len(CONTENT))
    assert not {"Authorization", "X-Route", "Content-Type", "Transfer-Encoding"} & set(headers)
    assert KEY not in str(headers)


def test_no_extra_goes_into_a_form_or_a_body_there(path: Path) -> None:
    with scripted(Said({})) as store:
        url = f"{store.base_url}/x"
        sender().send(Request("upload", "POST", url=url, file=FileBody(path, "f", SHA256, {"own": "1"})))
        sender().send(Request("upload", "POST", url=url, form={"own": "1"}))
        sender().send(Request("upload", "POST", url=url, body={"own": 1}))
        sender().send(Request("list", "GET", url=url))
    assert all(b"route" not in body for body in store.bodies)
    assert all(b"own" in body for body in store.bodies[:3])
    assert store.asked == [*["POST /v1/x"] * 3, "GET /v1/x"]
    assert KEY not in str(store.headers)


def test_a_form_of_fields_goes_to_the_provider_with_its_extras() -> None:
    with scripted(Said({})) as server:
        sender(server.base_url).send(Request("upload", "POST", "/files", form={"purpose": "fine-tune"}))
    assert server.headers[0]["Content-Type"].startswith("multipart/form-data; boundary=")
    assert b'name="purpose"\r\n\r\nfine-tune' in server.bodies[0]
    assert b'name="route"\r\n\r\nb' in server.bodies[0]


def test_a_status_that_the_request_takes_is_an_answer_and_no_redirect_is_followed() -> None:
    takes = frozenset({302, 409})
    replies = [Said(b"<a>found</a>", 302, {"Location": "http://x/"}), Said({"file_id": "file-1"}, 409)]
    with scripted(*replies) as server:
        found = sender(server.base_url)
        first = found.send(Request("upload", "POST", "/files", form={"a": "b"}, takes=takes))
        second = found.send(Request("upload", "POST", "/files", form={"a": "b"}, takes=takes))
        with pytest.raises(Ambiguous):
            found.send(Request("upload", "POST", "/files", form={"a": "b"}))
    assert (first.status, first.body, first.headers["Location"]) == (302, None, "http://x/")
    assert (second.status, second.body) == (409, {"file_id": "file-1"})
    assert len(server.asked) == 3


def test_parts_are_hashed_as_the_one_file_that_they_are(path: Path) -> None:
    with scripted(Said(b"")) as store:
        transport = sender()
        first = transport.send(put(store.base_url, FileBytes(path, SHA256, 0, 40, last=False)))
        second = transport.send(put(store.base_url, FileBytes(path, SHA256, 40, None, before=first.digest)))
        again = transport.send(put(store.base_url, FileBytes(path, SHA256, 40, None, before=first.digest)))
    assert store.bodies == [CONTENT[:40], CONTENT[40:], CONTENT[40:]]
    assert (first.unsound, second.unsound, again.unsound) == (None, None, None)


def test_bytes_that_changed_after_the_plan_are_noticed_with_the_last_part(path: Path) -> None:
    with scripted(Said(b"")) as store:
        transport = sender()
        first = transport.send(put(store.base_url, FileBytes(path, SHA256, 0, 40, last=False)))
        path.write_bytes(CONTENT[:-3] + b"!!\n")
        second = transport.send(put(store.base_url, FileBytes(path, SHA256, 40, None, before=first.digest)))
        whole = transport.send(put(store.base_url, FileBytes(path, SHA256)))
        with pytest.raises(InvalidInput):
            transport.send(put(store.base_url, FileBytes(path, SHA256, 40, len(CONTENT))))
    assert isinstance(second.unsound, InvalidInput)
    assert isinstance(whole.unsound, InvalidInput)


@pytest.mark.parametrize(
    ("base_url", "url", "why"),
    [
        ("https://api.example.com/v1", "http://store.example.com/x", "without encryption"),
        ("https://api.example.com/v1", "https://127.0.0.1/x", "is this machine"),
        ("https://api.example.com/v1", "https://2130706433/x", "is this machine"),
        ("https://api.example.com/v1", "https://127.1:443/x", "is this machine"),
        ("https://api.example.com/v1", "https://[::1]/x", "is this machine"),
        ("https://api.example.com/v1", "https://[::ffff:127.0.0.1]/x", "is this machine"),
        ("https://api.example.com/v1", "https://0.0.0.0/x", "is this machine"),
        ("https://api.example.com/v1", "https://a.localhost/x", "is this machine"),
        ("https://api.example.com/v1", "https://169.254.169.254/latest", "only from this machine"),
        ("http://127.0.0.1:9/v1", "http://169.254.169.254/latest", "only from this machine"),
        ("http://127.0.0.1:9/v1", "http://0xa9fea9fe/latest", "only from this machine"),
        ("http://127.0.0.1:9/v1", "http://[fd00:ec2::254]/latest", "only from this machine"),
        ("http://127.0.0.1:9/v1", "http://[fe80::1]/latest", "only from this machine"),
        ("http://127.0.0.1:9/v1", "http://metadata.google.internal/x", "only from this machine"),
        ("https://api.example.com/v1", "https://localhost./x", "is this machine"),
        ("http://api.example.com/v1", "http://127.0.0.1:8500/x", "is this machine"),
        ("http://127.0.0.1:9/v1", "http://metadata.google.internal./x", "only from this machine"),
        ("http://127.0.0.1:9/v1", "http://169.254.169.254./latest", "only from this machine"),
        ("http://127.0.0.1:9/v1", "http://store:99999/x", "not a plain"),
        ("http://127.0.0.1:9/v1", "http://[1:2]/x", "not a plain"),
        ("http://127.0.0.1:9/v1", "http://user:pass@store/x", "not a plain"),
        ("http://127.0.0.1:9/v1", "file:///etc/passwd", "not a plain"),
        ("http://127.0.0.1:9/v1", "/relative", "not a plain"),
        ("http://127.0.0.1:9/v1", "http://good\\@evil/x", "not a plain"),
    ],
)
def test_nothing_is_sent_where_only_this_machine_can_reach(
    path: Path, base_url: str, url: str, why: str
) -> None:
    with pytest.raises(NotSent, match=why) as caught:
        sender(base_url).send(put(url, FileBytes(path, SHA256)))
    assert "/x" not in str(caught.value)


def test_what_costs_money_never_goes_elsewhere() -> None:
    with pytest.raises(ValueError, match="costs money"):
        sender().send(Request("create", "POST", url="http://127.0.0.1:9/x", body={}))


@pytest.mark.parametrize(
    ("status", "error"), [(401, Ambiguous), (403, Ambiguous), (413, Rejected), (500, Ambiguous)]
)
def test_a_store_that_refuses_says_nothing_of_the_key(
    path: Path, status: int, error: type[Exception]
) -> None:
    said = Said(b"<Error><Code>SignatureDoesNotMatch</Code></Error>", status)
    with scripted(said) as store, pytest.raises(error) as caught:
        sender().send(put(f"{store.base_url}/x?sig=canary", FileBytes(path, SHA256)))
    assert type(caught.value) is error
    assert "SignatureDoesNotMatch" in str(caught.value)
    assert "api_key" not in f"{caught.value.args} {getattr(caught.value, 'hint', '')}"
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    "written", ["?{}", "https://store.example.com/x?{}", "StringToSign {}", f"{'a' * 185} {{}}", "<a>{}</a>"]
)
def test_a_store_that_repeats_its_address_shows_no_signature(path: Path, written: str) -> None:
    query = "X-Sig=canary%2Bcanary%2B0123&X-Token=FwoGZXIvYXdzcanary"
    for told in (query, "canary+canary+0123", "canary%2Bcanary%2B0123", "FwoGZXIvYXdzcanary"):
        said = Said(written.format(told).encode(), 403)
        with scripted(said) as store, pytest.raises(Ambiguous) as caught:
            sender().send(put(f"{store.base_url}/x?{query}", FileBytes(path, SHA256)))
        assert "canary" not in f"{caught.value} {caught.value.failure} {caught.value.hint}"


def test_a_store_that_cannot_be_reached_is_named_without_its_signature(path: Path) -> None:
    with pytest.raises(NotSent, match=r"cannot reach 127\.0\.0\.1") as caught:
        sender().send(put("http://127.0.0.1:1/x?sig=canary", FileBytes(path, SHA256)))
    assert "canary" not in f"{caught.value} {caught.value.hint}"
    assert "wants its files" in (caught.value.hint or "")
