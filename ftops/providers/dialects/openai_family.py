"""What both of OpenAI's formats share: the words for a job's status, and file objects."""

from __future__ import annotations

from typing import Any

from ftops.model.job import FileState, JobStatus, UploadedFile
from ftops.providers.dialect import (
    optional_count,
    optional_number,
    optional_text,
    require_id,
    require_mapping,
)
from ftops.providers.dialects.openai_refusals import FILE_STATES

STATUSES = {
    "creating": JobStatus.PENDING,
    "created": JobStatus.PENDING,
    "validating_files": JobStatus.PENDING,
    "queued": JobStatus.PENDING,
    "pending": JobStatus.PENDING,
    "running": JobStatus.RUNNING,
    "pausing": JobStatus.RUNNING,
    "paused": JobStatus.PAUSED,
    "resuming": JobStatus.RUNNING,
    "cancelling": JobStatus.CANCELLING,
    "canceling": JobStatus.CANCELLING,
    "cancel_requested": JobStatus.CANCELLING,
    "succeeded": JobStatus.SUCCEEDED,
    "failed": JobStatus.FAILED,
    "cancelled": JobStatus.CANCELLED,
    "canceled": JobStatus.CANCELLED,
}


def decode_file(body: Any) -> UploadedFile:
    """Read a file object."""
    file = require_mapping(body, "a file")
    status = optional_text(file.get("status"))
    return UploadedFile(
        id=require_id(file, "a file"),
        filename=optional_text(file.get("filename")) or "",
        bytes=optional_count(file.get("bytes")),
        purpose=optional_text(file.get("purpose")),
        status=status,
        created_at=optional_number(file.get("created_at")),
        expires_at=optional_number(file.get("expires_at")),
        state=FILE_STATES.get((status or "").lower(), FileState.UNKNOWN),
        problem=optional_text(file.get("status_details")),
    )
