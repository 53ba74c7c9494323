"""What a manifest asks for and its provider's wire format cannot carry: an error, never dropped silently."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ftops.manifests.schema import Finding, did_you_mean, value_findings
from ftops.model.finetune import Method
from ftops.model.fingerprint import AUTO
from ftops.model.observation import ProviderFacts


def dialect_problems(spec: Mapping[str, Any], provider: ProviderFacts) -> Iterator[Finding]:
    """Compare one spec with the provider's capabilities."""
    can, dialect = provider.capabilities, provider.dialect
    method = Method(spec.get("method", Method.SUPERVISED))
    if method not in can.methods:
        known = ", ".join(sorted(can.methods))
        yield ("spec", "method"), f"{dialect} does not train by {method}", f"it knows: {known}", False
    else:
        known_names: Mapping[str, Any] = can.methods[method]
        yield from _members("hyperparameters", spec, known_names, f"{dialect} with method {method}")
    yield from _members("provider_options", spec, can.options, dialect)
    suffix = spec.get("suffix", "")
    if len(suffix) > can.suffix_length:
        message = f"has {len(suffix)} characters; {dialect} takes at most {can.suffix_length}"
        yield ("spec", "suffix"), message, None, False
    for field, able in (("seed", can.seed), ("integrations", can.integrations)):
        if field in spec and not able:
            yield ("spec", field), f"{dialect} has no field {field!r}", "remove it", True
    if spec.get("grader") and method is not Method.REINFORCEMENT:
        yield ("spec", "grader"), "only the method reinforcement has a grader", None, True
    if isinstance(spec["training_file"], list) and not can.weighted_files:
        message = f"{dialect} takes one training file"
        yield ("spec", "training_file"), message, "join the files into one", False
    model = spec["model"]
    if isinstance(model, dict) and model.get("checkpoint", "final") != "final" and not can.checkpoints:
        yield ("spec", "model", "checkpoint"), f"{dialect} has no checkpoints", "use final", False


def _members(field: str, spec: Mapping[str, Any], known: Mapping[str, Any], who: str) -> Iterator[Finding]:
    for key, value in spec.get(field, {}).items():
        path = ("spec", field, key)
        if key not in known:
            names = ", ".join(sorted(known)) or "nothing"
            hint = did_you_mean(key, known) or f"it knows: {names}"
            yield path, f"{who} has no field {key!r}", hint, True
        elif value != AUTO or field != "hyperparameters":
            for _, message, hint_, _ in value_findings(known[key], value):
                yield path, message, hint_, False
