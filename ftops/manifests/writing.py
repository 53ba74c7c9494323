"""Manifests as text: of a document, or of a job so that it plans to no change."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from msgspec import Struct

from ftops.errors import FtopsError
from ftops.manifests.dialect_checks import DialectChecks
from ftops.manifests.loader import dump
from ftops.manifests.schema import Finding, document_rules, schema_text
from ftops.model.finetune import Method
from ftops.model.job import Job
from ftops.model.json_value import JSONObject
from ftops.model.observation import ProviderFacts

SCHEMA_PATH = "../schemas/finetune.v1.json"
"""Where an editor finds the schema, as seen from a manifest in `jobs/`."""


class WrittenManifest(Struct, frozen=True):
    """The text of a manifest; `left_out` says of each value of the job why it does not stand there."""

    text: str
    left_out: tuple[str, ...] = ()


def manifest_text(fine_tune_document: JSONObject, schema: str = SCHEMA_PATH) -> str:
    """Write one manifest as YAML that loads as the same document.

    Fields stand in the order of the schema, those of open maps by name, so that writing it again changes
    nothing. `schema` is the address for editors, in the comment on the first line.
    """
    ordered = _ordered(fine_tune_document, _field_order())
    return f"# yaml-language-server: $schema={schema}\n{dump(ordered)}"


def manifest_for(name: str, job: Job, provider: ProviderFacts) -> WrittenManifest:
    """Write the manifest of a job that exists.

    A server shows values that no manifest may ask for, such as a batch size that it chose itself: these are
    left out, and named. Raises FtopsError when the job does not say what it trains.
    """
    if job.model is None or not job.training_files:
        raise FtopsError(f"job {job.id} does not show its model and training file, so it cannot be imported")
    can = provider.capabilities
    shown = str(job.settings.get("method", Method.SUPERVISED))
    if shown not in can.methods:
        raise FtopsError(
            f"job {job.id} trains by method {shown[:40]!r}, which dialect {provider.dialect} does not know",
            hint=f"it knows: {', '.join(sorted(can.methods))}",
        )
    method = Method(shown)
    hyperparameters = {
        path.removeprefix("hyperparameters."): value
        for path, value in job.settings.items()
        if path.startswith("hyperparameters.") and path.split(".")[1] in can.methods[method]
    }
    spec: dict[str, Any] = {
        "provider": provider.name,
        "model": job.model,
        "training_file": job.training_files[0].id,
        "validation_file": job.validation_files[0].id if job.validation_files else None,
        "method": method.value if method is not Method.SUPERVISED else None,
        "hyperparameters": hyperparameters or None,
        "suffix": job.suffix,
        "seed": job.settings.get("seed") if can.seed else None,
    }
    document: dict[str, Any] = {
        "apiVersion": "ftops/v1",
        "kind": "FineTune",
        "metadata": {"name": name, "annotations": {"imported": job.id}},
        "spec": {key: value for key, value in spec.items() if value is not None},
    }
    left_out = tuple(_without_odd_values(document, provider))
    return WrittenManifest(manifest_text(document), left_out)


def _without_odd_values(document: dict[str, Any], provider: ProviderFacts) -> Iterator[str]:
    """Take out of a document, in place, what it may do without and what is not valid; yield why."""
    spec = document["spec"]
    for finding in _findings(document, provider):
        match finding.path:
            case ("spec", "hyperparameters", str() as field, *_) if field in spec["hyperparameters"]:
                value = spec["hyperparameters"].pop(field)
                yield f"hyperparameters.{field} {value}: {finding.message}"
            case ("spec", ("suffix" | "seed") as field, *_) if field in spec:
                yield f"{field} {spec.pop(field)}: {finding.message}"
    if not spec.get("hyperparameters", True):
        del spec["hyperparameters"]


def _findings(document: dict[str, Any], provider: ProviderFacts) -> Iterator[Finding]:
    """Yield what is wrong; the dialect looks at what is left once the schema's findings were dealt with."""
    yield from list(document_rules("finetune").findings(document))
    yield from list(DialectChecks(provider).findings(document["spec"]))


@cache
def _field_order() -> Mapping[str, Any]:
    order: Mapping[str, Any] = json.loads(schema_text("finetune"))
    return order


def _ordered(value: Any, schema: Mapping[str, Any]) -> Any:
    if isinstance(value, Mapping):
        known = schema.get("properties", {})
        names = [name for name in known if name in value]
        names += sorted(name for name in value if name not in known)
        return {name: _ordered(value[name], known.get(name, {})) for name in names}
    if isinstance(value, list | tuple):
        return [_ordered(item, {}) for item in value]
    return value
