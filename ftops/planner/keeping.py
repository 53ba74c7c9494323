"""Why a job that is the declared one is kept."""

from __future__ import annotations

from msgspec import Struct

from ftops.model.change import Reason
from ftops.model.job import JobStatus


class KeptBecause(Struct, frozen=True):
    """Why a job is kept, for machines and for people."""

    reason: Reason
    message: str


def kept_because(status: JobStatus) -> KeptBecause:
    """Say why a job that is the declared one is kept, while it runs and once it has succeeded."""
    if status is JobStatus.SUCCEEDED:
        return KeptBecause(Reason.SUCCEEDED, "the model is ready")
    return KeptBecause(Reason.IN_PROGRESS, f"the job is {status.value}")
