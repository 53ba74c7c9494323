"""Values of the model -> JSON of format version 1, one function a value. `decoding` is its mirror."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

from ftops.model.change import FieldDifference
from ftops.model.commit import AppliedCommit
from ftops.model.finetune import Lifecycle, OnChange, OnRemove, Retry
from ftops.model.job import JobError
from ftops.model.refusal import Refusal
from ftops.model.state import (
    ArchivedRecord,
    Intent,
    ProviderMemory,
    Record,
    RecordedJob,
    RefusedUpload,
    SentRequest,
)

LIFECYCLE = Lifecycle(
    suspend=False,
    on_change=OnChange.REPLACE,
    on_remove=OnRemove.CANCEL,
    protect=False,
    retry=Retry(max_attempts=1, on=()),
    priority=0,
    rerun="",
    renamed_from=None,
)
"""What an absent lifecycle means in format version 1, for ever, whatever manifests default to."""


class NotFinite(ValueError):
    """An infinite number or none at all; the JSON writer would turn it into null without a word."""


def record(value: Record) -> dict[str, Any]:
    """One fine-tune."""
    return _present(
        {
            "provider": value.provider,
            "fingerprint": value.fingerprint,
            "generation": value.generation,
            "attempt": value.attempt,
            "spec": _finite(value.spec),
            "lifecycle": _lifecycle(value.lifecycle),
            "labels": value.labels,
            "annotations": value.annotations,
            "integrations": _finite(value.integrations),
            "intent": _intent(value.intent) if value.intent else None,
            "job": _job(value.job) if value.job else None,
            "history": [_job(job) for job in value.history],
            "spent_nonces": value.spent_nonces,
            "requests": [_request(request) for request in value.requests],
            "cancelled_by_hand": value.cancelled_by_hand,
        }
    )


def archived(value: ArchivedRecord) -> dict[str, Any]:
    """Encode what stays of a forgotten fine-tune."""
    return _present(
        {
            "generation": value.generation,
            "jobs": [_job(job) for job in value.jobs],
            "spent_nonces": value.spent_nonces,
            "requests": [_request(request) for request in value.requests],
            "cancelled_by_hand": value.cancelled_by_hand,
        }
    )


def applied(value: AppliedCommit) -> dict[str, Any]:
    """Encode what was last applied."""
    commit = value.commit
    return {"commit": commit.id, "committed_at": commit.committed_at, "declares": value.declares}


def memory(value: ProviderMemory) -> dict[str, Any]:
    """Encode what is remembered of a provider."""
    uploads = {sha256: _refused_upload(one) for sha256, one in value.refused_uploads.items()}
    return _present(
        {
            "unmarked_since": _finite(value.unmarked_since),
            "former_names": value.former_names,
            "refused_uploads": uploads,
        }
    )


def plain_mapping(value: Any) -> dict[str, Any]:
    """Serve the JSON writer, which knows no mapping but dict. Raises TypeError for anything else."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a {type(value).__name__} is no JSON")


def _intent(value: Intent) -> dict[str, Any]:
    return _present(
        {
            "provider": value.provider,
            "nonce": value.nonce,
            "fingerprint": value.fingerprint,
            "generation": value.generation,
            "attempt": value.attempt,
            "spec": _finite(value.spec),
            "created_at": _finite(value.created_at),
            "not_after": _finite(value.not_after),
            "known": _finite(value.known),
            "seen": value.seen,
            "replied": value.replied,
            "absent_since": _finite(value.absent_since),
            "lapsed": value.lapsed,
            "withdrawn_at": _finite(value.withdrawn_at),
            "refusal": _refusal(value.refusal) if value.refusal else None,
        }
    )


def _refusal(value: Refusal) -> dict[str, Any]:
    return _present(
        {
            "kind": value.kind.value,
            "message": value.message,
            "code": value.code,
            "about": value.about.value if value.about else None,
            "model": value.model,
            "first_at": _finite(value.first_at),
            "last_at": _finite(value.last_at),
            "retry_after": _finite(value.retry_after),
        }
    )


def _refused_upload(value: RefusedUpload) -> dict[str, Any]:
    return _present({"message": value.message, "at": _finite(value.at), "failed": value.failed})


def _job(value: RecordedJob) -> dict[str, Any]:
    return _present(
        {
            "id": value.id,
            "provider": value.provider,
            "fingerprint": value.fingerprint,
            "generation": value.generation,
            "attempt": value.attempt,
            "nonce": value.nonce,
            "status": value.status.value,
            "created_at": _finite(value.created_at),
            "finished_at": _finite(value.finished_at),
            "model": value.model,
            "fine_tuned_model": value.fine_tuned_model,
            "trained_tokens": value.trained_tokens,
            "error": _error(value.error) if value.error else None,
            "missing_since": _finite(value.missing_since),
            "cancel_requested": _finite(value.cancel_requested),
            "cancel_accepted": _finite(value.cancel_accepted),
            "detached": value.detached,
            "request": _request(value.request) if value.request else None,
            "altered": [_difference(one) for one in value.altered],
            "likeness": value.likeness,
            "accepted": value.accepted,
        }
    )


def _request(value: SentRequest) -> dict[str, Any]:
    return _present({"provider": value.provider, "known": _finite(value.known), "seen": value.seen})


def _difference(value: FieldDifference) -> dict[str, Any]:
    return {"path": value.path, "before": _finite(value.before), "after": _finite(value.after)}


def _error(value: JobError) -> dict[str, Any]:
    return _present(
        {"code": value.code, "message": value.message, "failure_class": value.failure_class.value}
    )


def _lifecycle(value: Lifecycle) -> dict[str, Any] | None:
    if value == LIFECYCLE:
        return None
    return _present(
        {
            "suspend": value.suspend,
            "on_change": value.on_change.value,
            "on_remove": value.on_remove.value,
            "protect": value.protect,
            "retry": _present({"max_attempts": value.retry.max_attempts, "on": value.retry.on}),
            "priority": value.priority,
            "rerun": value.rerun or None,
            "renamed_from": value.renamed_from,
        }
    )


def _present(members: dict[str, Any]) -> dict[str, Any]:
    """Leave out None, False and empty collections; an empty text and a zero are values."""
    return {key: value for key, value in members.items() if value or (value.__class__ in _VALUES_WHEN_FALSY)}


_VALUES_WHEN_FALSY = (int, float, str)


def _finite(value: Any) -> Any:
    """Return the value back, having looked at every number in it."""
    if isinstance(value, float):
        if not isfinite(value):
            raise NotFinite(f"{value} is no JSON number")
    elif isinstance(value, dict | Mapping):
        for member in value.values():
            if member.__class__ is not str:
                _finite(member)
    elif isinstance(value, list | tuple):
        for member in value:
            _finite(member)
    return value
