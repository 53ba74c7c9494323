"""The policies of ftops.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ftops.model.policy import Policies

_LISTS = ("allowed_providers", "allowed_models")


def policies_of(written: Mapping[str, Any]) -> Policies:
    """Return the everyday rules of a project file that the schema has let pass."""
    # An empty list allows nothing; null asks for nothing.
    lists = {key: tuple(value) for key, value in written.items() if key in _LISTS and value is not None}
    labels = _required(written.get("required_labels", ()))
    return Policies(**{**written, **lists, "required_labels": labels})


def _required(labels: Any) -> Mapping[str, tuple[str, ...]]:
    if isinstance(labels, Mapping):
        return {key: tuple(values or ()) for key, values in labels.items()}
    return dict.fromkeys(labels, ())
