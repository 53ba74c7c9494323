"""What a record keeps of a manifest beside the training: editing it never trains."""

from __future__ import annotations

from msgspec import to_builtins

from ftops.model.finetune import FineTune
from ftops.model.json_value import JSON
from ftops.model.state import Record
from ftops.model.value import replace


def settings_of(holder: FineTune | Record) -> dict[str, JSON]:
    """Return labels, annotations, integrations and lifecycle as one JSON value, for comparing."""
    lifecycle = {key: value for key, value in to_builtins(holder.lifecycle).items() if key not in _ELSEWHERE}
    return {
        "labels": dict(holder.labels),
        "annotations": dict(holder.annotations),
        "integrations": list(holder.integrations),
        "lifecycle": lifecycle,
    }


_ELSEWHERE = frozenset({"rerun", "renamed_from"})
"""`rerun` is in the fingerprint; `renamed_from` has done its work once the record has moved."""


def with_settings(record: Record, fine_tune: FineTune) -> Record:
    """Take over the settings that the manifest has now."""
    return replace(
        record,
        labels=dict(fine_tune.labels),
        annotations=dict(fine_tune.annotations),
        integrations=fine_tune.integrations,
        lifecycle=fine_tune.lifecycle,
    )


def settings_differ(record: Record, fine_tune: FineTune) -> bool:
    """Return whether the manifest's settings are not the recorded ones."""
    if (
        record.labels == fine_tune.labels
        and record.annotations == fine_tune.annotations
        and record.integrations == fine_tune.integrations
        and record.lifecycle == fine_tune.lifecycle
    ):
        return False
    return settings_of(record) != settings_of(fine_tune)
