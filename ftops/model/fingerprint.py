"""When two declarations train the same thing: canonical form, canonical JSON, SHA-256."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Raw
from msgspec import json as typed

from ftops.model.dataset import Dataset
from ftops.model.finetune import DataFile, FineTune, Upstream
from ftops.model.json_value import JSON
from ftops.model.observation import ProviderFacts

AUTO = "auto"
"""The value by which a manifest says "the provider decides": the same as saying nothing."""

CanonicalSpec = dict[str, JSON]

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)
_FAST_ENCODER = typed.Encoder(order="sorted")


def canonical_json(value: JSON) -> bytes:
    """Encode so that equal values give equal bytes: sorted keys, no spaces, `3` for `3.0`, UTF-8."""
    try:
        return _FAST_ENCODER.encode(_canonical(value, _as_python_writes))
    except TypeError:  # A kind of text or number of somebody's own, which only Python's writer takes.
        return _ENCODER.encode(_canonical(value)).encode()


def _as_python_writes(number: float) -> Any:
    """Write a fraction as `json` does: writers differ in where an exponent begins, and how it looks."""
    return Raw(_ENCODER.encode(number).encode())


def digest(value: JSON) -> str:
    """Name a JSON value by its content: `sha256:` and 64 hex digits."""
    return "sha256:" + hashlib.sha256(canonical_json(value)).hexdigest()


def fingerprint(spec: CanonicalSpec, version: int) -> str:
    """Name what is trained: `f`, the version of the canonical form, a colon, 64 hex digits."""
    return f"f{version}:{hashlib.sha256(canonical_json(spec)).hexdigest()}"


def _form_1(
    fine_tune: FineTune,
    provider: ProviderFacts,
    datasets: Mapping[str, Dataset],
    upstream_fingerprint: str | None,
) -> CanonicalSpec:
    if isinstance(fine_tune.model, Upstream):
        model: JSON = {"fingerprint": upstream_fingerprint, "checkpoint": fine_tune.model.checkpoint}
    else:
        model = provider.models.get(fine_tune.model, fine_tune.model)
    sizes = provider.capabilities.sizes
    training = [_content(file, datasets) for file in fine_tune.training_files]
    validation = fine_tune.validation_file
    spec: CanonicalSpec = {
        "provider": fine_tune.provider,
        "dialect": provider.dialect,
        "model": model,
        "method": fine_tune.method.value,
        "training_file": training[0] if len(training) == 1 else training,
        "validation_file": _content(validation, datasets) if validation else None,
        "hyperparameters": _without_auto(fine_tune.hyperparameters),
        "grader": fine_tune.grader,
        "suffix": fine_tune.suffix,
        "seed": fine_tune.seed,
        "provider_options": {
            key: value for key, value in fine_tune.provider_options.items() if key not in sizes
        },
        "trainer": provider.decisive,
        "rerun": fine_tune.lifecycle.rerun,
    }
    return {key: _canonical(value) for key, value in spec.items() if value not in (None, "", {}, [])}


Form = Callable[[FineTune, ProviderFacts, Mapping[str, Dataset], str | None], CanonicalSpec]
"""Return everything that decides the training result, data content included, and nothing else.

Takes a fine-tune, what is known of its provider, the content of data files by project-relative path, and the
upstream's fingerprint. Two equal results train the same model.
"""

FORMS: Mapping[int, Form] = {1: _form_1}
"""Every canonical form by version, oldest first. New creates use the last; none is ever removed or changed,
for a record of an old version would no longer be known and its fine-tune would be trained again."""


def _content(file: DataFile, datasets: Mapping[str, Dataset]) -> JSON:
    """Name a file by its content; one that cannot be read is named by its place, and makes no fingerprint."""
    dataset = datasets.get(file.path) if file.path is not None else None
    content: dict[str, JSON] = {"file_id": file.file_id} if file.path is None else {"path": file.path}
    if dataset is not None:
        content = {"sha256": dataset.sha256}
    elif file.remote is not None:
        content = {"url": file.remote.url}
    if file.weight is not None:
        content["weight"] = file.weight
    return content


def _without_auto(values: Mapping[str, JSON]) -> dict[str, JSON]:
    return {key: value for key, value in values.items() if value is not None and value != AUTO}


def _canonical(value: JSON, fraction: Callable[[float], Any] = float) -> JSON:
    """Fold what JSON can write in two ways. A null member of a map means absence, as in a manifest.

    By exact type where that is enough: asking for Mapping and Sequence costs more than all the rest.
    """
    kind: Any = value.__class__
    if kind in _AS_IT_IS:
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else fraction(value)
    if kind is dict or isinstance(value, Mapping):
        members: Any = value
        return {
            key: member if member.__class__ in _AS_IT_IS else _canonical(member, fraction)
            for key, member in members.items()
            if member is not None
        }
    if kind is list or (isinstance(value, Sequence) and not isinstance(value, str)):
        items: Any = value
        return [_canonical(item, fraction) for item in items]
    return value


_AS_IT_IS = frozenset({str, int, bool, type(None)})
