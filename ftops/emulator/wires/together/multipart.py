"""The wire format of an upload in parts: `/v1/files/multipart`."""

import hashlib
import json
import shutil
import uuid
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, request

from ftops.emulator.context import Emulator
from ftops.emulator.wires import refusals
from ftops.emulator.wires.replies import json_reply
from ftops.emulator.wires.requests import read_json
from ftops.emulator.wires.together.files import THERE
from ftops.emulator.wires.together.shelf import Shelf
from ftops.emulator.wires.together.store import part_path
from ftops.emulator.world.fields import Fields
from ftops.emulator.world.identifiers import is_plain

MOST_PARTS = 250
LARGEST = 50 * 2**30


class MultipartRoutes:
    """Begin, complete and abort; the parts go to the store."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._shelf = Shelf(emulator)

    def blueprint(self) -> Blueprint:
        """Return the routes; endpoints are named by the operation that faults match."""
        blueprint = Blueprint("multipart", __name__, url_prefix="/v1/files/multipart")
        blueprint.post("/initiate", endpoint="initiate_multipart")(self.initiate)
        blueprint.post("/complete", endpoint="complete_multipart")(self.complete)
        blueprint.post("/abort", endpoint="abort_multipart")(self.abort)
        return blueprint

    def initiate(self) -> Response:
        """Say where each part goes, or that the content is there."""
        body = read_json()
        told = self._shelf.order(body)
        parts, size = body.integer("num_parts", 1, MOST_PARTS), body.integer("file_size", 1, LARGEST)
        if parts is None or size is None:
            raise refusals.missing("num_parts" if parts is None else "file_size")
        file_id, there = self._shelf.id_for(told["checksum"])
        if there:
            return json_reply({"file_id": file_id}, THERE)
        upload_id = uuid.uuid4().hex
        kept = {**told, "file_id": file_id, "file_size": size, "num_parts": parts}
        self._kept(upload_id).write_text(json.dumps(kept), encoding="utf-8")
        places = [self._place(file_id, upload_id, number) for number in range(1, parts + 1)]
        return json_reply({"upload_id": upload_id, "file_id": file_id, "parts": places})

    def _place(self, file_id: str, upload_id: str, number: int) -> dict[str, Any]:
        address = self._shelf.signed(request.host_url, file_id, {"upload_id": upload_id, "part": str(number)})
        return {"PartNumber": number, "URL": address, "Headers": {}}

    def complete(self) -> Response:
        """Join the parts, each of which must be the one that its ETag names."""
        body = read_json()
        upload_id, kept = self._begun(body)
        paths = [self._part(upload_id, part) for part in body.children("parts")]
        if len(paths) != kept["num_parts"]:
            raise refusals.bad_value("parts", f"Expected {kept['num_parts']} parts.")
        whole = part_path(self._emulator, upload_id, 0)
        with whole.open("wb") as joined:
            for path in paths:
                with path.open("rb") as part:
                    shutil.copyfileobj(part, joined)
        if whole.stat().st_size != kept["file_size"]:
            raise refusals.bad_value("parts", f"Expected {kept['file_size']} bytes.")
        told = {name: str(kept[name]) for name in ("purpose", "file_name", "file_type", "checksum")}
        file = self._shelf.take(whole, kept["file_id"], told)
        self._shelf.process(file)
        self._forget(upload_id, kept)
        return json_reply({"file": self._shelf.shown(file)})

    def abort(self) -> Response:
        """Forget an upload and its parts."""
        upload_id, kept = self._begun(read_json())
        self._forget(upload_id, kept)
        return json_reply({})

    def _part(self, upload_id: str, part: Fields) -> Path:
        number = part.integer("part_number", 1, MOST_PARTS) or 0
        path = part_path(self._emulator, upload_id, number)
        etag = part.required_text("etag")
        if not path.exists() or hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest() != etag:
            raise refusals.bad_value("parts", f"part {number} was not received.")
        return path

    def _begun(self, body: Fields) -> tuple[str, dict[str, Any]]:
        upload_id, file_id = body.required_text("upload_id"), body.required_text("file_id")
        try:
            kept: dict[str, Any] = json.loads(self._kept(upload_id).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            kept = {}
        if not is_plain(upload_id) or kept.get("file_id") != file_id:
            raise refusals.Refusal(404, f"No upload {upload_id[:80]} of file {file_id[:80]}.")
        return upload_id, kept

    def _forget(self, upload_id: str, kept: dict[str, Any]) -> None:
        for number in range(kept["num_parts"] + 1):
            part_path(self._emulator, upload_id, number).unlink(missing_ok=True)
        self._kept(upload_id).unlink(missing_ok=True)

    def _kept(self, upload_id: str) -> Path:
        name = upload_id if is_plain(upload_id) else "none"
        return self._emulator.files.content_path(f".upload-{name}.json")
