"""Files and lines that are not JSONL: what they are instead, so that a person knows what to do."""

from __future__ import annotations

import json
import re
from collections import Counter

import orjson

from ftops.datasets.breach import Breach

BOM = b"\xef\xbb\xbf"
SPACE = b" \t\r\n"
"""White space of JSON: around a row it says nothing."""

HEAD_BYTES = 4096
"""How much of a file is looked at to see what it is."""

_LFS_MARK = b"version https://git-lfs.github.com/spec/"
_WIDE = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
_PACKED = (
    (b"\x1f\x8b", "packed with gzip"),
    (b"PK\x03\x04", "a zip archive, or a spreadsheet"),
    (b"PAR1", "a Parquet file"),
    (b"ARROW1", "an Arrow file"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd"),
    (b"\xfd7zXZ\x00", "packed with xz"),
    (b"BZh", "packed with bzip2"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"SQLite format 3", "a SQLite database"),
    (b"%PDF-", "a PDF"),
    (b"\x89HDF", "an HDF5 file"),
)
_PAGE = re.compile(rb"\s*<(!doctype html|html|\?xml)", re.IGNORECASE)
_TABLES = {"csv": "CSV", "tsv": "TSV"}


def file_disguise(head: bytes, path: str) -> Breach | None:
    """Report a file that is something else as a whole, judging by its first bytes."""
    if head.startswith(_LFS_MARK):
        return Breach("lfs-pointer")
    for mark, name in _WIDE:
        if head.startswith(mark):
            return Breach("utf-16", shown={"value": name})
    for mark, name in _PACKED:
        if head.startswith(mark):
            return Breach("packed", shown={"value": name})
    if b"\0" in head:
        wide = head[:1] == b"\0" or head[1:2] == b"\0"
        return (
            Breach("utf-16", shown={"value": "UTF-16"})
            if wide
            else Breach("packed", shown={"value": "a binary file"})
        )
    if _PAGE.match(head):
        return Breach("web-page")
    if b"\n" not in head and re.search(rb"\}\s*\r\s*\{", head):
        return Breach("old-line-ends")
    return _text_disguise(head.removeprefix(BOM), path)


def _text_disguise(head: bytes, path: str) -> Breach | None:
    lines = [line.strip() for line in head.split(b"\n")]
    filled = [line for line in lines if line]
    if not filled:
        return None
    first, second = filled[0], filled[1] if len(filled) > 1 else b""
    if first.startswith(b"["):
        # A list a line is not an array of rows, but rows that are lists.
        return None if first.endswith(b"]") and second.startswith(b"[") else Breach("json-array")
    if first.startswith(b"{"):
        # Of a first line that is longer than the head its end is not known.
        whole = b"\n" in head.lstrip()
        return Breach("pretty-printed") if whole and _goes_on(first, second) else None
    kind = _TABLES.get(path.rsplit(".", 1)[-1].lower()) or _separated(first, second)
    return Breach("table", shown={"value": kind}) if kind else None


def _separated(first: bytes, second: bytes) -> str | None:
    """Name the kind of table that two lines without an object look like."""
    if b"{" in first or b"{" in second:
        return None
    signs = ((b"\t", "TSV"), (b",", "CSV"))
    return next((kind for sign, kind in signs if sign in first and sign in second), None)


def _goes_on(first: bytes, second: bytes) -> bool:
    """Return whether an object that begins on the first line goes on below it."""
    if first.endswith((b"{", b"[")):
        return True
    return first.endswith(b",") and bool(second) and not second.startswith(b"{")


def line_disguise(line: bytes, error: orjson.JSONDecodeError) -> Breach:
    """Say why a line cannot be read as JSON."""
    try:
        text = line.decode()
    except UnicodeDecodeError as wrong:
        return Breach("not-utf-8", column=wrong.start + 1)
    if "surrogate" in error.msg:
        return Breach("lone-surrogate", column=error.colno)
    if _reads(line.removesuffix(b",")):
        return Breach("trailing-comma", column=len(text))
    if text.startswith("{'"):
        return Breach("python-literal", column=2)
    if _is_several(text):
        return Breach("several-objects", column=error.colno)
    return Breach("not-json", shown={"value": error.msg}, column=error.colno)


def _reads(line: bytes) -> bool:
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return True


def _is_several(text: str) -> bool:
    try:
        _, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return False
    return text[end:].lstrip(" \t,").startswith("{")


def written_anew(row: object) -> bytes | None:
    """Write a parsed row once more; None for one that is nested deeper than most readers follow."""
    try:
        return orjson.dumps(row)
    except TypeError:
        return None


def repeated_key(line: bytes, anew: bytes) -> str | None:
    """Name a key that occurs twice in one object; the parsed row has only the last of them.

    Counting the keys of the line and of the row written anew is fast, and enough where they agree; else the
    line is read once more, slowly.
    """
    if line.count(b'":') == anew.count(b'":'):
        return None
    twice: list[str] = []

    def members(pairs: list[tuple[str, object]]) -> None:
        counted = Counter(name for name, _ in pairs)
        if len(counted) < len(pairs):
            twice.append(counted.most_common(1)[0][0])

    json.loads(line, object_pairs_hook=members)
    return twice[0] if twice else None
