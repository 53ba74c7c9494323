"""`queue` of a provider in ftops.yaml."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ftops.manifests.document import Steps
from ftops.manifests.schema import Finding
from ftops.model.queue import Queue


def queue_of(written: Mapping[str, Any]) -> Queue:
    """Return a queue that the schema has let pass: it counts 3.0 among the whole numbers."""
    return Queue(**{key: int(number) for key, number in written.items()})


def queue_findings(path: Steps, written: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what would keep unattended rounds from ever creating anything, or means nothing at all."""
    free, most = written.get("leave_free", 0), written.get("max_active")
    if most is None and free:
        yield Finding(
            (*path, "leave_free"), "leaves places free of no limit", "add max_active, or remove leave_free"
        )
    elif most is not None and free >= most:
        message = f"leaves all of the {int(most)} places free, so `ftops reconcile` could never create"
        yield Finding((*path, "leave_free"), message, "leave fewer free than max_active")
