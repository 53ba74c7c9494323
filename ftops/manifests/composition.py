"""A document that its schema allows -> FineTune."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ftops.model.duration import span
from ftops.model.finetune import (
    DataFile,
    FineTune,
    Lifecycle,
    Method,
    OnChange,
    OnRemove,
    Retry,
    RetryOn,
    Source,
    Upstream,
)

_NO_LIFECYCLE = Lifecycle()


def composed(
    value: Mapping[str, Any],
    provider: str,
    training_files: Iterable[DataFile],
    validation_file: DataFile | None,
    source: Source,
) -> FineTune:
    """Compose a fine-tune; its files are looked up already."""
    metadata, spec = value["metadata"], value["spec"]
    seed = spec.get("seed")
    return FineTune(
        name=metadata["name"],
        provider=provider,
        model=_model(spec["model"]),
        training_files=tuple(training_files),
        validation_file=validation_file,
        method=Method(spec.get("method", Method.SUPERVISED)),
        hyperparameters=spec.get("hyperparameters", {}),
        grader=spec.get("grader", {}),
        suffix=spec.get("suffix"),
        # The schema counts 42.0 among the whole numbers.
        seed=None if seed is None else int(seed),
        provider_options=spec.get("provider_options", {}),
        integrations=tuple(spec.get("integrations", ())),
        labels=metadata.get("labels", {}),
        annotations=metadata.get("annotations", {}),
        lifecycle=_lifecycle(spec["lifecycle"]) if "lifecycle" in spec else _NO_LIFECYCLE,
        source=source,
    )


def _model(value: Any) -> str | Upstream:
    return value if isinstance(value, str) else Upstream(value["from"], value.get("checkpoint", "final"))


def _retry(value: Mapping[str, Any]) -> Retry:
    most = value.get("max_cost")
    return Retry(
        max_attempts=int(value.get("max_attempts", 1)),
        on=tuple(map(RetryOn, value.get("on", ()))),
        backoff=span(value["backoff"]) if "backoff" in value else 0.0,
        max_cost=None if most is None else float(most),
    )


def _lifecycle(value: Mapping[str, Any]) -> Lifecycle:
    return Lifecycle(
        suspend=value.get("suspend", False),
        on_change=OnChange(value.get("on_change", OnChange.REPLACE)),
        on_remove=OnRemove(value.get("on_remove", OnRemove.CANCEL)),
        protect=value.get("protect", False),
        retry=_retry(value.get("retry", {})),
        priority=int(value.get("priority", 0)),
        deadline=value.get("deadline"),
        stall_after=value.get("stall_after"),
        rerun=value.get("rerun", ""),
        renamed_from=value.get("renamed_from"),
    )
