"""How Together takes a file: by redirect to its store, and in parts where it is large.

Facts: the SDK 3.1.1 (lib/resources/files.py), read and driven; the document of 2026-04-28 has only the plain
form of an upload, `/files/upload`, which the SDK no longer uses.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from msgspec import Struct

from ftops.errors import Failure, FtopsError, InvalidInput, Problem, ProviderError
from ftops.model.identifiers import is_providers_id
from ftops.model.job import FileState, UploadedFile
from ftops.model.json_value import JSON
from ftops.providers.decoding import (
    optional_count,
    optional_number,
    optional_text,
    require_id,
    require_mapping,
)
from ftops.providers.flow import Answer, Flow, Unreadable, asked
from ftops.transport.exchange import Digest, Expect, FileBytes, Request

MOST_PARTS = 250
MOST_HOPS = 20


class Sizes(Struct, frozen=True):
    """Bytes: above which a file is sent in parts, how large these are meant to be, and what is too large."""

    one_piece: int = 5 * 2**30
    part: int = 250 * 2**20
    largest: int = int(50.1 * 2**30)


_PURPOSE = "fine-tune"
_TYPES = ("jsonl", "csv", "parquet")
_THERE = 409
_FOUND = 302
_MOVED = frozenset({301, 302, 303, 307, 308})
"""Redirects of the store: the SDK sends the bytes again wherever they lead, with the same method."""

FILE_STATES: Mapping[str, FileState] = {
    "pending": FileState.UPLOADED,
    "queued": FileState.PROCESSING,
    "running": FileState.PROCESSING,
    "completed": FileState.READY,
    "failed": FileState.FAILED,
    "invalid_format": FileState.FAILED,
}
"""`pending` may be for ever: a file that was uploaded the plain way is not processed until it is used."""


def decode_file(body: Any) -> UploadedFile:
    """Read a file; one without a status may say `Processed`, as the document has it."""
    file = require_mapping(body, "a file")
    status = optional_text(file.get("processing_status"))
    if status is None and isinstance(file.get("Processed"), bool):
        status = "completed" if file["Processed"] else "pending"
    report = file.get("validation_report")
    return UploadedFile(
        id=require_id(file, "a file"),
        filename=optional_text(file.get("filename")) or "",
        bytes=optional_count(file.get("bytes")),
        purpose=optional_text(file.get("purpose")),
        status=status,
        created_at=optional_number(file.get("created_at")),
        state=FILE_STATES.get((status or "").lower(), FileState.UNKNOWN),
        problem=optional_text(report.get("error")) if isinstance(report, Mapping) else None,
    )


class Sent:
    """A file that is to be sent. `size` is that of the file now; later its digest decides."""

    def __init__(self, path: Path, filename: str, sha256: str) -> None:
        self.path = path
        self.sha256 = sha256
        self.filename = filename
        self.size = path.stat().st_size
        kind = filename.rpartition(".")[2].lower()
        self.fields: dict[str, str] = {
            "purpose": _PURPOSE,
            "file_name": filename,
            "file_type": kind if kind in _TYPES else _TYPES[0],
            "checksum": sha256,
        }


def uploaded(path: Path, filename: str, sha256: str, sizes: Sizes) -> Flow[UploadedFile]:
    """Send a file the way that its size asks for; one whose content is there already is not sent again."""
    file = Sent(path, filename, sha256)
    if file.size > sizes.largest:
        problem = f"has {file.size / 2**30:.1f} GiB; Together takes at most {sizes.largest / 2**30:.1f} GiB"
        raise InvalidInput((Problem(problem, file=str(path), hint="split it, and train in two steps"),))
    if file.size > sizes.one_piece:
        return (yield from _in_parts(file, sizes.part))
    return (yield from _by_redirect(file))


def _by_redirect(file: Sent) -> Flow[UploadedFile]:
    takes = frozenset({_FOUND, _THERE})
    answer = yield Request("upload", "POST", "/files", form=file.fields, takes=takes)
    if answer.reply.status == _THERE:
        return (yield from _already_there(file, answer))
    where = answer.reply.headers.get("location")
    file_id = answer.reply.headers.get("x-together-file-id")
    if answer.reply.status != _FOUND or not where or not file_id or not is_providers_id(file_id):
        raise answer.unreadable("it does not say where to put the file, and under which id")
    put = yield from _put(file, where)
    if put.reply.unsound is not None:
        # The driver deletes it: it has the name by which the right one would be found again.
        return UploadedFile(file_id, file.filename)
    return (yield from _processed(file_id))


def _put(file: Sent, where: str) -> Flow[Answer]:
    """Put the bytes, and again wherever the store sends them."""
    content = FileBytes(file.path, file.sha256)
    hops = 0
    while True:
        answer = yield Request("upload", "PUT", url=where, file=content, expect=Expect.NOTHING, takes=_MOVED)
        if answer.reply.status not in _MOVED:
            return answer
        hops += 1
        if hops > MOST_HOPS:
            raise answer.unreadable(f"the store redirects more than {MOST_HOPS} times")
        try:
            where = urljoin(where, answer.reply.headers.get("location") or "")
        except ValueError as error:
            raise answer.unreadable("the store redirects to what is no address") from error


def _already_there(file: Sent, answer: Answer) -> Flow[UploadedFile]:
    """Describe the file that has this content. One that was never filled is no such file.

    One that was put by a run that ended before it asked for the rest is processed now.
    """
    there = answer.read(lambda body: require_mapping(body, "the reply"))
    file_id = optional_text(there.get("file_id"))
    if file_id is None or not is_providers_id(file_id):
        raise answer.unreadable("it says that the file is there, and not under which id")
    found = yield from asked(Request("upload", "GET", f"/files/{file_id}"), decode_file)
    if found.bytes not in (None, file.size):
        message = (
            f"file {file_id}, which is said to have this content, has {found.bytes} bytes, not {file.size}"
        )
        raise ProviderError(
            message,
            failure=Failure("together", "upload", _THERE, message=message),
            hint=f"delete {file_id} at the provider, and run ftops again",
        )
    if found.state is FileState.UPLOADED:
        return (yield from _processed(file_id))
    return found


def _processed(file_id: str) -> Flow[UploadedFile]:
    return (yield from asked(Request("upload", "POST", f"/files/{file_id}/preprocess"), decode_file))


def _in_parts(file: Sent, part: int) -> Flow[UploadedFile]:
    """Send a large file part after part; what fails on the way is aborted, so that no parts are kept."""
    count = min(MOST_PARTS, math.ceil(file.size / part))
    body: dict[str, JSON] = {**file.fields, "file_size": file.size, "num_parts": count}
    started = yield Request(
        "upload", "POST", "/files/multipart/initiate", body=body, takes=frozenset({_THERE})
    )
    if started.reply.status == _THERE:
        return (yield from _already_there(file, started))
    order = started.read(lambda told: _Order(told, count))
    try:
        parts = yield from _parts(file, order)
        whole: dict[str, JSON] = {**order.ids, "parts": parts}
        return (
            yield from asked(Request("upload", "POST", "/files/multipart/complete", body=whole), _completed)
        )
    except FtopsError:
        with suppress(ProviderError):
            yield Request("upload", "POST", "/files/multipart/abort", body=order.ids)
        raise


class _Order:
    """What the server says of an upload in parts: its ids, and where each part goes, in order."""

    def __init__(self, told: Any, count: int) -> None:
        order = require_mapping(told, "the reply")
        upload_id, file_id = optional_text(order.get("upload_id")), optional_text(order.get("file_id"))
        parts = order.get("parts")
        if upload_id is None or file_id is None or not is_providers_id(file_id):
            raise Unreadable("it has no upload_id and file_id")
        self.ids = {"upload_id": upload_id, "file_id": file_id}
        self.places: dict[int, Mapping[str, Any]] = {
            part["PartNumber"]: part
            for part in (parts if isinstance(parts, list) else [])
            if isinstance(part, Mapping) and isinstance(part.get("PartNumber"), int)
        }
        if sorted(self.places) != list(range(1, count + 1)):
            raise Unreadable(f"it does not say where each of {count} parts goes")


def _parts(file: Sent, order: _Order) -> Flow[list[JSON]]:
    count = len(order.places)
    size = math.ceil(file.size / count)
    digest: Digest | None = None
    made: list[JSON] = []
    for number in range(1, count + 1):
        last = number == count
        start = (number - 1) * size
        length = file.size - start if last else size
        place = order.places[number]
        headers = place.get("Headers")
        answer = yield Request(
            "upload",
            "PUT",
            url=str(place.get("URL")),
            file=FileBytes(file.path, file.sha256, start, length, last=last, before=digest),
            headers={str(k): str(v) for k, v in headers.items()} if isinstance(headers, Mapping) else {},
            expect=Expect.NOTHING,
        )
        if answer.reply.unsound is not None:
            raise answer.reply.unsound
        etag = (answer.reply.headers.get("etag") or "").strip('"')
        if not etag:
            raise answer.unreadable(f"part {number} has no ETag")
        made.append({"part_number": number, "etag": etag})
        digest = answer.reply.digest
    return made


def _completed(body: Any) -> UploadedFile:
    """The file is in `file`, or is the whole reply."""
    told = require_mapping(body, "the reply")
    return decode_file(told.get("file", told))
