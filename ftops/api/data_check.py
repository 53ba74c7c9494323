"""Check data files by the rules of the fine-tunes that use them, or by rules that are named."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from ftops.api.data_files import DeclaredData, data_paths, declared_data, lone_use
from ftops.datasets.inspection import InspectedDatasets, inspect_datasets
from ftops.datasets.lengths import lengths
from ftops.errors import FtopsError, InvalidInput, UsageError
from ftops.manifests.project import load_project
from ftops.model.data_check import CheckedFile, DataCheck, FileCheck
from ftops.model.dataset import Dataset
from ftops.model.finetune import FineTune, Method
from ftops.model.nearest import did_you_mean
from ftops.model.project import ProviderSettings
from ftops.model.tuned_model import base_model
from ftops.model.value import replace
from ftops.providers.registry import dialects, facts_of

USUAL_DIALECT = "openai"
"""The dialect for a file that nothing declares: most other formats follow it."""

UNNAMED = "this model"
"""What a message calls a base model that nobody has named."""


class Rules(Struct, frozen=True):
    """The rules for a file that no manifest names; None: as the project says, or the usual ones."""

    dialect: str | None = None
    method: str | None = None
    model: str | None = None

    @property
    def named(self) -> bool:
        """Return whether somebody has chosen any of it."""
        return self != Rules()


class Judged(Struct, frozen=True):
    """Files to be checked, and the uses by which each is judged."""

    declared: DeclaredData
    paths: tuple[str, ...]
    uses: tuple[FineTune, ...]
    by: Mapping[str, tuple[str, ...]]

    def of_copies(self, copies: Mapping[str, str]) -> Judged:
        """Return the same uses, of copies of their files."""
        uses = tuple(_with_paths(use, copies) for use in self.uses)
        paths = tuple(copies[path] for path in self.paths if path in copies)
        return Judged(self.declared, paths, uses, {copy: self.by[path] for path, copy in copies.items()})


def judged(root: Path, words: Sequence[str], rules: Rules) -> Judged:
    """Find the named files, or all of the project if none is named. Raises FtopsError."""
    declared = declared_data(root)
    if not words:
        _refuse_broken(declared)
    if rules.named and not words:
        raise UsageError("--dialect, --method and --model need a FILE")
    if rules.named:
        return _alone(declared, tuple(dict.fromkeys(declared.path(word) for word in words)), rules)
    meant = [declared.named(word) for word in words] if words else list(declared.fine_tunes.values())
    return _by_use(declared, meant, rules)


def _refuse_broken(declared: DeclaredData) -> None:
    """Raise FtopsError for a project whose data files cannot all be known."""
    if declared.project is None:
        load_project(declared.root, dialects())
    if declared.misdeclared:
        raise InvalidInput(declared.misdeclared)


def _by_use(declared: DeclaredData, meant: Iterable[FineTune | str], rules: Rules) -> Judged:
    """Judge files by what uses them; one that nothing uses, by itself."""
    paths = tuple(dict.fromkeys(path for one in meant for path in _paths(one)))
    users = {path: declared.users(path) for path in paths}
    alone = _alone(declared, tuple(path for path in paths if not users[path]), rules)
    found = {one.name: one for path in paths for one in users[path]}
    uses = (*(declared.rooted(one) for one in found.values()), *alone.uses)
    by = {path: tuple(one.name for one in users[path]) for path in paths if users[path]}
    return Judged(alone.declared, paths, uses, {**by, **alone.by})


def _paths(meant: FineTune | str) -> tuple[str, ...]:
    return (meant,) if isinstance(meant, str) else data_paths(meant)


def _alone(declared: DeclaredData, paths: tuple[str, ...], rules: Rules) -> Judged:
    """Judge files by themselves."""
    project = declared.project
    usual = project.providers.get(project.default_provider or "") if project else None
    dialect = rules.dialect or (usual.dialect if usual else USUAL_DIALECT)
    if dialect not in dialects():
        raise UsageError(
            f"unknown dialect {dialect!r}",
            hint=did_you_mean(dialect, dialects()) or f"use one of: {', '.join(sorted(dialects()))}",
        )
    provider = f"--dialect {dialect}"
    facts = replace(facts_of(ProviderSettings(provider, dialect)), name=provider)
    known = sorted(method.value for method in facts.capabilities.data_formats)
    method = rules.method or Method.SUPERVISED.value
    if method not in known:
        raise UsageError(f"{dialect} does not train by {method!r}", hint=f"use one of: {', '.join(known)}")
    words = ", ".join(filter(None, (dialect, method, rules.model)))
    uses = tuple(lone_use(path, provider, Method(method), rules.model or UNNAMED) for path in paths)
    here = replace(declared, facts={**declared.facts, provider: facts})
    return Judged(here, paths, uses, dict.fromkeys(paths, (words,)))


def check_data(asked: Judged, *, count: bool = True) -> DataCheck:
    """Check files. Tokens are estimated if they cannot be counted, or on request."""
    declared = asked.declared
    found = _inspected(asked)
    files = {file.path: file for file in found.files}
    checked = tuple(
        _checked(asked, files[path], found.datasets.get(path), count=count)
        for path in asked.paths
        if path in files
    )
    names = {use.name for use in asked.uses}
    absent = [problem for name in sorted(names) for problem in declared.of_data.get(name, ())]
    return DataCheck(checked, (), tuple(dict.fromkeys(absent)))


def _inspected(asked: Judged) -> InspectedDatasets:
    """Read each file once. Files that nothing declares stand for fine-tunes without a name: one at a time."""
    declared = asked.declared
    named = [use for use in asked.uses if use.name]
    parts = [named] if named else []
    parts += [[use] for use in asked.uses if not use.name]
    inspected = [inspect_datasets(declared.root, part, declared.facts, declared.absent) for part in parts]
    return InspectedDatasets(
        {path: one for part in inspected for path, one in part.datasets.items()},
        tuple(file for part in inspected for file in part.files),
    )


def _checked(asked: Judged, file: FileCheck, dataset: Dataset | None, *, count: bool) -> CheckedFile:
    by = asked.by.get(file.path, ())
    if dataset is None:
        return CheckedFile(file, by)
    models = {base_model(use.model) for use in _users(asked, file.path) if isinstance(use.model, str)}
    try:
        with (asked.declared.root / file.path).open("rb") as opened:
            measured = lengths(opened, models - {"", UNNAMED}, count=count)
    except OSError as error:
        raise FtopsError(f"{file.path} can no longer be read: {error.strerror}") from error
    return CheckedFile(file, by, replace(dataset, tokens=None), measured)


def _users(asked: Judged, path: str) -> Iterable[FineTune]:
    return (use for use in asked.uses if path in data_paths(use))


def _with_paths(use: FineTune, copies: Mapping[str, str]) -> FineTune:
    training = tuple(
        replace(file, path=copies.get(file.path, file.path)) if file.path else file
        for file in use.training_files
    )
    validation = use.validation_file
    if validation is not None and validation.path is not None:
        validation = replace(validation, path=copies.get(validation.path, validation.path))
    return replace(use, training_files=training, validation_file=validation)
