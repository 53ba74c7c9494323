"""Fireworks' datasets: made, then filled by `:upload`. Since 2026-11-15 they are only listed and deleted."""

import tempfile
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, request

from ftops.emulator.wires.files import FINE_TUNE, FORM_SLACK_BYTES, FileRoutes, status_of
from ftops.emulator.wires.fireworks.errors import bad, closed, exists, not_found
from ftops.emulator.wires.fireworks.resources import check_id, page_of, short, timestamp
from ftops.emulator.wires.refusals import too_large
from ftops.emulator.wires.replies import json_reply
from ftops.emulator.wires.requests import read_json
from ftops.emulator.world.file_table import StoredFile

LARGEST_UPLOAD = 150 * 1024 * 1024
"""Bytes of an upload; more goes to a signed URL, which is not emulated."""
COLLECTION = "/v1/accounts/<account>/datasets"


class FireworksDatasets(FileRoutes):
    """Datasets, on the shared store of files."""

    def blueprint(self) -> Blueprint:
        """Return the routes; endpoints are named by the operation that faults match."""
        blueprint = Blueprint("files", __name__, url_prefix=COLLECTION)
        blueprint.post("", endpoint="create_dataset")(self.create)
        blueprint.get("", endpoint="list_files")(self.list_datasets)
        blueprint.get("/<dataset>", endpoint="retrieve_file")(self.retrieve_dataset)
        blueprint.delete("/<dataset>", endpoint="delete_file")(self.delete_dataset)
        blueprint.post("/<dataset>:upload", endpoint="upload")(self.upload_rows)
        blueprint.post("/<dataset>:getUploadEndpoint", endpoint="upload_endpoint")(self.signed)
        blueprint.post("/<dataset>:validateUpload", endpoint="validate_upload")(self.signed)
        return blueprint

    def create(self, account: str) -> Response:
        """Make a dataset without rows."""
        self._refuse_closed("Creating a dataset")
        body = read_json()
        body.refuse_unknown(("datasetId", "dataset", "sourceDatasetId"))
        dataset = check_id(body.required_text("datasetId"), "datasetId")
        described = body.child("dataset")
        if described is None:
            raise bad("dataset is required")
        if self._emulator.files.find(dataset) is not None:
            raise exists("dataset", dataset)
        file = StoredFile(
            id=dataset,
            filename=described.text("displayName") or "",
            purpose=FINE_TUNE,
            bytes=0,
            available_at=self._emulator.clock.now(),
        )
        with tempfile.NamedTemporaryFile(dir=self._emulator.settings.files, delete=False) as empty:
            self._emulator.files.add(file, Path(empty.name))
        return json_reply(self._described(account, file))

    def upload_rows(self, account: str, dataset: str) -> Response:
        """Fill a dataset; there are no other rows before and none are added after."""
        del account
        request.max_content_length = LARGEST_UPLOAD + FORM_SLACK_BYTES
        try:
            self._refuse_closed("Uploading to a dataset")
            file = self._dataset(dataset)
            path, filename = self._received_part()
            size = path.stat().st_size
            if size > LARGEST_UPLOAD:
                raise too_large(LARGEST_UPLOAD)
            if not size:
                raise bad("the file is empty")
            self._emulator.files.fill(file.id, path)
        finally:
            request.discard_received()  # type: ignore[attr-defined]
        return json_reply(
            {
                "id": file.id,
                "bytes": size,
                "created_at": int(self._emulator.clock.now()),
                "filename": filename,
                "object": "file",
                "purpose": FINE_TUNE,
            }
        )

    def signed(self, account: str, dataset: str) -> Response:
        """Refuse: storage behind signed URLs was never emulated, and today it is closed."""
        del account
        self._refuse_closed("Uploading by signed URL")
        raise not_found("upload endpoint of dataset", dataset)

    def list_datasets(self, account: str) -> Response:
        """By name, in pages."""
        files = self._emulator.files.visible(self._emulator.clock.now(), purpose=FINE_TUNE)
        return json_reply(page_of("datasets", [self._described(account, file) for file in files]))

    def retrieve_dataset(self, account: str, dataset: str) -> Response:
        """Return one dataset."""
        return json_reply(self._described(account, self._dataset(dataset)))

    def delete_dataset(self, account: str, dataset: str) -> Response:
        """Delete the rows; the id stays taken."""
        del account
        self._emulator.files.delete(self._dataset(dataset).id)
        return json_reply({})

    def _dataset(self, dataset: str) -> StoredFile:
        file = self._emulator.files.find(short(dataset))
        if file is None or not file.visible(self._emulator.clock.now()):
            raise not_found("dataset", dataset)
        return file

    def _refuse_closed(self, what: str) -> None:
        if not self._emulator.settings.open:
            raise closed(what)

    def _described(self, account: str, file: StoredFile) -> dict[str, Any]:
        path = self._emulator.files.content_path(file.id)
        ready = path.exists() and path.stat().st_size > 0
        held = status_of(file, self._emulator.clock.now()) != "processed"
        return {
            "name": f"accounts/{account}/datasets/{file.id}",
            "displayName": file.filename,
            "createTime": timestamp(file.available_at),
            "updateTime": timestamp(file.available_at),
            "state": "READY" if ready and not held else "UPLOADING",
            "status": {"code": "OK", "message": ""},
            "exampleCount": str(_rows(path)) if ready else "0",
            "userUploaded": {},
            "format": "FORMAT_UNSPECIFIED",
            "createdBy": "dev@example.com",
        }


def _rows(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for line in file if line.strip())
