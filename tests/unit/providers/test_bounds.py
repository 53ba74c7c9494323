"""No reply lasts for ever and none fills the memory, whatever the server does."""

from __future__ import annotations

import gzip
import itertools
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ftops.errors import Ambiguous, ProviderError
from ftops.model.observation import ProviderFacts
from ftops.providers.http_provider import HttpProvider
from ftops.providers.registry import dialects
from ftops.transport import exchange, reply_body
from ftops.transport.client import Transport
from ftops.transport.deadline import ending_by, time_left
from ftops.transport.exchange import Attached, Expect, FileBody, Request
from tests.unit.providers.dripping import dripping
from tests.unit.providers.scripted import Said, scripted
from tests.unit.providers.test_lists import jobs

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
TIMEOUT = 0.1


class Pieces:
    """The same endless reply for each connection."""

    def __init__(self, first: bytes, then: bytes) -> None:
        self.first = first
        self.then = then

    def __iter__(self) -> Iterator[bytes]:
        return itertools.chain([self.first], itertools.repeat(self.then))


ENDLESS = {
    "body": Pieces(HEAD + b"Content-Length: 100000\r\n\r\n", b" "),
    "chunks": Pieces(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "size of a chunk": Pieces(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
    "until the end": Pieces(HEAD + b"Connection: close\r\n\r\n", b" "),
    "headers": Pieces(b"HTTP/1.1 200 OK\r\nX-Long: ", b"x"),
    "refusal": Pieces(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 100000\r\n\r\n", b" "),
}


@pytest.mark.parametrize("pieces", ENDLESS.values(), ids=ENDLESS.keys())
def test_a_read_that_drips_ends_by_its_deadline(pieces: Pieces) -> None:
    with dripping(pieces) as base_url, pytest.raises(ProviderError):
        Transport("p", base_url, Attached(), timeout=TIMEOUT).send(Request("list", "GET", "/x"))


@pytest.mark.parametrize("name", [name for name in ENDLESS if name != "refusal"])
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_a_post_that_drips_ends_as_ambiguous(name: str, method: str) -> None:
    with dripping(ENDLESS[name]) as base_url:
        transport = Transport("p", base_url, Attached(), timeout=TIMEOUT)
        with pytest.raises(Ambiguous, match="no reply in time"):
            transport.send(Request("create", method, "/x"))


def test_an_upload_whose_reply_drips_ends_too(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"x" * 100)
    request = Request("upload", "POST", "/files", file=FileBody(path, "a", "0" * 64))
    with dripping(ENDLESS["body"]) as base_url, pytest.raises(Ambiguous, match="no reply in time"):
        Transport("p", base_url, Attached(), timeout=TIMEOUT).send(request)


def test_the_retries_of_a_read_are_within_its_deadline() -> None:
    waits: list[float] = []
    with scripted(Said({}, 503, {"Retry-After": "3"})) as server:
        with pytest.raises(Ambiguous):
            Transport("p", server.base_url, Attached(), timeout=0.5, pause=waits.append).send(
                Request("list", "GET", "/x")
            )
        assert (len(server.asked), waits) == (1, [])


def test_of_two_deadlines_the_earlier_holds() -> None:
    assert time_left() == float("inf")
    with ending_by(time.monotonic() + 1000):
        with ending_by(time.monotonic() + 5000):
            assert time_left() <= 1000
        with ending_by(time.monotonic() - 1):
            assert time_left() < 0
        assert time_left() > 900
    assert time_left() == float("inf")


def test_a_connection_is_used_again_after_a_reply_that_was_read_whole() -> None:
    with scripted(
        Said({"a": 1}), Said({}, 204), Said(gzip.compress(b"{}"), 200, {"Content-Encoding": "gzip"})
    ) as server:
        transport = Transport("p", server.base_url, Attached())
        for _ in range(3):
            transport.send(Request("list", "GET", "/x"))
            transport.send(Request("create", "POST", "/x", body={}))
        # One to read and one to write, however many requests.
        assert len(server.clients) == 2


def test_a_list_of_endless_pages_ends_by_time() -> None:
    moments = itertools.count(step=50.0)
    pages = [Said({"data": jobs(2 * number, 2), "has_more": True}) for number in range(40)]
    dialect = dialects()["openai"]
    with scripted(*pages) as server:
        transport = Transport("p", server.base_url, Attached(), timeout=30)
        facts = ProviderFacts("p", "openai", dialect.capabilities)
        listed = HttpProvider(facts, dialect, transport, lambda: next(moments)).list_fine_tunes()
        assert len(server.asked) == 12
    assert not listed.complete
    assert "took too long" in (listed.problem or "")
    assert "timeout" in (listed.hint or "")


def _gzip_bomb(size: int) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    piece = b" " * 2**20
    return b"".join(packer.compress(piece) for _ in range(size // 2**20)) + packer.flush()


def test_a_small_reply_that_unpacks_to_too_much_is_refused() -> None:
    bomb = _gzip_bomb(exchange.LARGEST + 2**20)
    assert len(bomb) < 100_000
    with scripted(Said(bomb, headers={"Content-Encoding": "gzip"})) as server:
        with pytest.raises(Ambiguous, match="larger than 64 MiB"):
            Transport("p", server.base_url, Attached()).send(Request("list", "GET", "/x"))
        with pytest.raises(Ambiguous, match="larger than 64 MiB"):
            Transport("p", server.base_url, Attached()).send(
                Request("download", "GET", "/x", expect=Expect.BYTES)
            )


def test_the_words_of_an_error_are_read_from_the_start_of_a_bomb_too() -> None:
    said = Said(_gzip_bomb(2**27), 400, {"Content-Encoding": "gzip"})
    with scripted(said) as server, pytest.raises(ProviderError, match="400"):
        Transport("p", server.base_url, Attached()).send(Request("list", "GET", "/x"))


@pytest.mark.parametrize(
    "pack", [gzip.compress, zlib.compress, lambda body: gzip.compress(body[:3]) + gzip.compress(body[3:])]
)
def test_packed_replies_are_read(pack: Callable[[bytes], bytes]) -> None:
    packing = "deflate" if pack is zlib.compress else "gzip"
    with scripted(Said(pack(b'{"a": [1, 2, 3]}'), headers={"Content-Encoding": packing})) as server:
        assert Transport("p", server.base_url, Attached()).send(Request("list", "GET", "/x")).body == {
            "a": [1, 2, 3]
        }


@pytest.mark.parametrize(
    ("body", "packing", "words"),
    [
        (gzip.compress(b'{"a": 1}', mtime=0)[:-6], "gzip", "in the middle"),
        (b'{"a": 1}', "gzip", "cannot be decompressed"),
        (b"x", "br", "compressed as 'br'"),
        (b"x", "gzip, gzip, gzip", "not asked for"),
    ],
)
def test_what_cannot_be_unpacked_is_unreadable_and_so_ambiguous(
    body: bytes, packing: str, words: str
) -> None:
    said = Said(body, headers={"Content-Encoding": packing})
    with scripted(said) as server, pytest.raises(Ambiguous, match=words):
        Transport("p", server.base_url, Attached()).send(Request("create", "POST", "/x", body={}))


def test_a_line_without_an_end_is_refused() -> None:
    with scripted(Said(b"data: " + b"x" * (reply_body.LONGEST_LINE + 2**17))) as server:
        asked = Request("events", "GET", "/x", expect=Expect.LINES, streamed=True)
        stream = Transport("p", server.base_url, Attached()).send(asked)
        assert stream.lines is not None
        with pytest.raises(ProviderError, match="longer than 1 MiB"):
            list(stream.lines)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520, 521, 522, 523, 524])
def test_a_gateway_that_did_not_reach_its_origin_is_asked_again(status: int) -> None:
    with scripted(Said({}, status), Said({"a": 1})) as server:
        transport = Transport("p", server.base_url, Attached(), pause=lambda _: None)
        assert transport.send(Request("list", "GET", "/x")).body == {"a": 1}


@pytest.mark.parametrize("status", [520, 524])
def test_a_create_is_not(status: int) -> None:
    with scripted(Said({}, status)) as server:
        with pytest.raises(Ambiguous):
            Transport("p", server.base_url, Attached()).send(Request("create", "POST", "/x", body={}))
        assert len(server.asked) == 1
