"""`/v1/files`: uploads, streamed to disk and checked; the same for every format."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path
from typing import IO, Any

from ftops.emulator.datafiles import Checked, check
from ftops.emulator.replies import ApiError
from ftops.emulator.store import Store, StoredFile

PURPOSES = frozenset({"fine-tune", "assistants", "batch", "vision", "user_data", "evals"})
MOST_BYTES = 512 * 1024 * 1024
SHORTEST_LIFE = 3600
LONGEST_LIFE = 2_592_000


def upload(store: Store, stream: IO[bytes] | None, filename: str, form: dict[str, str]) -> dict[str, Any]:
    """Take a file; what is wrong with its lines is said when a job wants it."""
    purpose = form.get("purpose", "")
    if stream is None:
        raise ApiError(400, "'file' is a required property", param="file")
    if purpose not in PURPOSES:
        raise ApiError(400, f"'{purpose}' is not one of {sorted(PURPOSES)} - 'purpose'", param="purpose")
    life = _life(form)
    file_id = f"file-{secrets.token_hex(12)}"
    path = content_path(store, file_id)
    with path.open("wb") as target:
        shutil.copyfileobj(stream, target)
    size = path.stat().st_size
    if size == 0 or size > MOST_BYTES:
        path.unlink()
        what = "is empty" if size == 0 else "exceeds the maximum size of 512 MB"
        raise ApiError(400, f"File {what}.", param="file")
    found = check(path) if purpose == "fine-tune" else Checked(0, None, None)
    now = store.now()
    file = StoredFile(
        id=file_id,
        filename=Path(filename).name or "upload",
        bytes=size,
        purpose=purpose,
        created_at=now,
        expires_at=now + life if life else None,
        deleted=False,
        examples=found.examples,
        form=found.form,
        problem=found.problem,
    )
    store.add_file(file)
    return show_file(file)


def show_file(file: StoredFile) -> dict[str, Any]:
    """Write a file object."""
    shown: dict[str, Any] = {
        "object": "file",
        "id": file.id,
        "purpose": file.purpose,
        "filename": file.filename,
        "bytes": file.bytes,
        "created_at": int(file.created_at),
        "status": "deleted" if file.deleted else "processed",
        "status_details": "",
    }
    return {**shown, "expires_at": int(file.expires_at)} if file.expires_at else shown


def list_files(store: Store, query: dict[str, str]) -> dict[str, Any]:
    """Show the files, newest first unless asked otherwise."""
    now = store.now()
    purpose = query.get("purpose")
    files = [file for file in store.files() if _alive(file, now) and purpose in (None, file.purpose)]
    if query.get("order") != "asc":
        files.reverse()
    return {"object": "list", "data": [show_file(file) for file in files], "has_more": False}


def find_file(store: Store, file_id: str) -> StoredFile:
    """Find a file or say 404."""
    file = store.file(file_id)
    if file is None or file.deleted or not _alive(file, store.now()):
        raise ApiError(404, f"No such File object: {file_id}", param="id")
    return file


def delete_file(store: Store, file_id: str) -> dict[str, Any]:
    """Delete a file and its content."""
    find_file(store, file_id)
    store.delete_file(file_id)
    content_path(store, file_id).unlink(missing_ok=True)
    return {"object": "file", "id": file_id, "deleted": True}


def content_path(store: Store, file_id: str) -> Path:
    """Say where a file's content lies."""
    return store.files_folder / file_id


def _alive(file: StoredFile, now: float) -> bool:
    return file.expires_at is None or now < file.expires_at


def _life(form: dict[str, str]) -> int | None:
    raw = form.get("expires_after[seconds]")
    if raw is None:
        return None
    if not raw.isdecimal() or not SHORTEST_LIFE <= int(raw) <= LONGEST_LIFE:
        raise ApiError(400, "expires_after[seconds] must be 3600 to 2592000.", param="expires_after[seconds]")
    return int(raw)
