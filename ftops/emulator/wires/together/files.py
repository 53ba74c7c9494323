"""The wire format of Together's `/v1/files`: an upload is asked for here, and put into the store."""

from flask import Blueprint, Response, request, send_file

from ftops.emulator.context import Emulator
from ftops.emulator.wires import refusals
from ftops.emulator.wires.files import UploadRequest
from ftops.emulator.wires.replies import json_reply
from ftops.emulator.wires.together.shelf import Shelf
from ftops.emulator.world.fields import Fields

THERE = 409


class FileRoutes:
    """Files; the store has routes of its own."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._shelf = Shelf(emulator)

    def blueprint(self) -> Blueprint:
        """Return the routes; endpoints are named by the operation that faults match."""
        blueprint = Blueprint("files", __name__, url_prefix="/v1/files")
        blueprint.post("", endpoint="upload")(self.announce)
        blueprint.post("/upload", endpoint="upload_form")(self.upload)
        blueprint.post("/<file_id>/preprocess", endpoint="preprocess_file")(self.preprocess)
        blueprint.get("", endpoint="list_files")(self.list_files)
        blueprint.get("/<file_id>", endpoint="retrieve_file")(self.retrieve)
        blueprint.delete("/<file_id>", endpoint="delete_file")(self.delete)
        blueprint.get("/<file_id>/content", endpoint="download")(self.download)
        return blueprint

    def announce(self) -> Response:
        """Say where a file goes, or that its content is there."""
        told = self._shelf.order(Fields(dict(request.form)))
        file_id, there = self._shelf.id_for(told["checksum"])
        if there:
            return json_reply({"file_id": file_id}, THERE)
        response = Response(status=302)
        response.headers["Location"] = self._shelf.signed(request.host_url, file_id, told)
        response.headers["X-Together-File-Id"] = file_id
        return response

    def upload(self) -> Response:
        """Take a file in one form, as the document has it; nobody looks into it until it is used."""
        try:
            part = request.files.get("file")
            if part is None:
                raise refusals.missing("file")
            part.stream.close()
            told = {"file_type": "jsonl", "checksum": str(part.stream.name), **dict(request.form)}
            asked = self._shelf.order(Fields(told))
            file_id, _ = self._shelf.id_for(asked["checksum"])
            path = self._emulator.files.content_path(str(part.stream.name).rpartition("/")[2])
            return json_reply(self._shelf.shown(self._shelf.take(path, file_id, asked)))
        finally:
            if isinstance(request, UploadRequest) or hasattr(request, "discard_received"):
                request.discard_received()

    def preprocess(self, file_id: str) -> Response:
        """Look into a file that has been put."""
        file = self._shelf.need(file_id)
        self._shelf.process(file)
        return json_reply(self._shelf.shown(file))

    def list_files(self) -> Response:
        """Everything at once, newest first."""
        files = self._emulator.files.visible(self._emulator.clock.now())
        return json_reply({"data": [self._shelf.shown(file) for file in files]})

    def retrieve(self, file_id: str) -> Response:
        """Return one file."""
        return json_reply(self._shelf.shown(self._shelf.need(file_id)))

    def delete(self, file_id: str) -> Response:
        """Delete at once; jobs that were made with it continue."""
        self._shelf.need(file_id)
        self._emulator.files.delete(file_id)
        return json_reply({"id": file_id, "deleted": True})

    def download(self, file_id: str) -> Response:
        """Return the content."""
        path = self._emulator.files.content_path(self._shelf.need(file_id).id)
        return send_file(path.absolute(), mimetype="text/plain", etag=False)
