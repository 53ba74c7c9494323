"""What a provider was paid for, held against what a project knows of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any


def unseen(active: Iterable[str], state: Path, said: str) -> list[str]:
    """Return the running jobs that no record knows and that `said`, a plan, does not name."""
    recorded = recorded_jobs(state)
    return sorted(job_id for job_id in active if job_id not in recorded and job_id not in said)


def recorded_jobs(state: Path) -> frozenset[str]:
    """Return the ids of all recorded jobs, archived ones too, and not those that an intent might be."""
    if not state.exists():
        return frozenset()
    return frozenset(_jobs(json.loads(state.read_bytes())))


def _jobs(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if {"id", "attempt"} <= value.keys():
            yield value["id"]
        for part in value.values():
            yield from _jobs(part)
    elif isinstance(value, list):
        for part in value:
            yield from _jobs(part)
