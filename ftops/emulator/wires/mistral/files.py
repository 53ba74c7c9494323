"""Mistral's `/v1/files`: UUIDs, pages by number, and the same file for the same name and content."""

import filecmp
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Response, request

from ftops.emulator.wires.files import FINE_TUNE, FileRoutes
from ftops.emulator.wires.mistral.requests import UNPROCESSABLE
from ftops.emulator.wires.refusals import Refusal
from ftops.emulator.wires.replies import json_reply
from ftops.emulator.world.file_table import StoredFile

PURPOSES = (FINE_TUNE, "batch", "ocr")
PAGE_SIZE = 100


class MistralFiles(FileRoutes):
    """The routes of the shared files, in this format's shapes."""

    def _store(self, form: Mapping[str, str], part: tuple[Path, str]) -> Response:
        path, filename = part
        purpose = form.get("purpose") or FINE_TUNE
        if purpose not in PURPOSES:
            text = "Input should be 'fine-tune', 'batch' or 'ocr'"
            raise Refusal(UNPROCESSABLE, text, param="purpose")
        now = self._emulator.clock.now()
        for known in self._emulator.files.visible(now, purpose=purpose):
            kept = self._emulator.files.content_path(known.id)
            if known.filename == filename and kept.exists() and filecmp.cmp(kept, path, shallow=False):
                return json_reply(self._shown(known))
        file = StoredFile(
            id=str(uuid.uuid4()),
            filename=filename,
            purpose=purpose,
            bytes=path.stat().st_size,
            available_at=now,
        )
        self._emulator.files.add(file, path)
        return json_reply(self._shown(file))

    def list_files(self) -> Response:
        """Newest first, by page from 0."""
        files = self._emulator.files.visible(self._emulator.clock.now(), purpose=request.args.get("purpose"))
        wanted = (request.args.get("page", "0"), request.args.get("page_size", str(PAGE_SIZE)))
        if not all(text.isascii() and text.isdigit() for text in wanted):
            raise Refusal(UNPROCESSABLE, "Input should be a valid integer", param="page")
        page, size = (int(text[:9]) for text in wanted)
        data = [self._shown(file) for file in files[page * size : (page + 1) * size]]
        shown: dict[str, Any] = {"object": "list", "data": data}
        if request.args.get("include_total", "true").lower() != "false":
            shown["total"] = len(files)
        return json_reply(shown)

    def retrieve(self, file_id: str) -> Response:
        """Return one file."""
        return json_reply({**self._shown(self._find(file_id)), "deleted": False})

    def _content(self, content: bytes) -> Response:
        return Response(content, mimetype="application/octet-stream")

    def _shown(self, file: StoredFile) -> dict[str, Any]:
        return {
            "id": file.id,
            "object": "file",
            "bytes": file.bytes,
            "created_at": int(file.available_at),
            "filename": file.filename,
            "purpose": file.purpose,
            "sample_type": "instruct",
            "num_lines": _lines(self._emulator.files.content_path(file.id)),
            "mimetype": "application/jsonl",
            "source": "upload",
            "signature": None,
        }


def _lines(path: Path) -> int | None:
    if not path.exists():
        return None
    with path.open("rb") as file:
        return sum(1 for line in file if line.strip())
