"""The manifest's schema narrowed to one project: its providers, and what each of their dialects carries.

For editors: what it refuses, `ftops validate` refuses too. What manifests leave to the project's `defaults`
is not asked of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ftops.manifests.schema import schema_text
from ftops.model.capabilities import Capabilities
from ftops.model.finetune import Method
from ftops.model.fingerprint import AUTO
from ftops.model.observation import ProviderFacts
from ftops.model.project import Project

Schema = dict[str, Any]


def project_schema(project: Project, facts: Mapping[str, ProviderFacts]) -> Schema:
    """Return the schema of the project's manifests; `facts` are those of its providers."""
    schema: Schema = json.loads(schema_text("finetune"))
    del schema["$id"]
    schema["title"] = f"FineTune of {project.name}"
    spec = schema["properties"]["spec"]
    defaults = project.defaults
    spec["properties"]["provider"]["enum"] = sorted(facts)
    usual = str(defaults.get("provider") or project.default_provider or "")
    needed = (*spec["required"], *(() if usual else ("provider",)))
    # Each method's own fields say more; of two descriptions of a value editors show the first.
    spec["properties"]["hyperparameters"]["additionalProperties"] = True
    spec["required"] = [field for field in needed if field not in defaults]
    spec["allOf"] = [rule for group in _alike(facts) for rule in _rules(group, usual, defaults)]
    return schema


def _alike(facts: Mapping[str, ProviderFacts]) -> Iterable[list[ProviderFacts]]:
    """Group the providers that carry the same; of one dialect not all need do: a version may decide it."""
    groups: list[list[ProviderFacts]] = []
    for _, one in sorted(facts.items()):
        same = (group for group in groups if group[0].capabilities == one.capabilities)
        if (group := next(same, None)) is not None:
            group.append(one)
        else:
            groups.append([one])
    return groups


def _rules(group: list[ProviderFacts], usual: str, defaults: Mapping[str, Any]) -> Iterator[Schema]:
    """Yield what holds for the manifests of providers that carry the same."""
    can, names = group[0].capabilities, [one.name for one in group]
    provider = _condition("provider", names, absent=usual in names)
    yield {"if": provider, "then": _carried(can, defaults)}
    method = str(defaults.get("method") or Method.SUPERVISED)
    if method not in can.methods:
        yield {"if": provider, "then": {"required": ["method"]}}
    for name, knobs in can.methods.items():
        chosen = _condition("method", [name.value], absent=name == method)
        known = {
            "properties": {key: _knob(key, one) for key, one in knobs.items()},
            "additionalProperties": False,
        }
        fields: Schema = {"hyperparameters": known}
        if name in can.unvalidated:
            fields["validation_file"] = False
        yield {"if": {"allOf": [provider, chosen]}, "then": {"properties": fields}}


def _condition(field: str, values: list[str], *, absent: bool) -> Schema:
    """Ask whether a field has one of these values; `absent`: also where it is not written."""
    condition: Schema = {"properties": {field: {"enum": values}}}
    return condition if absent else {**condition, "required": [field]}


def _carried(can: Capabilities, defaults: Mapping[str, Any]) -> Schema:
    preset = defaults.get("provider_options")
    needed = sorted(can.required_options - (preset.keys() if isinstance(preset, Mapping) else set()))
    known = {name: _option(name, one) for name, one in can.options.items()}
    options: Schema = {"properties": known, "additionalProperties": False, "required": needed}
    knobs = defaults.get("hyperparameters")
    chosen = sorted(can.required_hyperparameters - (knobs.keys() if isinstance(knobs, Mapping) else set()))
    fields: Schema = {
        "method": {"enum": [method.value for method in can.methods]},
        "suffix": _suffix(can),
        "provider_options": options,
        "hyperparameters": {"required": chosen},
    }
    if not can.chains:
        fields["model"] = {"not": {"type": "object"}}
    if not can.seed:
        fields["seed"] = False
    if not can.integrations:
        fields["integrations"] = {"maxItems": 0}
    elif can.integration_form:
        fields["integrations"] = dict(can.integration_form)
    uploads = [] if can.file_upload else ["object"]
    lists = [] if can.weighted_files else ["array"]
    fields["training_file"] = {"not": {"type": [*uploads, *lists]}} if uploads or lists else {}
    fields["validation_file"] = {"not": {"type": uploads}} if uploads else {}
    supervises = Method.SUPERVISED in can.methods or "method" in defaults
    required = [*(["provider_options"] if needed else []), *(["hyperparameters"] if chosen else [])]
    required += [] if supervises else ["method"]
    return {"properties": fields, "required": required}


def _suffix(can: Capabilities) -> Schema:
    letters = {"pattern": f"^[{can.suffix_letters}]*$"} if can.suffix_letters else {}
    return {"maxLength": can.longest_suffix, **letters}


def _option(name: str, schema: Any) -> Schema:
    """Entitle an option with its name: without a title, editors show one of what is around it."""
    return {"title": name, **schema}


def _knob(name: str, schema: Any) -> Schema:
    """Allow `auto` beside what the provider takes, without `anyOf`: of that, editors show words twice."""
    kind = schema.get("type")
    if "enum" in schema:
        return _option(name, {**schema, "enum": [*schema["enum"], AUTO]})
    if not isinstance(kind, str) or kind == "string":
        words = {key: schema[key] for key in ("title", "description") if key in schema}
        return _option(name, {**words, "anyOf": [schema, {"const": AUTO}]})
    told = f"write {AUTO}, or a {'number' if kind in ('integer', 'number') else kind} without quotes"
    return _option(
        name, {**schema, "type": [kind, "string"], "pattern": f"^{AUTO}$", "patternErrorMessage": told}
    )
