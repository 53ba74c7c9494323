"""The JSON documents of `ftops status` and `ftops outputs`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import to_builtins

from ftops.records.serving import Output
from ftops.report.status import StatusRow


def status_document(rows: Iterable[StatusRow]) -> dict[str, Any]:
    """Write where every fine-tune stands."""
    return {"fine_tunes": [to_builtins(row) for row in rows]}


def outputs_document(outputs: Iterable[Output]) -> dict[str, Any]:
    """Write the models that serve, by name."""
    return {
        output.name: {key: value for key, value in to_builtins(output).items() if key != "name"}
        for output in outputs
    }
