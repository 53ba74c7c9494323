"""What a document says that its provider does not take: removed where it is optional, and named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ftops.manifests.dialect_checks import DialectChecks
from ftops.manifests.schema import Finding, document_rules
from ftops.model.fingerprint import canonical_json
from ftops.model.json_value import JSON
from ftops.model.observation import ProviderFacts

_LONGEST_VALUE = 60


def without_odd_values(document: dict[str, Any], provider: ProviderFacts) -> Iterator[str]:
    """Remove from a document, in place, what is optional and not valid; yield why."""
    spec = document["spec"]
    for finding in findings_of(document, provider):
        match finding.path:
            case ("spec", ("hyperparameters" | "provider_options") as place, str() as field, *_) if (
                field in spec.get(place, {})
            ):
                yield f"{place}.{field} {short_value(spec[place].pop(field))}: {finding.message}"
            case ("spec", ("suffix" | "seed" | "integrations" | "validation_file") as field, *_) if (
                field in spec
            ):
                yield f"{field} {short_value(spec.pop(field))}: {finding.message}"
    for place in ("hyperparameters", "provider_options"):
        if not spec.get(place, True):
            del spec[place]


def findings_of(document: Mapping[str, Any], provider: ProviderFacts) -> Iterator[Finding]:
    """Yield what is wrong; the dialect looks at what is left once the schema's findings were dealt with."""
    rules = document_rules("finetune")
    found = [] if rules.valid(document) else list(rules.findings(document))
    yield from found
    # Without a method that there is, a dialect cannot judge the rest.
    if all(finding.path[:2] != ("spec", "method") for finding in found):
        yield from list(DialectChecks(provider).findings(document["spec"]))


def short_value(value: JSON) -> str:
    """Write a value in one line, cut where it is long."""
    text = value if isinstance(value, str) else canonical_json(value).decode()
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."
