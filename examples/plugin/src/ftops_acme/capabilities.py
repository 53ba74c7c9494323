"""What Acme's format can carry, and how it says no: data alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ftops.errors import RefusalKind
from ftops.model.capabilities import Capabilities, DataFormat, StampPlace
from ftops.model.finetune import Method
from ftops.model.job import JobStatus
from ftops.transport.failure_table import ErrorWords, FailureRule, FailureTable

STATUSES = {
    "waiting": JobStatus.PENDING,
    "training": JobStatus.RUNNING,
    "stopping": JobStatus.CANCELLING,
    "stopped": JobStatus.CANCELLED,
    "broken": JobStatus.FAILED,
    "done": JobStatus.SUCCEEDED,
}

CAPABILITIES = Capabilities(
    # Acme's `labels` come back in every list, so a job is known by them.
    stamp=StampPlace.METADATA,
    methods={
        Method.SUPERVISED: {
            "passes": {"type": "integer", "minimum": 1, "maximum": 10},
            "learning_rate": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
        }
    },
    data_formats={Method.SUPERVISED: frozenset({DataFormat.CHAT})},
    options={"tier": {"enum": ["slow", "fast"]}},
    echoes=frozenset({"model", "training_file", "validation_file", "hyperparameters.passes"}),
    suffix_length=30,
)


def _said(body: Any) -> ErrorWords | None:
    """Read `{"problem": {"kind": ..., "text": ...}}`; whatever else a 4xx holds, Acme did not write it."""
    problem = body.get("problem") if isinstance(body, Mapping) else None
    if not isinstance(problem, Mapping) or not isinstance(problem.get("text"), str):
        return None
    kind = problem.get("kind")
    return ErrorWords(problem["text"], kind if isinstance(kind, str) else None)


FAILURES = FailureTable(
    _said,
    (
        FailureRule(RefusalKind.LIMIT, statuses=frozenset({429})),
        FailureRule(RefusalKind.UNAUTHORIZED, statuses=frozenset({401})),
        FailureRule(RefusalKind.FORBIDDEN, statuses=frozenset({403})),
    ),
)
"""What is in no row is rejected for good: ftops holds it until the manifest changes."""
