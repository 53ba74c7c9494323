"""The files of Model Studio: several in one form, answered in an envelope of their own (`data`)."""

import hashlib
from typing import Any
from uuid import uuid4

from flask import Blueprint, Response, request

from ftops.emulator.context import Emulator
from ftops.emulator.wires.alibaba.routes import page_asked
from ftops.emulator.wires.alibaba.shapes import local_time
from ftops.emulator.wires.files import FORM_SLACK_BYTES, UploadRequest
from ftops.emulator.wires.refusals import Refusal, missing, too_large
from ftops.emulator.wires.replies import json_reply
from ftops.emulator.world.file_table import StoredFile

FINE_TUNE = "fine-tune"
PURPOSES = (FINE_TUNE, "file-extract", "batch")


class AlibabaFiles:
    """Upload, list, show and delete, by "Upload a file" and "Query and manage files"."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def blueprint(self) -> Blueprint:
        """Return the routes; endpoints are named by the operation that faults match."""
        blueprint = Blueprint("files", __name__, url_prefix="/api/v1/files")
        blueprint.post("", endpoint="upload")(self.upload)
        blueprint.get("", endpoint="list_files")(self.list_files)
        blueprint.get("/<file_id>", endpoint="retrieve_file")(self.retrieve)
        blueprint.delete("/<file_id>", endpoint="delete_file")(self.delete)
        return blueprint

    def upload(self) -> Response:
        """Store the files of a form; its client 2.0.2 sends no purpose."""
        request.max_content_length = self._emulator.settings.max_file_bytes + FORM_SLACK_BYTES
        try:
            return self._stored()
        finally:
            if isinstance(request, UploadRequest) or hasattr(request, "discard_received"):
                request.discard_received()

    def _stored(self) -> Response:
        parts = request.files.getlist("files")
        if not parts:
            raise missing("files")
        purpose = request.form.get("purpose", FINE_TUNE)
        if purpose not in PURPOSES:
            raise Refusal(400, f"purpose {purpose[:80]} is not supported", param="purpose")
        uploaded = []
        for part in parts:
            part.stream.close()
            path = self._emulator.files.content_path(str(part.stream.name))
            size = path.stat().st_size
            if size > self._emulator.settings.max_file_bytes:
                raise too_large(self._emulator.settings.max_file_bytes)
            name, now = part.filename or "upload", self._emulator.clock.now()
            file = StoredFile(str(uuid4()), name, purpose, size, now)
            self._emulator.files.add(file, path)
            uploaded.append({"file_id": file.id, "name": file.filename})
        return _reply({"uploaded_files": uploaded, "failed_uploads": []})

    def list_files(self) -> Response:
        """Newest first, by number of the page."""
        number, size = page_asked()
        files = [file for file in self._emulator.files.visible(self._emulator.clock.now()) if not file.job_id]
        page = files[(number - 1) * size : number * size]
        shown = [self._shown(file) for file in page]
        return _reply({"total": len(files), "page_size": size, "page_no": number, "files": shown})

    def retrieve(self, file_id: str) -> Response:
        """Return one file, with its digest."""
        file = self._find(file_id)
        content = self._emulator.files.content_path(file_id).read_bytes()
        digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
        return _reply({**self._shown(file), "md5": digest})

    def delete(self, file_id: str) -> Response:
        """Delete at once."""
        self._find(file_id)
        self._emulator.files.delete(file_id)
        return json_reply({"request_id": str(uuid4())})

    def _find(self, file_id: str) -> StoredFile:
        file = self._emulator.files.find(file_id)
        if file is None or file.job_id or not file.visible(self._emulator.clock.now()):
            # As a bad parameter, not as a 404, its client says.
            raise Refusal(400, "File not found.", param="file_id")
        return file

    def _shown(self, file: StoredFile) -> dict[str, Any]:
        return {
            "file_id": file.id,
            "name": file.filename,
            "description": "",
            "size": file.bytes,
            "gmt_create": local_time(file.available_at),
        }


def _reply(data: dict[str, Any]) -> Response:
    return json_reply({"request_id": str(uuid4()), "data": data})
