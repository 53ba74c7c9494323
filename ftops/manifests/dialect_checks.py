"""What a manifest asks for and its provider's wire format cannot carry: an error, never dropped silently."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ftops.manifests.elsewhere import Elsewhere, Known, nobody
from ftops.manifests.schema import Finding, Rules, rules_of
from ftops.manifests.wording import MOST_UNKNOWN, short, suggestion
from ftops.model.capabilities import Capabilities
from ftops.model.finetune import Method
from ftops.model.fingerprint import AUTO
from ftops.model.job import TAG_LENGTH
from ftops.model.observation import ProviderFacts


class DialectChecks:
    """The rules of one provider, compiled once and asked for every manifest that names it."""

    def __init__(self, provider: ProviderFacts, known: Known = nobody) -> None:
        self._dialect = provider.dialect
        self._elsewhere = Elsewhere(provider.dialect, known)
        self._can = provider.capabilities
        self._options = _compiled(self._can.options)
        self._integrations = rules_of(self._can.integration_form)
        self._hyperparameters = {method: _compiled(names) for method, names in self._can.methods.items()}

    def findings(self, spec: Mapping[str, Any]) -> Iterator[Finding]:
        """Compare a spec that its schema allows with what the provider can do."""
        method = Method(spec.get("method", Method.SUPERVISED))
        known = self._hyperparameters.get(method)
        if known is None:
            hint = f"it supports: {', '.join(sorted(self._can.methods))}"
            able = self._elsewhere.does(lambda can: method in can.methods)
            message = f"{self._dialect} does not support the method {method}{able}"
            yield Finding(("spec", "method"), message, hint)
        else:
            yield from self._members("hyperparameters", spec, known, method)
        yield from self._members("provider_options", spec, self._options, method)
        yield from self._missing(spec)
        yield from self._fields(spec, self._can)
        yield from self._files(spec, self._can, method)
        yield from _grader(spec, method)

    def _members(
        self, field: str, spec: Mapping[str, Any], known: Mapping[str, Rules], method: Method
    ) -> Iterator[Finding]:
        who = f"{self._dialect} with method {method}" if field == "hyperparameters" else self._dialect
        unknown = 0
        for name, value in spec.get(field, {}).items():
            path = ("spec", field, name)
            rules = known.get(name)
            if rules is None:
                unknown += 1
                if unknown <= MOST_UNKNOWN:
                    able = self._elsewhere.field(field, name, method)
                    message = f"{who} has no field {short(name)}{able}"
                    yield Finding(path, message, suggestion(name, known), key=True)
            elif not rules.valid(value) and not (value == AUTO and field == "hyperparameters"):
                for found in rules.findings(value):
                    yield Finding((*path, *found.path), found.message, found.hint, key=found.key)
        if unknown > MOST_UNKNOWN:
            message = f"{who} does not have {unknown - MOST_UNKNOWN:,} more of these fields"
            yield Finding(("spec", field), message, key=True)

    def _missing(self, spec: Mapping[str, Any]) -> Iterator[Finding]:
        chosen = {key for key, value in spec.get("hyperparameters", {}).items() if value != AUTO}
        for field, names in (
            ("hyperparameters", self._can.required_hyperparameters - chosen),
            ("provider_options", self._can.required_options - spec.get("provider_options", {}).keys()),
        ):
            for name in sorted(names):
                message = f"the field '{field}.{name}' is missing: {self._dialect} needs it"
                yield Finding(("spec",), message, key=True)

    def _fields(self, spec: Mapping[str, Any], can: Capabilities) -> Iterator[Finding]:
        suffix = spec.get("suffix", "")
        if suffix and not can.longest_suffix:
            yield Finding(("spec", "suffix"), f"{self._dialect} takes no suffix", "remove it", key=True)
        elif len(suffix) > can.longest_suffix:
            message = f"has {len(suffix)} characters; {self._dialect} takes at most {can.longest_suffix}"
            if can.longest_suffix < can.suffix_length:
                message += f", beside the {TAG_LENGTH + 1} of the mark that ftops adds"
            yield Finding(("spec", "suffix"), message)
        if can.suffix_letters and re.search(f"[^{can.suffix_letters}]", suffix):
            message = f"{self._dialect} takes only {can.suffix_letters} in a suffix"
            yield Finding(("spec", "suffix"), message, "write another")
        if "seed" in spec and not can.seed:
            message = f"{self._dialect} does not take a seed{self._elsewhere.does(lambda one: one.seed)}"
            yield Finding(("spec", "seed"), message, "remove it", key=True)
        if spec.get("integrations") and not can.integrations:
            able = self._elsewhere.does(lambda one: one.integrations, ("has", "have"))
            message = f"{self._dialect} has no integrations{able}"
            yield Finding(("spec", "integrations"), message, "remove it", key=True)
        elif "integrations" in spec and not self._integrations.valid(spec["integrations"]):
            for found in self._integrations.findings(spec["integrations"]):
                path = ("spec", "integrations", *found.path)
                yield Finding(path, found.message, found.hint, key=found.key)
        if isinstance(spec["model"], dict):
            yield from self._chain(spec["model"], can)

    def _chain(self, model: Mapping[str, Any], can: Capabilities) -> Iterator[Finding]:
        if not can.chains:
            able = self._elsewhere.does(lambda one: one.chains)
            message = f"{self._dialect} does not train on a model that it has trained{able}"
            yield Finding(("spec", "model"), message, "name a base model")
        elif model.get("checkpoint", "final") != "final" and can.checkpoints is None:
            able = self._elsewhere.does(lambda one: one.checkpoints is not None, ("has", "have"))
            message = f"{self._dialect} has no checkpoints{able}"
            yield Finding(("spec", "model", "checkpoint"), message, "write final")

    def _files(self, spec: Mapping[str, Any], can: Capabilities, method: Method) -> Iterator[Finding]:
        training = spec["training_file"]
        if "validation_file" in spec and method in can.unvalidated:
            message = f"{self._dialect} with method {method} takes no validation file"
            yield Finding(("spec", "validation_file"), message, "remove it", key=True)
        if isinstance(training, list) and not can.weighted_files:
            able = self._elsewhere.does(lambda one: one.weighted_files, ("takes one", "take one"))
            message = f"{self._dialect} takes one training file, not a list{able}"
            yield Finding(("spec", "training_file"), message, "join the files into one")
        for field in ("training_file", "validation_file"):
            if not can.file_upload and isinstance(spec.get(field), dict):
                message = f"{self._dialect} does not take uploads{self._elsewhere.does(_uploads)}"
                yield Finding(("spec", field), message, "name a file at the provider by its id")


def _uploads(can: Capabilities) -> bool:
    return can.file_upload


def _grader(spec: Mapping[str, Any], method: Method) -> Iterator[Finding]:
    graded = bool(spec.get("grader"))
    if graded and method is not Method.REINFORCEMENT:
        yield Finding(("spec", "grader"), f"the method {method} takes no grader", "remove it", key=True)
    elif not graded and method is Method.REINFORCEMENT:
        yield Finding(
            ("spec",), "the method reinforcement needs a grader", "add the field 'grader'", key=True
        )


def _compiled(schemas: Any) -> dict[str, Rules]:
    return {name: rules_of(schema) for name, schema in schemas.items()}
