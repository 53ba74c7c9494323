"""The wire format of `/v1/files`, shared by both families of jobs."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import orjson
from flask import Blueprint, Request, Response, current_app, request, send_file

from ftops.emulator.context import Emulator
from ftops.emulator.wires import refusals
from ftops.emulator.wires.interference import current_strike
from ftops.emulator.wires.paging import cut_page
from ftops.emulator.wires.replies import json_reply
from ftops.emulator.world.fields import Fields, query_limit
from ftops.emulator.world.file_table import StoredFile
from ftops.emulator.world.identifiers import new_id
from ftops.emulator.world.results import result_csv

FINE_TUNE = "fine-tune"
PURPOSES = (FINE_TUNE, "assistants", "batch", "user_data", "vision")
PURPOSES_OFF_THE_BOOK = ("evals", "answers", "classifications", "search")
"""`evals` may be sent and not be answered, says the OpenAPI file; the others are of the founding API."""
SHORTEST_LIFE = 3600
LONGEST_LIFE = 2_592_000
MOST_PER_PAGE = 10_000
FORM_SLACK_BYTES = 1024 * 1024
"""For what surrounds the file in a multipart body."""
UPLOADS = "UPLOADS"
"""Name of the setting that says where contents are received."""


class UploadRequest(Request):
    """A request that receives file parts straight into the folder of contents, never in memory."""

    received: list[IO[bytes]]

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        folder = current_app.config[UPLOADS]
        stream = tempfile.NamedTemporaryFile(dir=folder, prefix=".upload-", delete=False)  # noqa: SIM115
        self.received = [*getattr(self, "received", []), stream]
        return stream

    def discard_received(self) -> None:
        """Close and remove what was received and not taken over."""
        for stream in getattr(self, "received", []):
            stream.close()
            Path(stream.name).unlink(missing_ok=True)


PROCESSED = "processed"


def status_of(file: StoredFile, now: float) -> str:
    """Return how far the provider is with a file: processed at once, unless a fault says otherwise."""
    fault = current_strike().standing_of("file_status")
    if fault is None or fault.parameters["id"] not in (None, file.id):
        return PROCESSED
    young = now - file.available_at < fault.parameters["seconds"]
    return str(fault.parameters["as"]) if young or fault.parameters["id"] else PROCESSED


def show_file(file: StoredFile, status: str = PROCESSED) -> dict[str, Any]:
    """Return a file as the files API shows it."""
    shown: dict[str, Any] = {
        "object": "file",
        "id": file.id,
        "purpose": file.purpose,
        "filename": file.filename,
        "bytes": file.bytes,
        "created_at": int(file.available_at),
        "status": status,
    }
    if file.expires_at is not None:
        shown["expires_at"] = int(file.expires_at)
    return shown


class FileRoutes:
    """Files of an organization; jobs of every family take them."""

    prefix = "/v1/files"

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def blueprint(self) -> Blueprint:
        """Return the routes; endpoints are named by the operation that faults match."""
        blueprint = Blueprint("files", __name__, url_prefix=self.prefix)
        blueprint.post("", endpoint="upload")(self.upload)
        blueprint.get("", endpoint="list_files")(self.list_files)
        blueprint.get("/<file_id>", endpoint="retrieve_file")(self.retrieve)
        blueprint.delete("/<file_id>", endpoint="delete_file")(self.delete)
        blueprint.get("/<file_id>/content", endpoint="download")(self.download)
        return blueprint

    def upload(self) -> Response:
        """Store a file under its purpose."""
        request.max_content_length = self._emulator.settings.max_file_bytes + FORM_SLACK_BYTES
        try:
            return self._store(request.form, self._received_part())
        finally:
            if isinstance(request, UploadRequest) or hasattr(request, "discard_received"):
                request.discard_received()

    def _received_part(self) -> tuple[Path, str]:
        part = request.files.get("file")
        if part is None:
            raise refusals.Refusal(400, "'file' is a required property", param="file")
        part.stream.close()
        path = Path(str(part.stream.name))
        limit = self._emulator.settings.max_file_bytes
        if path.stat().st_size > limit:
            raise refusals.too_large(limit)
        return path, part.filename or "upload"

    def _store(self, form: Mapping[str, str], part: tuple[Path, str]) -> Response:
        path, filename = part
        purpose = form.get("purpose")
        known = PURPOSES if self._emulator.settings.by_the_book else (*PURPOSES, *PURPOSES_OFF_THE_BOOK)
        if purpose is None:
            raise refusals.Refusal(400, "'purpose' is a required property", param="purpose")
        if purpose not in known:
            text = f"'{purpose[:80]}' is not one of {list(PURPOSES)} - 'purpose'"
            raise refusals.Refusal(400, text, param="purpose")
        if not path.stat().st_size:
            raise refusals.Refusal(400, "File is empty.", param="file")
        life = _life(form)
        now = self._emulator.clock.now()
        file = StoredFile(
            id=self._new_id(),
            filename=filename,
            purpose=purpose,
            bytes=path.stat().st_size,
            available_at=now,
            expires_at=None if life is None else now + life,
        )
        self._emulator.files.discard_expired(now)
        self._emulator.files.add(file, path)
        return json_reply(self._shown(file))

    def list_files(self) -> Response:
        """Newest first by default; both families see the same list."""
        order = request.args.get("order", "desc")
        if order not in ("asc", "desc"):
            raise refusals.bad_value("order", "Supported values are: 'asc' and 'desc'.")
        limit = query_limit(request.args, MOST_PER_PAGE, MOST_PER_PAGE)
        files = self._emulator.files.visible(
            self._emulator.clock.now(), purpose=request.args.get("purpose"), ascending=order == "asc"
        )
        page = cut_page(files, lambda file: file.id, request.args.get("after"), limit)
        nothing = "" if self._emulator.settings.by_the_book else None
        return json_reply(
            {
                "object": "list",
                "data": [self._shown(file) for file in page.items],
                "first_id": page.items[0].id if page.items else nothing,
                "last_id": page.items[-1].id if page.items else nothing,
                "has_more": page.has_more,
            }
        )

    def retrieve(self, file_id: str) -> Response:
        """Return one file."""
        return json_reply(self._shown(self._find(file_id)))

    def delete(self, file_id: str) -> Response:
        """Delete at once; jobs that were made with it continue."""
        self._find(file_id)
        self._emulator.files.delete(file_id)
        return json_reply({"id": file_id, "object": "file", "deleted": True})

    def download(self, file_id: str) -> Response:
        """Return the content, or compute that of a result file."""
        file = self._find(file_id)
        if file.job_id is not None:
            job = self._emulator.jobs.find(file.job_id)
            if job is None:
                raise refusals.unknown_file(file_id)
            return self._content(result_csv(job))
        path = self._emulator.files.content_path(file_id)
        if self._emulator.settings.by_the_book:
            return self._content(path.read_bytes())
        return send_file(path.absolute(), mimetype="application/octet-stream", etag=False)

    def _content(self, content: bytes) -> Response:
        """The OpenAPI files say a JSON string; every client expects the bytes."""
        if self._emulator.settings.by_the_book:
            return json_reply(content.decode(errors="replace"))
        return Response(content, mimetype="application/octet-stream")

    def _new_id(self) -> str:
        return new_id("file-")

    def _shown(self, file: StoredFile) -> dict[str, Any]:
        return show_file(file, status_of(file, self._emulator.clock.now()))

    def _find(self, file_id: str) -> StoredFile:
        file = self._emulator.files.find(file_id)
        if file is None or not file.visible(self._emulator.clock.now()):
            raise refusals.unknown_file(file_id)
        return file


def _life(form: Mapping[str, str]) -> int | None:
    """Read `expires_after[anchor]` and `[seconds]`, or the whole policy as one JSON field."""
    policy: dict[str, Any] = {
        name.removeprefix("expires_after[").removesuffix("]"): value
        for name, value in form.items()
        if name.startswith("expires_after[")
    }
    if str(policy.get("seconds", "")).isdecimal():
        policy["seconds"] = int(policy["seconds"][:12])
    if "expires_after" in form:
        try:
            policy = orjson.loads(form["expires_after"])
        except orjson.JSONDecodeError:
            policy = {"anchor": form["expires_after"]}
    if not isinstance(policy, dict):
        raise refusals.wrong_type("expires_after", "an object", policy)
    if not policy:
        return None
    fields = Fields(policy, "expires_after.")
    if fields.choice("anchor", ["created_at"]) is None:
        raise refusals.missing("expires_after.anchor")
    seconds = fields.integer("seconds", SHORTEST_LIFE, LONGEST_LIFE)
    if seconds is None:
        raise refusals.missing("expires_after.seconds")
    return seconds
