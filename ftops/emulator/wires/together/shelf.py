"""The files of an account: their ids by content, how far they are processed, and how they are shown."""

import hashlib
import hmac
import json
import uuid
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from ftops.emulator.context import Emulator
from ftops.emulator.wires import refusals
from ftops.emulator.wires.interference import current_strike
from ftops.emulator.world.fields import Fields
from ftops.emulator.world.file_table import StoredFile

PURPOSES = ("fine-tune", "eval", "eval-sample", "eval-output", "eval-summary", "batch-generated", "batch-api")
TYPES = ("csv", "jsonl", "parquet")
COMPLETED = "COMPLETED"
_NAMESPACE = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
_FAULTS = {"processing": "RUNNING", "pending": "PENDING", "error": "FAILED", "uploaded": "PENDING"}
"""What the words of the other formats are here."""
_COLUMNS = (
    {"messages"},
    {"prompt", "completion"},
    {"text"},
    {"input", "preferred_output", "non_preferred_output"},
)


class Shelf:
    """What every route of files works with."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._key = hashlib.sha256(str(emulator.settings.database).encode()).digest()

    def find(self, file_id: str) -> StoredFile | None:
        """Return a file that is there."""
        file = self._emulator.files.find(file_id)
        return file if file is not None and file.visible(self._emulator.clock.now()) else None

    def need(self, file_id: str) -> StoredFile:
        """Return a file, or refuse."""
        file = self.find(file_id)
        if file is None:
            raise refusals.unknown_file(file_id)
        return file

    def id_for(self, checksum: str) -> tuple[str, bool]:
        """Return the id that a content has, and whether it is there; one that was deleted gets another id."""
        for number in count():
            file_id = f"file-{uuid.uuid5(_NAMESPACE, f'{checksum} {number}')}"
            file = self._emulator.files.find(file_id)
            if file is None:
                return file_id, False
            if file.visible(self._emulator.clock.now()):
                return file_id, True
        raise AssertionError

    def order(self, fields: Fields) -> dict[str, str]:
        """Read what is said of a file before it is sent."""
        asked = {
            "purpose": fields.choice("purpose", PURPOSES),
            "file_name": fields.text("file_name"),
            "file_type": fields.choice("file_type", TYPES),
            "checksum": fields.text("checksum"),
        }
        for name, value in asked.items():
            if value is None:
                raise refusals.missing(name)
        return {name: str(value) for name, value in asked.items()}

    def signed(self, root: str, file_id: str, told: dict[str, str]) -> str:
        """Return the address of the store at which this file may be put, and nothing else."""
        query = urlencode({**told, "signature": self.signature(file_id, told)})
        return f"{root}_store/{file_id}?{query}"

    def signature(self, file_id: str, told: dict[str, str]) -> str:
        """Sign what an address says."""
        text = json.dumps([file_id, sorted(told.items())])
        return hmac.new(self._key, text.encode(), "sha256").hexdigest()

    def take(self, content: Path, file_id: str, told: dict[str, str]) -> StoredFile:
        """Take a content over as a file."""
        file = StoredFile(
            id=file_id,
            filename=told["file_name"],
            purpose=told["purpose"],
            bytes=content.stat().st_size,
            available_at=self._emulator.clock.now(),
        )
        self._emulator.files.add(file, content)
        self._note(file_id, {"status": "PENDING", "checksum": told["checksum"]})
        return file

    def process(self, file: StoredFile) -> None:
        """Look into a file, once: it must be what was announced, and its rows of a form that is known."""
        noted = self._noted(file.id)
        content = self._emulator.files.content_path(file.id)
        report = _report(content)
        with content.open("rb") as handle:
            digest = hashlib.file_digest(handle, "sha256").hexdigest()
        if noted.get("checksum") not in (None, digest):
            report = {"valid": False, "error": "the checksum is not that of the content"}
        wrong = "INVALID_FORMAT" if "error_type" in report else "FAILED"
        self._note(file.id, {**noted, "status": COMPLETED if report["valid"] else wrong, "report": report})

    def status(self, file: StoredFile) -> str:
        """Return how far a file is, or what a fault says."""
        fault = current_strike().standing_of("file_status")
        if fault is not None and fault.parameters["id"] in (None, file.id):
            young = self._emulator.clock.now() - file.available_at < fault.parameters["seconds"]
            if young or fault.parameters["id"]:
                told = str(fault.parameters["as"])
                return _FAULTS.get(told, told.upper())
        return str(self._noted(file.id).get("status", "PENDING"))

    def shown(self, file: StoredFile) -> dict[str, Any]:
        """Return a file as the format shows it."""
        kind = file.filename.rpartition(".")[2]
        status = self.status(file)
        shown: dict[str, Any] = {
            "id": file.id,
            "object": "file",
            "created_at": int(file.available_at),
            "filename": file.filename,
            "bytes": file.bytes,
            "purpose": file.purpose,
            "FileType": kind if kind in TYPES else "jsonl",
            "Processed": status == COMPLETED,
            "processing_status": status,
        }
        report = self._noted(file.id).get("report")
        return shown if report is None else shown | {"validation_report": report}

    def _note(self, file_id: str, noted: dict[str, Any]) -> None:
        self._note_path(file_id).write_text(json.dumps(noted), encoding="utf-8")

    def _noted(self, file_id: str) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads(self._note_path(file_id).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found

    def _note_path(self, file_id: str) -> Path:
        return self._emulator.files.content_path(f"{file_id}.json")


def _report(content: Path) -> dict[str, Any]:
    """Check that each line is an object with the columns of a form that is known."""
    lines = 0
    with content.open("rb") as rows:
        for number, line in enumerate(rows, 1):
            if not line.strip():
                continue
            lines += 1
            try:
                row = json.loads(line)
            except ValueError:
                row = None
            if not isinstance(row, dict) or not any(columns <= row.keys() for columns in _COLUMNS):
                error = f"Error parsing file. Invalid format on line {number} of the input file."
                return {"valid": False, "error": error, "error_type": "INVALID_FORMAT"}
    return {"valid": True, "nlines": lines}
