"""How a file gets to Together: by redirect, in parts, or not at all because it is there."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from ftops.errors import Ambiguous, FtopsError, InvalidInput, NotSent, ProviderError
from ftops.model.job import FileState, UploadedFile
from ftops.model.observation import ProviderFacts
from ftops.providers.dialects.together import TogetherDialect
from ftops.providers.dialects.together_uploads import Sizes
from ftops.providers.flow import Flow
from ftops.providers.http_provider import HttpProvider
from ftops.transport.client import Transport
from ftops.transport.exchange import Attached
from tests.unit.providers.scripted import Said, Scripted, scripted

KEY = "sk-canary-4711"
CONTENT = b'{"prompt": "q", "completion": "a"}\n' * 6
SHA256 = hashlib.sha256(CONTENT).hexdigest()
FILE = {"id": "file-1", "filename": "a.jsonl", "bytes": len(CONTENT), "processing_status": "COMPLETED"}


class Small(TogetherDialect):
    """Sends in parts what the format sends whole."""

    sizes = Sizes(one_piece=100, part=90, largest=1000)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "a.jsonl"
    found.write_bytes(CONTENT)
    return found


def served(base_url: str, dialect: TogetherDialect | None = None) -> HttpProvider:
    spoken = dialect or TogetherDialect()
    facts = ProviderFacts("tg", "together", spoken.capabilities)
    attached = Attached({"Authorization": f"Bearer {KEY}"}, {"trace": "q"}, {"route": "b"})
    return HttpProvider(facts, spoken, Transport("tg", base_url, attached, pause=lambda _: None, timeout=5))


def to(store: Scripted, path: str = "/put?sig=1") -> Said:
    headers = {"Location": store.base_url + path, "X-Together-File-Id": "file-1"}
    return Said(b"", 302, headers)


def parts(store: Scripted, count: int) -> Said:
    places = [
        {"PartNumber": number, "URL": f"{store.base_url}/part?n={number}", "Headers": {"X-Part": str(number)}}
        for number in range(1, count + 1)
    ]
    return Said({"upload_id": "up-1", "file_id": "file-1", "parts": places[::-1]})


def test_a_file_is_announced_put_without_the_key_and_processed(path: Path) -> None:
    with scripted(Said(b"")) as store, scripted(to(store), Said(FILE)) as api:
        file = served(api.base_url).upload_file(path, "a.jsonl", SHA256)
    assert (file.id, file.state) == ("file-1", FileState.READY)
    assert api.asked == ["POST /v1/files?trace=q", "POST /v1/files/file-1/preprocess?trace=q"]
    for name, value in {
        "purpose": "fine-tune",
        "file_name": "a.jsonl",
        "file_type": "jsonl",
        "checksum": SHA256,
    }.items():
        assert f'name="{name}"\r\n\r\n{value}\r\n'.encode() in api.bodies[0]
    assert CONTENT not in api.bodies[0]
    assert (store.asked, store.bodies) == (["PUT /v1/put?sig=1"], [CONTENT])
    assert KEY not in str(store.headers)


def test_a_store_that_moves_them_to_no_address_is_said_to(path: Path) -> None:
    moved = Said(b"", 307, {"Location": "http://[bad/other?sig=2"})
    with (
        scripted(moved) as store,
        scripted(to(store)) as api,
        pytest.raises(Ambiguous, match="what is no address") as caught,
    ):
        served(api.base_url).upload_file(path, "a.jsonl", SHA256)
    assert "sig=" not in f"{caught.value} {caught.value.hint}"


def test_the_bytes_are_sent_again_wherever_the_store_moves_them(path: Path) -> None:
    moved = Said(b"", 307, {"Location": "/v1/other?sig=2"})
    with scripted(moved, Said(b"")) as store, scripted(to(store), Said(FILE)) as api:
        served(api.base_url).upload_file(path, "a.jsonl", SHA256)
    assert store.asked == ["PUT /v1/put?sig=1", "PUT /v1/other?sig=2"]
    assert store.bodies == [CONTENT, CONTENT]


def test_a_store_that_moves_them_for_ever_is_left(path: Path) -> None:
    moved = Said(b"", 307, {"Location": "/v1/again"})
    with scripted(moved) as store, scripted(to(store)) as api, pytest.raises(Ambiguous, match="20 times"):
        served(api.base_url).upload_file(path, "a.jsonl", SHA256)
    assert len(store.asked) == 21
    assert len(api.asked) == 1


@pytest.mark.parametrize(
    "said",
    [
        Said({"id": "file-1", "filename": "a.jsonl"}),
        Said(b"", 302, {"Location": "http://127.0.0.1:1/x"}),
        Said(b"", 302, {"X-Together-File-Id": "file-1"}),
        Said(b"", 302, {"Location": "http://127.0.0.1:1/x", "X-Together-File-Id": "../jobs"}),
        Said({"file": "x"}, 409),
    ],
)
def test_a_reply_that_does_not_say_where_or_under_which_id_sends_nothing(path: Path, said: Said) -> None:
    with scripted(said) as api, pytest.raises(Ambiguous):
        served(api.base_url).upload_file(path, "a.jsonl", SHA256)
    assert len(api.asked) == 1


def test_no_file_goes_where_only_this_machine_can_reach(path: Path) -> None:
    headers = {"Location": "http://169.254.169.254/latest", "X-Together-File-Id": "file-1"}
    with scripted(Said(b"", 302, headers)) as api, pytest.raises(NotSent, match="only from this machine"):
        served(api.base_url).upload_file(path, "a.jsonl", SHA256)


def test_what_is_there_already_is_not_sent_again(path: Path) -> None:
    with scripted(Said({"file_id": "file-1"}, 409), Said(FILE)) as api:
        assert served(api.base_url).upload_file(path, "a.jsonl", SHA256).id == "file-1"
    assert api.asked == ["POST /v1/files?trace=q", "GET /v1/files/file-1?trace=q"]


def test_what_was_put_and_never_processed_is_processed_now(path: Path) -> None:
    pending = {**FILE, "processing_status": "PENDING"}
    with scripted(Said({"file_id": "file-1"}, 409), Said(pending), Said(FILE)) as api:
        file = served(api.base_url).upload_file(path, "a.jsonl", SHA256)
    assert file.state is FileState.READY
    assert api.asked[2] == "POST /v1/files/file-1/preprocess?trace=q"


def test_what_was_begun_and_never_filled_is_not_what_is_there(path: Path) -> None:
    short = {**FILE, "bytes": 7}
    with scripted(Said({"file_id": "file-1"}, 409), Said(short)) as api:
        with pytest.raises(ProviderError, match="has 7 bytes") as caught:
            served(api.base_url).upload_file(path, "a.jsonl", SHA256)
        assert "delete file-1" in (caught.value.hint or "")
        # It is not remembered as a refusal of these bytes: the next run tries again.
        assert type(caught.value) is ProviderError


def test_other_bytes_than_were_planned_are_deleted_and_never_processed(path: Path) -> None:
    with scripted(Said(b"")) as store, scripted(to(store), Said({"id": "file-1", "deleted": True})) as api:
        with pytest.raises(InvalidInput):
            served(api.base_url).upload_file(path, "a.jsonl", "0" * 64)
        assert api.asked == ["POST /v1/files?trace=q", "DELETE /v1/files/file-1?trace=q"]


def test_a_store_that_refuses_ends_the_upload(path: Path) -> None:
    with scripted(Said(b"<Error/>", 403)) as store, scripted(to(store)) as api:
        with pytest.raises(Ambiguous, match="upload got 403"):
            served(api.base_url).upload_file(path, "a.jsonl", SHA256)
        assert len(api.asked) == 1


def test_a_large_file_goes_in_parts_that_are_put_in_order(path: Path) -> None:
    store_says = [Said(b"", 200, {"ETag": f'"e{number}"'}) for number in (1, 2, 3)]
    with scripted(*store_says) as store, scripted(parts(store, 3), Said({"file": FILE})) as api:
        file = served(api.base_url, Small()).upload_file(path, "a.jsonl", SHA256)
    assert file.state is FileState.READY
    assert [line.split("?")[0] for line in api.asked] == [
        "POST /v1/files/multipart/initiate",
        "POST /v1/files/multipart/complete",
    ]
    begun, done = map(json.loads, api.bodies)
    assert (begun["file_size"], begun["num_parts"], begun["checksum"]) == (len(CONTENT), 3, SHA256)
    assert done["parts"] == [{"part_number": number, "etag": f"e{number}"} for number in (1, 2, 3)]
    assert (done["upload_id"], done["file_id"]) == ("up-1", "file-1")
    assert store.asked == [f"PUT /v1/part?n={number}" for number in (1, 2, 3)]
    assert b"".join(store.bodies) == CONTENT
    assert [headers["X-Part"] for headers in store.headers] == ["1", "2", "3"]
    assert KEY not in str(store.headers)


@pytest.mark.parametrize(
    ("second", "sha256", "error"),
    [
        (Said(b"<Error/>", 500), SHA256, Ambiguous),
        (Said(b""), SHA256, Ambiguous),
        (Said(b"", 200, {"ETag": "e2"}), "0" * 64, InvalidInput),
    ],
)
def test_an_upload_in_parts_that_fails_is_aborted(
    path: Path, second: Said, sha256: str, error: type[Exception]
) -> None:
    first = Said(b"", 200, {"ETag": "e1"})
    with scripted(first, second) as store, scripted(parts(store, 3), Said({})) as api:
        with pytest.raises(error):
            served(api.base_url, Small()).upload_file(path, "a.jsonl", sha256)
        assert [line.split("?")[0] for line in api.asked] == [
            "POST /v1/files/multipart/initiate",
            "POST /v1/files/multipart/abort",
        ]
        told = json.loads(api.bodies[1])
        assert (told["upload_id"], told["file_id"]) == ("up-1", "file-1")


class Cutting(Small):
    """Cuts the file once it is known how large it is."""

    def upload(self, path: Path, filename: str, sha256: str) -> Flow[UploadedFile]:
        flow = super().upload(path, filename, sha256)
        answer = yield next(flow)
        path.write_bytes(CONTENT[:10])
        request = flow.send(answer)
        while True:
            try:
                answer = yield request
            except FtopsError as error:
                request = flow.throw(error)
            else:
                request = flow.send(answer)


def test_a_file_that_shrank_before_its_parts_were_sent_aborts_them(path: Path) -> None:
    with scripted(Said(b"", 200, {"ETag": "e"})) as store, scripted(parts(store, 3), Said({})) as api:
        with pytest.raises(InvalidInput):
            served(api.base_url, Cutting()).upload_file(path, "a.jsonl", SHA256)
        assert api.asked[-1].startswith("POST /v1/files/multipart/abort")


def test_parts_that_the_server_does_not_place_send_nothing(path: Path) -> None:
    with scripted(Said(b"")) as store, scripted(parts(store, 2)) as api:
        with pytest.raises(Ambiguous, match="where each of 3 parts goes"):
            served(api.base_url, Small()).upload_file(path, "a.jsonl", SHA256)
        assert store.asked == []


def test_a_file_beyond_the_limit_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    path = tmp_path / "huge.jsonl"
    path.write_bytes(b"x" * 1001)
    with scripted(Said({})) as api, pytest.raises(InvalidInput) as caught:
        served(api.base_url, Small()).upload_file(path, "huge.jsonl", SHA256)
    assert "takes at most" in str(caught.value.problems[0])
    assert api.asked == []
