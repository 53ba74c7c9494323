"""What a job and a file look like on the wire: the same for those that are generated and those created."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

FIRST_CREATED = 1_750_000_000
"""Unix seconds of the first job; each one is a second younger than the one before it."""
TRAINED_TOKENS = 4_096
TRAINED_SECONDS = 600


def job_object(number: int, order: Mapping[str, Any]) -> dict[str, Any]:
    """Return the succeeded job that this create leads to."""
    method = order.get("method") or {"type": "supervised", "supervised": {}}
    created_at = FIRST_CREATED + number
    return {
        "object": "fine_tuning.job",
        "id": f"ftjob-{number:024}",
        "model": order["model"],
        "created_at": created_at,
        "finished_at": created_at + TRAINED_SECONDS,
        "fine_tuned_model": f"ft:{order['model']}:bench:{order.get('suffix') or ''}:{number:08}",
        "organization_id": "org-benchmark",
        "result_files": [f"file-result{number:018}"],
        "status": "succeeded",
        "training_file": order["training_file"],
        "validation_file": order.get("validation_file"),
        "hyperparameters": method.get(method["type"], {}).get("hyperparameters", {}),
        "trained_tokens": TRAINED_TOKENS,
        "error": {},
        "user_provided_suffix": order.get("suffix"),
        "seed": order.get("seed"),
        "estimated_finish": None,
        "integrations": order.get("integrations") or [],
        "metadata": order.get("metadata") or {},
        "method": method,
    }


def queued(job: Mapping[str, Any]) -> dict[str, Any]:
    """Return the job as a create answers it: before it has begun."""
    unknown: dict[str, Any] = {
        "finished_at": None,
        "fine_tuned_model": None,
        "trained_tokens": None,
        "result_files": [],
    }
    return {**job, **unknown, "status": "queued"}


def file_object(number: int, filename: str, size: int) -> dict[str, Any]:
    """Return an uploaded file that is ready to train on."""
    return {
        "object": "file",
        "id": f"file-{number:024}",
        "bytes": size,
        "created_at": FIRST_CREATED,
        "filename": filename,
        "purpose": "fine-tune",
        "status": "processed",
    }


def encoded(value: Mapping[str, Any]) -> bytes:
    """Return compact JSON."""
    return json.dumps(value, separators=(",", ":")).encode()
