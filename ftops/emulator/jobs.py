"""What both families of jobs have in common: creating, cancelling, models."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from ftops.emulator.lifecycle import (
    QUEUED_SECONDS,
    VALIDATING_SECONDS,
    Phase,
    phase,
    training_seconds,
)
from ftops.emulator.replies import ApiError, bad_type
from ftops.emulator.store import Store, StoredFile, StoredJob

TOKENS_PER_BYTE = 0.25
"""The emulator has no tokenizer; four bytes a token is the rule of thumb for English."""


def text(
    body: Mapping[str, Any], name: str, *, required: bool = False, longest: int | None = None
) -> str | None:
    """Take a string from a request."""
    value = body.get(name)
    if value is None:
        if required:
            raise ApiError(
                400, f"Missing required parameter: '{name}'.", param=name, code="missing_required_parameter"
            )
        return None
    if not isinstance(value, str):
        raise bad_type(name, "a string")
    if longest is not None and not 1 <= len(value) <= longest:
        raise ApiError(400, f"'{name}' must have 1 to {longest} characters.", param=name)
    return value


def data_file(store: Store, file_id: str, param: str) -> StoredFile:
    """Find a file that a job wants."""
    file = store.file(file_id)
    if file is None or file.deleted:
        raise ApiError(400, f"No file with ID: {file_id}", param=param)
    if file.purpose != "fine-tune":
        raise ApiError(400, f"File '{file_id}' has purpose '{file.purpose}', not 'fine-tune'.", param=param)
    return file


def new_job(
    store: Store, family: str, prefix: str, request: dict[str, Any], file: StoredFile, epochs: int
) -> str:
    """Store a job; its whole life is decided here. Gives its id."""
    job_id = prefix + secrets.token_hex(12)
    store.add_job(
        {
            "id": job_id,
            "family": family,
            "request": request,
            "created_at": store.now(),
            "waits": VALIDATING_SECONDS,
            "queues": QUEUED_SECONDS,
            "trains": training_seconds(file.examples, epochs),
            "examples": file.examples,
            "epochs": epochs,
            "tokens": int(file.bytes * TOKENS_PER_BYTE) * epochs,
            "problem": file.problem,
        }
    )
    return job_id


def cancel(store: Store, job: StoredJob, statuses: Mapping[Phase, str]) -> None:
    """Cancel an active job; a terminal one is refused in the recorded words."""
    now = store.now()
    current = phase(job, now)
    if current.over:
        message = f'Cannot cancel a job {job.id} that already has status "{statuses[current]}".'
        raise ApiError(400, message)
    store.update_job(job.id, "cancelled_at", now)


def default_epochs(examples: int) -> int:
    """Choose `auto` epochs as OpenAI's cookbook does: about 100 examples seen, at most 25 epochs."""
    return min(25, max(3, 100 // max(1, examples)))
