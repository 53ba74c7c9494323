"""The JSON documents of `ftops status` and `ftops outputs`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import to_builtins

from ftops.records.serving import Output
from ftops.report.costs import forecast_document
from ftops.report.status import StatusRow
from ftops.review.forecast import Forecast


def status_document(rows: Iterable[StatusRow], seen: Forecast) -> dict[str, Any]:
    """Write the status of every fine-tune, and what the month has cost and will."""
    return {"fine_tunes": [_without_empty_result(row) for row in rows], "spending": forecast_document(seen)}


def _without_empty_result(row: StatusRow | Output) -> dict[str, Any]:
    """Write a row; only engines tell of a result, and what it came to, and only what waits has a place.

    Few failures are acknowledged.
    """
    optional = ("result", "cost", "queue", "acknowledged")
    return {key: value for key, value in to_builtins(row).items() if key not in optional or value}


def outputs_document(outputs: Iterable[Output]) -> dict[str, Any]:
    """Write the models that serve, by name."""
    return {
        output.name: {key: value for key, value in _without_empty_result(output).items() if key != "name"}
        for output in outputs
    }
