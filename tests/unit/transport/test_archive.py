"""Archives: the same content, the same bytes; streamed, with the length known beforehand."""

from __future__ import annotations

import io
import zipfile

from hypothesis import given
from hypothesis import strategies as st

from ftops.transport.archive import Archived, archive


def streamed(content: bytes, size: int, name: str = "ftops_data/x.jsonl") -> bytes:
    stream = Archived(io.BytesIO(content), name, len(content))
    promised, pieces = stream.len, []
    while piece := stream.read(size):
        assert len(piece) <= size
        pieces.append(piece)
    whole = b"".join(pieces)
    assert (len(whole), stream.len) == (promised, 0)
    return whole


@given(st.binary(max_size=300), st.integers(1, 400))
def test_a_streamed_archive_is_a_function_of_its_content(content: bytes, size: int) -> None:
    whole = streamed(content, size)
    assert whole == streamed(content, 7)
    with zipfile.ZipFile(io.BytesIO(whole)) as opened:
        assert opened.namelist() == ["ftops_data/x.jsonl"]
        assert opened.read("ftops_data/x.jsonl") == content
        assert opened.testzip() is None


def test_a_large_stream_is_sent_in_pieces() -> None:
    content = bytes(range(256)) * 2_000
    with zipfile.ZipFile(io.BytesIO(streamed(content, 8_192))) as opened:
        assert opened.read("ftops_data/x.jsonl") == content


def test_members_are_sorted_and_have_no_time() -> None:
    one = archive({"b.py": b"2", "a/c.py": b"1"})
    assert one == archive({"a/c.py": b"1", "b.py": b"2"})
    with zipfile.ZipFile(io.BytesIO(one)) as opened:
        assert [entry.filename for entry in opened.infolist()] == ["a/c.py", "b.py"]
        assert {entry.date_time for entry in opened.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {entry.compress_type for entry in opened.infolist()} == {zipfile.ZIP_STORED}
