"""Azure's files: `pending` until they are processed, unpaged under dated versions."""

import uuid

from flask import Blueprint, Response, request

from ftops.emulator.context import Emulator
from ftops.emulator.wires.azure_openai.refusals import file_not_ready
from ftops.emulator.wires.azure_openai.versions import ROOTS, spoken
from ftops.emulator.wires.files import FINE_TUNE, PROCESSED, FileRoutes, show_file, status_of
from ftops.emulator.wires.refusals import Refusal
from ftops.emulator.wires.replies import json_reply
from ftops.emulator.world.file_table import StoredFile

PROCESSING_SECONDS = 5.0
"""Emulated; how long real files take is not documented, and every sample of Azure's waits for it."""


def azure_status(file: StoredFile, now: float) -> str:
    """Return how far a file is; a fault outranks its age."""
    status = status_of(file, now)
    young = file.job_id is None and now - file.available_at < PROCESSING_SECONDS
    return "pending" if status == PROCESSED and young else status


def check_files(emulator: Emulator, wanted: dict[str, str | None]) -> None:
    """Refuse files, by the parameter that names them, of which no job can be made."""
    now = emulator.clock.now()
    for param, file_id in wanted.items():
        file = None if file_id is None else emulator.files.find(file_id)
        if file_id is None:
            continue
        if file is None or not file.visible(now):
            raise Refusal(400, f"The file '{file_id[:80]}' was not found.", param=param)
        if (status := azure_status(file, now)) != PROCESSED:
            raise file_not_ready(status)
        if file.purpose != FINE_TUNE:
            raise Refusal(400, f"The file '{file_id}' has the purpose '{file.purpose}'.", param=param)


class AzureFiles(FileRoutes):
    """Files under both kinds of path."""

    def blueprint(self) -> Blueprint:
        """Return the routes; endpoints are named by the operation that faults match."""
        blueprint = Blueprint("files", __name__)
        blueprint.before_request(_known_version)
        for root in ROOTS:
            files = f"{root}/files"
            blueprint.add_url_rule(files, "upload", self.upload, methods=["POST"])
            blueprint.add_url_rule(files, "list_files", self.list_files)
            blueprint.add_url_rule(f"{files}/<file_id>", "retrieve_file", self.retrieve)
            blueprint.add_url_rule(f"{files}/<file_id>", "delete_file", self.delete, methods=["DELETE"])
            blueprint.add_url_rule(f"{files}/<file_id>/content", "download", self.download)
        return blueprint

    def upload(self) -> Response:
        """Store a file; a dated version answers 201 and where it is."""
        reply = super().upload()
        if spoken().dated:
            reply.status_code = 201
            reply.headers["Location"] = f"{request.base_url}/{reply.get_json()['id']}"
        return reply

    def list_files(self) -> Response:
        """Under a dated version everything at once, whatever the query says of pages."""
        if not spoken().dated:
            return super().list_files()
        files = self._emulator.files.visible(
            self._emulator.clock.now(), purpose=request.args.get("purpose"), ascending=False
        )
        return json_reply({"object": "list", "data": [self._shown(file) for file in files]})

    def _new_id(self) -> str:
        return f"file-{uuid.uuid4().hex}"

    def _shown(self, file: StoredFile) -> dict[str, object]:
        return show_file(file, azure_status(file, self._emulator.clock.now()))


def _known_version() -> None:
    spoken()
