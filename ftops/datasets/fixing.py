"""A corrected copy of a data file: what can be corrected without judgement, and nothing else.

`fix` of `schemas/datasets/rules.v1.json` says for which kinds; all others stay as they are.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from typing import BinaryIO, cast

from ftops.datasets.disguises import BOM, HEAD_BYTES, SPACE, file_disguise
from ftops.datasets.fixing_rows import fixed_rows
from ftops.datasets.reading import MOST_LINE_BYTES
from ftops.errors import FtopsError

MOST_WHOLE_BYTES = 256 * 1024 * 1024
"""Of a file that has to be read as a whole, such as one JSON array."""

_WIDE = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_BREAK = re.compile(r"(?<![ \t])[ \t]*[\r\n]\s*")


class Unfixable(FtopsError):
    """The file as a whole needs a person to correct it."""


class Fixing:
    """One file being corrected. `counts` are the lines by kind, once `lines` is exhausted."""

    def __init__(self, path: str, *, duplicates: bool = False) -> None:
        self._path = path
        self._duplicates = duplicates
        self._seen: set[bytes] = set()
        self.counts: Counter[str] = Counter()

    def lines(self, file: BinaryIO) -> Iterator[bytes]:
        """Yield the lines of the copy. Raises OSError and Unfixable."""
        with ExitStack() as stack:
            for line in self._raw(file, stack):
                yield from self._line(line)

    def _raw(self, file: BinaryIO, stack: ExitStack) -> Iterator[bytes]:
        """Yield the lines of a file that is JSONL, or as good as."""
        head = _head(file)
        if any(head.startswith(mark) for mark, _ in _WIDE):
            self.counts["utf-16"] += 1
            file = stack.enter_context(_narrowed(file, head, self._path))
            head = _head(file)
        disguise = file_disguise(head, self._path)
        kind = disguise.kind if disguise else None
        if kind in ("json-array", "pretty-printed"):
            self.counts[kind] += 1
            return (element + b"\n" for element in _elements(_whole(file, self._path), self._path))
        if kind == "old-line-ends":
            self.counts[kind] += 1
            return iter(_whole(file, self._path).replace(b"\r", b"\n").splitlines(keepends=True))
        if disguise is not None:
            raise Unfixable(f"{self._path} {disguise.message}", hint=disguise.hint)
        return self._long_lines_refused(file)

    def _long_lines_refused(self, file: BinaryIO) -> Iterator[bytes]:
        for number, line in enumerate(iter(lambda: file.readline(MOST_LINE_BYTES + 1), b""), 1):
            if len(line) > MOST_LINE_BYTES:
                raise Unfixable(f"{self._path}: line {number} is too long to be an example")
            yield line.removeprefix(self._bom(line)) if number == 1 else line

    def _bom(self, line: bytes) -> bytes:
        if not line.startswith(BOM):
            return b""
        self.counts["bom"] += 1
        return BOM

    def _line(self, line: bytes) -> Iterator[bytes]:
        if line.endswith(b"\r\n"):
            self.counts["crlf"] += 1
        elif not line.endswith(b"\n"):
            self.counts["final-newline"] += 1
        row = line.strip(SPACE)
        if not row:
            self.counts["blank-line"] += 1
            return
        kinds: dict[str, None] = {}
        for fixed in fixed_rows(row, kinds.setdefault):
            if not self._repeats(fixed):
                yield fixed + b"\n"
        self.counts.update(list(kinds))

    def _repeats(self, row: bytes) -> bool:
        if not self._duplicates:
            return False
        digest = hashlib.blake2b(row, digest_size=16).digest()
        if digest in self._seen:
            self.counts["duplicate-row"] += 1
            return True
        self._seen.add(digest)
        return False


def _head(file: BinaryIO) -> bytes:
    head = file.read(HEAD_BYTES)
    file.seek(0)
    return head


def _narrowed(file: BinaryIO, head: bytes, path: str) -> BinaryIO:
    """Return the file in UTF-8. Only one that names its encoding by its first bytes comes here."""
    encoding = next(name for mark, name in _WIDE if head.startswith(mark))
    narrow = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115 - whoever reads it closes it
    try:
        _transcode(file, encoding, narrow)
    except UnicodeError:
        narrow.close()
        raise Unfixable(
            f"{path} begins like {encoding.upper()}, but is not valid {encoding.upper()}"
        ) from None
    narrow.seek(0)
    return narrow


def _transcode(file: BinaryIO, encoding: str, narrow: BinaryIO) -> None:
    reader = io.TextIOWrapper(file, encoding, newline="")
    writer = io.TextIOWrapper(narrow, "utf-8", newline="")
    try:
        shutil.copyfileobj(reader, writer)
    finally:
        reader.detach()
        writer.detach()


def _whole(file: BinaryIO, path: str) -> bytes:
    data = file.read(MOST_WHOLE_BYTES + 1)
    if len(data) > MOST_WHOLE_BYTES:
        raise Unfixable(
            f"{path} is too large to be corrected as a whole", hint="write it as JSONL: jq -c '.[]'"
        )
    return data.removeprefix(BOM)


def _elements(data: bytes, path: str) -> Iterator[bytes]:
    """Yield the objects of an array, or of a file of objects over several lines, each as it is written.

    No string of JSON holds a line break, so every one stands between two words.
    """
    try:
        text = data.decode().strip()
    except UnicodeDecodeError:
        raise Unfixable(f"{path} is not UTF-8", hint="save the file as UTF-8") from None
    decoder, at = json.JSONDecoder(), 0
    if text.startswith("["):
        at, text = 1, text.removesuffix("]")
    at = _skipped(text, at)
    while at < len(text):
        try:
            _, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            where = f"line {text.count(chr(10), 0, getattr(error, 'pos', at)) + 1}"
            raise Unfixable(f"{path}: {where} is not valid JSON", hint="correct that by hand first") from None
        yield _BREAK.sub(" ", text[at:end]).encode()
        at = _skipped(text, end)


_BETWEEN = re.compile(r"[\s,]*")


def _skipped(text: str, at: int) -> int:
    found = _BETWEEN.match(text, at)
    return found.end() if found else at
