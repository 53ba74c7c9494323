"""The same fine-tune for another provider: each field under its name there, or named as left out. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct, field

from ftops.manifests.document import dotted
from ftops.manifests.equivalents import COMPANIONS, NOT_THE_SAME, OF_THE_MODEL, names_of
from ftops.manifests.model_equivalents import known_models, match_for
from ftops.manifests.trimming import findings_of, short_value, without_odd_values
from ftops.model.capabilities import Capabilities
from ftops.model.finetune import Method
from ftops.model.fingerprint import AUTO
from ftops.model.observation import ProviderFacts

NO_MODEL = ""
"""What stands where no model is known: no manifest with it is valid."""

_MAPS = ("hyperparameters", "provider_options")
_NOT_CARRIED = frozenset({"provider", "model", "training_file", "validation_file", "suffix", "seed", *_MAPS})


class Converted(Struct, frozen=True):
    """A document for another provider. `changed` and `left_out` say what became of fields, and why.

    With `missing` it is not valid: a person has to add what these name.
    """

    document: Mapping[str, Any]
    changed: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


class Wish(Struct, frozen=True):
    """What a person has decided already: the new name, and the model where no table is to choose it.

    `options` are provider options of the new provider, `upstreams` what a chain's bases are called there.
    `data` is the folder for files that are at the old provider alone, as seen from the manifest.
    """

    name: str
    model: str | None = None
    upstreams: Mapping[str, str] = field(default_factory=dict)
    data: str = "../data"
    options: Mapping[str, Any] = field(default_factory=dict)


def converted(
    document: Mapping[str, Any], source: ProviderFacts, target: ProviderFacts, wish: Wish
) -> Converted:
    """Write a valid document of one provider for another one. Nothing is dropped without being named."""
    conversion = _Conversion(source, target, wish)
    made = conversion.run(document)
    left_out = [*conversion.left_out, *without_odd_values(made, target)]
    wrong = [f"{dotted(one.path)}: {one.message}" for one in findings_of(made, target)]
    known = {line.partition(":")[0] for line in conversion.missing}
    others = [line for line in wrong if line.partition(":")[0] not in known]
    missing = (*conversion.missing, *others)
    return Converted(made, tuple(conversion.changed), tuple(left_out), missing)


def file_name(file_id: str) -> str:
    """Return what the data of a file is called that is at a provider alone."""
    return f"{file_id}.jsonl"


class _Conversion:
    """Goes through one document; what becomes of each field is noted on the way."""

    def __init__(self, source: ProviderFacts, target: ProviderFacts, wish: Wish) -> None:
        self._source = source
        self._target = target
        self._wish = wish
        self._other_model = False
        self.changed: list[str] = []
        self.left_out: list[str] = []
        self.missing: list[str] = []

    def run(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Return the new document; its fields are those of the old one where nothing else is said."""
        old = document["spec"]
        spec = {
            "provider": self._target.name,
            "model": self._model(old["model"]),
            **dict(self._files(old)),
            **{key: value for key, value in old.items() if key not in _NOT_CARRIED},
        }
        spec["suffix"] = self._suffix(old["suffix"]) if "suffix" in old else None
        for path, value in _knobs(old):
            self._carry(spec, path, value, Method(old.get("method", Method.SUPERVISED)))
        if self._wish.options:
            spec["provider_options"] = {**spec.get("provider_options", {}), **self._wish.options}
        lifecycle = {key: value for key, value in old.get("lifecycle", {}).items() if key != "renamed_from"}
        spec["lifecycle"] = lifecycle
        if old.get("grader"):
            self.changed.append(f"grader: passed on as {self._source.dialect} writes it; check it")
        metadata = {**document["metadata"], "name": self._wish.name}
        notes = {k: v for k, v in metadata.get("annotations", {}).items() if k != "imported"}
        metadata["annotations"] = notes
        return {
            **document,
            "metadata": {key: value for key, value in metadata.items() if value != {}},
            "spec": {key: value for key, value in spec.items() if value not in ({}, None)},
        }

    def _model(self, model: Any) -> Any:
        if self._wish.model is not None:
            shown = model if isinstance(model, str) else f"of {model['from']}"
            self._other_model = model != self._wish.model
            self.changed.append(f"model {shown} -> {self._wish.model}: as you say")
            return self._wish.model
        if isinstance(model, Mapping):
            base = self._wish.upstreams.get(model["from"])
            if base is None:
                why = f"convert {model['from']} first, whose model this one starts from"
                self.missing.append(f"spec.model: {why}")
            return {**model, "from": base or model["from"]}
        found = match_for(model, self._source.dialect, self._target.dialect)
        self._other_model = found is None or not found.same
        if found is None:
            known = ", ".join(known_models(self._target.dialect))
            hint = f"; the table knows {known}" if known else ""
            why = f"nothing is known to stand for {model}; choose a model yourself"
            self.missing.append(f"spec.model: {why}{hint}")
            return NO_MODEL
        if found.model != model:
            self.changed.append(f"model {model} -> {found.model}: {found.remark}")
        elif not found.sure:
            self.changed.append(f"model {model} keeps its name: {found.remark}")
        return found.model

    def _files(self, old: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        for role in ("training_file", "validation_file"):
            value = old.get(role)
            if isinstance(value, list):
                yield role, [self._file(role, item) for item in value]
            elif value is not None:
                yield role, self._file(role, value)

    def _file(self, role: str, value: Any) -> Any:
        """Return a file as the new provider can be given it; an id means nothing there."""
        file_id = value if isinstance(value, str) else value.get("id")
        if file_id is None:
            return value
        path = f"{self._wish.data}/{file_name(file_id)}"
        self.changed.append(f"{role} {file_id} -> {path}: the file is at {self._source.name} alone")
        others = {} if isinstance(value, str) else {key: one for key, one in value.items() if key != "id"}
        return {"path": path, **others}

    def _suffix(self, suffix: str) -> str | None:
        longest = self._target.capabilities.longest_suffix
        short = suffix[:longest].rstrip("-_ ")
        if not short:
            room = f"{longest} characters" if longest else "none"
            self.left_out.append(f"suffix {suffix}: {self._target.dialect} takes {room}")
            return None
        if short != suffix:
            why = f"{self._target.dialect} takes {longest} characters"
            self.changed.append(f"suffix {suffix} -> {short}: {why}")
        return short

    def _carry(self, spec: dict[str, Any], path: str, value: Any, method: Method) -> None:
        """Write a knob under its name at the target, or name it as left out."""
        knob = path.partition(".")[2] or path
        if value == AUTO:
            return  # To say that the provider decides is to say nothing.
        if self._other_model and knob in OF_THE_MODEL:
            self.left_out.append(f"{path} {short_value(value)}: {OF_THE_MODEL[knob]}")
            return
        for name in names_of(knob):
            place = _place(self._target.capabilities, method, name)
            if place is None:
                continue
            for other, needed in {name: value, **COMPANIONS.get(name, {})}.items():
                _put(spec, place, other, needed)
            there = f"{place}.{name}".strip(".")
            if there != path:
                self.changed.append(f"{path} -> {there}")
            return
        why = NOT_THE_SAME.get(knob, f"{self._target.dialect} has nothing like it")
        self.left_out.append(f"{path} {short_value(value)}: {why}")


def _knobs(spec: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield every training knob of a spec by its path; a map among the options is taken apart."""
    if "seed" in spec:
        yield "seed", spec["seed"]
    for place in _MAPS:
        for name, value in spec.get(place, {}).items():
            if isinstance(value, Mapping) and value:
                yield from ((f"{place}.{name}.{key}", member) for key, member in value.items())
            else:
                yield f"{place}.{name}", value


def _place(can: Capabilities, method: Method, name: str) -> str | None:
    """Return which map of the target's spec has a name, "" for the spec itself; None where nothing has."""
    if name == "seed" and can.seed:
        return ""
    outer, _, inner = name.partition(".")
    if not inner and outer in can.methods.get(method, {}):
        return "hyperparameters"
    return "provider_options" if outer in can.options else None


def _put(spec: dict[str, Any], place: str, name: str, value: Any) -> None:
    outer, _, inner = name.partition(".")
    there = spec.setdefault(place, {}) if place else spec
    if inner:
        there.setdefault(outer, {}).setdefault(inner, value)
    else:
        there[outer] = value
