"""The store that files are put into: another server to the client, which has no business with its key.

As object stores do, it refuses a request that brings a key beside its signature, and one without a length.
"""

import hashlib
import tempfile
from pathlib import Path

from flask import Blueprint, Response, request

from ftops.emulator.context import Emulator
from ftops.emulator.wires.together.shelf import Shelf

BLUEPRINT = "store"
PIECE = 2**20


class StoreRoutes:
    """Where files and parts of files are put, by the addresses that the API has signed."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._shelf = Shelf(emulator)

    def blueprint(self) -> Blueprint:
        """Return the routes, to be mounted at the root."""
        blueprint = Blueprint(BLUEPRINT, __name__, url_prefix="/_store")
        blueprint.put("/<file_id>", endpoint="put_file")(self.put)
        return blueprint

    def put(self, file_id: str) -> Response:
        """Take a file, or one of its parts where the address says so."""
        told = dict(request.args)
        signature = told.pop("signature", "")
        if "Authorization" in request.headers:
            return _refused(400, "InvalidArgument", "Only one auth mechanism allowed")
        if signature != self._shelf.signature(file_id, told):
            return _refused(403, "SignatureDoesNotMatch", "The signature does not match")
        if request.content_length is None:
            return _refused(411, "MissingContentLength", "You must provide the Content-Length header")
        path, digest = self._received()
        if "part" in told:
            path.replace(part_path(self._emulator, told["upload_id"], int(told["part"])))
        else:
            self._shelf.take(path, file_id, told)
        response = Response(status=200)
        response.headers["ETag"] = f'"{digest}"'
        return response

    def _received(self) -> tuple[Path, str]:
        """Keep a body that is read piece by piece; return where, and its MD5."""
        request.max_content_length = None
        digest = hashlib.md5(usedforsecurity=False)
        folder = self._emulator.settings.files
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".upload-", delete=False) as kept:
            while piece := request.stream.read(PIECE):
                digest.update(piece)
                kept.write(piece)
        return Path(kept.name), digest.hexdigest()


def part_path(emulator: Emulator, upload_id: str, number: int) -> Path:
    """Return where a part is kept until its upload is complete."""
    return emulator.files.content_path(f".part-{upload_id}-{number}")


def _refused(status: int, code: str, message: str) -> Response:
    text = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return Response(text, status, mimetype="application/xml")
