"""Manifests -> FineTunes: every file of the project, with all problems at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path, PurePosixPath
from typing import Any

from ftops.errors import Problem
from ftops.manifests.chains import chain_problems
from ftops.manifests.dialect_checks import dialect_problems
from ftops.manifests.loader import Document, YamlProblem, load_documents
from ftops.manifests.schema import did_you_mean, findings
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
from ftops.model.observation import ProviderFacts
from ftops.model.project import Project

SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class LoadedManifests:
    """Every fine-tune that could be read, and all that is wrong. With a problem, nothing may be done."""

    fine_tunes: tuple[FineTune, ...]
    problems: tuple[Problem, ...]


def load_fine_tunes(
    root: Path, project: Project, project_document: Document, providers: Mapping[str, ProviderFacts]
) -> LoadedManifests:
    """Read every manifest of a project. Nothing is raised for what a person wrote: it becomes a Problem."""
    reader = _Reader(root, project, project_document, providers)
    declared: dict[str, tuple[FineTune, Document]] = {}
    problems: list[Problem] = []
    for path, name in _manifest_files(root, project, problems):
        try:
            documents = load_documents(path, name)
        except YamlProblem as error:
            problems.append(error.problem)
            continue
        for document in documents:
            if document.value is None:
                continue
            found = reader.fine_tune(document)
            problems += found.problems
            for fine_tune in found.fine_tunes:
                earlier = declared.setdefault(fine_tune.name, (fine_tune, document))
                if earlier[0] is not fine_tune:
                    problems.append(_duplicate(document, fine_tune, earlier[0]))
    problems += chain_problems(declared)
    return LoadedManifests(tuple(fine_tune for fine_tune, _ in declared.values()), tuple(problems))


class _Reader:
    def __init__(
        self, root: Path, project: Project, document: Document, providers: Mapping[str, ProviderFacts]
    ) -> None:
        self._root = root
        self._project = project
        self._document = document
        self._providers = providers
        self._resolved_root = root.resolve()
        self._targets: dict[tuple[str, str], Path] = {}

    def fine_tune(self, document: Document) -> LoadedManifests:
        value = self._with_defaults(document.value)
        wrong = [self._problem(document, *finding) for finding in findings("finetune", value)]
        if wrong:
            return LoadedManifests((), tuple(wrong))
        spec = value["spec"]
        provider: str | None = spec.get("provider") or self._project.default_provider
        if provider is None or provider not in self._providers:
            return LoadedManifests((), (self._unknown_provider(document, provider),))
        problems = [
            self._problem(document, *finding) for finding in dialect_problems(spec, self._providers[provider])
        ]
        fine_tune = self._built(document, value, provider, problems)
        return LoadedManifests((fine_tune,), tuple(problems))

    def _with_defaults(self, value: Any) -> Any:
        defaults = self._project.defaults
        if not defaults or not isinstance(value, dict) or not isinstance(value.get("spec"), dict):
            return value
        return {**value, "spec": _merged(defaults, value["spec"])}

    def _problem(
        self, document: Document, path: tuple[str | int, ...], message: str, hint: str | None, key: bool
    ) -> Problem:
        """Place a problem; what came in by the project's defaults is wrong in ftops.yaml."""
        default_path = ("spec", "defaults", *path[1:])
        if path[:1] == ("spec",) and not document.has(path) and self._document.has(default_path):
            return self._document.problem(message, default_path, hint, key=key)
        return document.problem(message, path, hint, key=key)

    def _unknown_provider(self, document: Document, provider: str | None) -> Problem:
        if provider is None:
            hint = "name one, or give the project a default_provider"
            return document.problem("the field 'provider' is missing", ("spec",), hint, key=True)
        hint = did_you_mean(provider, self._providers) or f"known: {', '.join(sorted(self._providers))}"
        return self._problem(document, ("spec", "provider"), f"unknown provider {provider!r}", hint, False)

    def _built(
        self, document: Document, value: Mapping[str, Any], provider: str, problems: list[Problem]
    ) -> FineTune:
        metadata, spec = value["metadata"], value["spec"]
        line, _ = document.position(("metadata", "name"))
        return FineTune(
            name=metadata["name"],
            provider=provider,
            model=_model(spec["model"]),
            training_files=tuple(self._training_files(document, spec["training_file"], problems)),
            validation_file=self._validation_file(document, spec, problems),
            method=Method(spec.get("method", Method.SUPERVISED)),
            hyperparameters=spec.get("hyperparameters", {}),
            grader=spec.get("grader", {}),
            suffix=spec.get("suffix"),
            seed=spec.get("seed"),
            provider_options=spec.get("provider_options", {}),
            integrations=tuple(spec.get("integrations", ())),
            labels=metadata.get("labels", {}),
            annotations=metadata.get("annotations", {}),
            lifecycle=_lifecycle(spec.get("lifecycle", {})),
            source=Source(document.file, line),
        )

    def _training_files(self, document: Document, value: Any, problems: list[Problem]) -> Iterator[DataFile]:
        path = ("spec", "training_file")
        if not isinstance(value, list):
            yield self._data_file(document, path, value, problems)
            return
        for index, item in enumerate(value):
            yield self._data_file(document, (*path, index), item, problems)

    def _validation_file(
        self, document: Document, spec: Mapping[str, Any], problems: list[Problem]
    ) -> DataFile | None:
        if "validation_file" not in spec:
            return None
        return self._data_file(document, ("spec", "validation_file"), spec["validation_file"], problems)

    def _data_file(
        self, document: Document, path: tuple[str | int, ...], value: Any, problems: list[Problem]
    ) -> DataFile:
        if isinstance(value, str):
            return DataFile(file_id=value)
        weight, written = value.get("weight"), value.get("path")
        if written is None:
            return DataFile(file_id=value.get("id"), weight=weight)
        folder = (self._root / document.file).parent
        target = self._target(folder, written)
        if not target.is_relative_to(self._resolved_root):
            message = f"{written} lies outside the project"
            hint = "only files of the project can be uploaded; copy it in"
            problems.append(self._problem(document, (*path, "path"), message, hint, False))
        elif not target.is_file():
            what = "is not a file" if target.exists() else "does not exist"
            near = _near_file(folder / written)
            problems.append(self._problem(document, (*path, "path"), f"{written} {what}", near, False))
        # The path as written, not where links lead: it names the upload and stands in messages.
        relative = _normal(PurePosixPath(document.file).parent / written)
        return DataFile(path=relative, weight=weight)

    def _target(self, folder: Path, written: str) -> Path:
        """Follow links, once for all manifests of a folder that name the same file."""
        key = (str(folder), written)
        if key not in self._targets:
            self._targets[key] = (folder / written).resolve()
        return self._targets[key]


def _manifest_files(root: Path, project: Project, problems: list[Problem]) -> Iterator[tuple[Path, str]]:
    """Give every manifest once, with its name in the project, sorted; hidden ones are left out."""
    inside = root.resolve()
    folders: dict[Path, Path] = {}
    named = ((path.relative_to(root).as_posix(), path) for path in _matching(root, project, problems))
    for name, path in sorted(named, key=itemgetter(0)):
        if name.startswith(".") or "/." in name:
            continue
        if path.parent not in folders:
            folders[path.parent] = path.parent.resolve()
        target = path.resolve() if path.is_symlink() else folders[path.parent]
        if target.is_relative_to(inside):
            yield path, name
        else:
            problems.append(Problem("is a link that leads out of the project", name))


def _matching(root: Path, project: Project, problems: list[Problem]) -> set[Path]:
    """Give the files that `spec.manifests` names."""
    found: set[Path] = set()
    for pattern in project.manifests:
        if pattern.startswith("/") or ".." in PurePosixPath(pattern).parts:
            message = f"{pattern} leads out of the project"
            problems.append(Problem(message, "ftops.yaml", path="spec.manifests", hint="name a folder in it"))
        elif any(sign in pattern for sign in "*?["):
            found.update(path for path in root.glob(pattern) if path.is_file())
        elif (root / pattern).is_file():
            found.add(root / pattern)
        elif (root / pattern).is_dir():
            found.update(
                path for path in (root / pattern).rglob("*") if path.suffix in SUFFIXES and path.is_file()
            )
        else:
            message = f"{pattern} does not exist"
            problems.append(Problem(message, "ftops.yaml", path="spec.manifests", hint="make the directory"))
    return found


def _merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**under, **over}
    for key in under.keys() & over.keys():
        if isinstance(under[key], Mapping) and isinstance(over[key], Mapping):
            merged[key] = _merged(under[key], over[key])
    return merged


def _model(value: Any) -> str | Upstream:
    return value if isinstance(value, str) else Upstream(value["from"], value.get("checkpoint", "final"))


def _lifecycle(value: Mapping[str, Any]) -> Lifecycle:
    retry = value.get("retry", {})
    return Lifecycle(
        suspend=value.get("suspend", False),
        on_change=OnChange(value.get("on_change", OnChange.REPLACE)),
        on_remove=OnRemove(value.get("on_remove", OnRemove.CANCEL)),
        protect=value.get("protect", False),
        retry=Retry(retry.get("max_attempts", 1), tuple(map(RetryOn, retry.get("on", ())))),
        priority=value.get("priority", 0),
        rerun=value.get("rerun", ""),
        renamed_from=value.get("renamed_from"),
    )


def _duplicate(document: Document, fine_tune: FineTune, earlier: FineTune) -> Problem:
    place = f"{earlier.source.file}:{earlier.source.line}"
    message = f"the name {fine_tune.name} is declared twice; the other one is at {place}"
    return document.problem(message, ("metadata", "name"), "a name stands for one fine-tune")


def _near_file(path: Path) -> str | None:
    names: Iterable[str] = (entry.name for entry in path.parent.iterdir()) if path.parent.is_dir() else ()
    return did_you_mean(path.name, names)


def _normal(path: PurePosixPath | Path) -> str:
    parts: list[str] = []
    for part in path.parts:
        if part == ".." and parts:
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)
