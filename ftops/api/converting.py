"""A fine-tune written again for another provider, and judged there as `validate` would."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from msgspec import Struct, field

from ftops.api.opening import opened_provider
from ftops.api.surroundings import Surroundings
from ftops.datasets.inspection import inspect_datasets
from ftops.errors import FtopsError, NeedsPerson, UsageError
from ftops.files.confinement import confine
from ftops.files.fresh import write_new
from ftops.manifests.conversion import Converted, Wish, converted, file_name
from ftops.manifests.discovery import PROJECT_FILE
from ftops.manifests.document import Document
from ftops.manifests.loader import read_yaml
from ftops.manifests.naming import spelled_as_name
from ftops.manifests.origin import with_defaults
from ftops.manifests.project import load_project
from ftops.manifests.unwritten import read_unwritten
from ftops.manifests.writing import manifest_text, schema_address
from ftops.model.finetune import FineTune, Method
from ftops.model.nearest import did_you_mean
from ftops.model.observation import ProviderFacts
from ftops.model.project import Project
from ftops.model.value import replace
from ftops.providers.catalog import offer
from ftops.providers.registry import dialects
from ftops.providers.retirements import known_retirements
from ftops.reconciler.loading import load
from ftops.reconciler.values import Loaded
from ftops.review.endings import Calendar, day
from ftops.review.outlook import Creates, outlook
from ftops.review.selection import unknown_name

DATA = "data"
"""The project's folder for what is fetched."""


class Target(Struct, frozen=True):
    """Where to: a provider of the project, or a dialect that it has no provider of yet.

    `model` is the base model there, where no table is to choose it, `options` its provider options.
    """

    provider: str | None = None
    dialect: str | None = None
    model: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


class Conversion(Struct, frozen=True):
    """The manifest `text` of `name`, for the file at `path`, and what a person must know of it.

    With `missing` it would not pass `validate`. `warnings` say until when the provider takes jobs.
    """

    name: str
    path: Path
    text: str
    changed: tuple[str, ...]
    left_out: tuple[str, ...]
    missing: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def convert(root: Path, name: str, target: Target, now: float) -> Conversion:
    """Write a declared fine-tune for another provider, as text; nothing is sent and no file is written.

    Raises UsageError for a name, provider or dialect that there is not, and for the provider where it is
    already, unless another model or option is asked for; and what loading raises.
    """
    root = root.resolve()
    loaded = load(root)
    fine_tune = _declared(loaded, name)
    to = _facts_of(loaded, target)
    if target.provider == fine_tune.provider and target.model is None and not target.options:
        hint = "name another provider, or pass --model for a second one there"
        raise UsageError(f"{name} is at {to.name} already: there is nothing to convert", hint=hint)
    source = loaded.facts[fine_tune.provider]
    written = with_defaults(_document_of(root, fine_tune).value, loaded.project.defaults)
    folder = str(PurePosixPath(fine_tune.source.file).parent)
    upstreams = _upstreams(fine_tune, loaded, to.name)
    depth = len(PurePosixPath(folder).parts)
    wish = Wish(_new_name(name, to.name), target.model, upstreams, "../" * depth + DATA, target.options)
    made = converted(written, source, to, wish)
    file = f"{folder}/{wish.name}.yaml"
    address = schema_address("finetune", root, folder)
    text = _text(made, (), address, name, (source, to))
    place = _Place(loaded, load_project(root, dialects()), to, file)
    wrong = tuple(place.wrong(text, fine_tune, complete=not made.missing))
    missing = (*made.missing, *wrong)
    text = _text(made, wrong, address, name, (source, to))
    warnings = tuple(_ends(to, fine_tune.method, now))
    return Conversion(wish.name, root / file, text, made.changed, made.left_out, missing, warnings)


def _ends(to: ProviderFacts, method: Method, now: float) -> Iterator[str]:
    """Say where new jobs are not taken, or not for ever: then the create may be refused."""
    calendar = Calendar(known_retirements().retirements)
    found = outlook(calendar, to.service, [str(method)], day(now))
    if found.creates is not Creates.YES or found.decided is not None:
        source = f" ({found.decided.source})" if found.decided is not None else ""
        yield f"new jobs at {to.name}: {found.new_jobs}{source}"


def fetch_data(root: Path, name: str, surroundings: Surroundings) -> tuple[Path, ...]:
    """Download the files that a fine-tune names by their ids into `data/`, where `convert` looks for them.

    One that is there already is left alone. Raises ProviderError, and FtopsError where it cannot be written.
    """
    root = root.resolve()
    loaded = load(root)
    fine_tune = _declared(loaded, name)
    wanted = {file.file_id for _, file in fine_tune.data_files if file.file_id}
    missing = {one: path for one in sorted(wanted) if not (path := root / DATA / file_name(one)).exists()}
    if not missing:
        return ()
    confine(root, root / DATA, f"the folder {DATA}", surroundings.environ)
    settings = loaded.project.providers[fine_tune.provider]
    with opened_provider(settings, root, surroundings.environ, surroundings.vault) as provider:
        for file_id, path in missing.items():
            data = provider.download_file(file_id)
            surroundings.vault.refuse(data, f"the file {path.name}")
            write_new(path, data)
    return tuple(missing.values())


def write_conversion(root: Path, made: Conversion, surroundings: Surroundings) -> None:
    """Write a conversion beside the old manifest, which stays. Raises FtopsError where a file is there.

    Raises NeedsPerson for one that is not valid: with it in place the project would not load.
    """
    shown = made.path.relative_to(root.resolve())
    if made.missing:
        raise NeedsPerson(
            f"{shown} would not be valid: {made.missing[0]}",
            hint="nothing was written; print it, and complete it by hand",
        )
    surroundings.vault.refuse(made.text, "the manifest")
    confine(root.resolve(), made.path.parent, f"the folder {shown.parent}", surroundings.environ)
    try:
        write_new(made.path, made.text.encode())
    except FileExistsError as error:
        message = f"{shown} is there already, and would be written over"
        raise FtopsError(message, hint="nothing was written; move it away, or print the new one") from error
    except OSError as error:
        raise FtopsError(f"cannot write {shown}: {error.strerror or error}") from error


def _declared(loaded: Loaded, name: str) -> FineTune:
    for one in loaded.fine_tunes:
        if one.name == name:
            return one
    raise unknown_name(name, (one.name for one in loaded.fine_tunes))


def _facts_of(loaded: Loaded, target: Target) -> ProviderFacts:
    if target.provider is not None:
        if target.provider not in loaded.facts:
            near = did_you_mean(target.provider, loaded.facts)
            hint = near or f"add it to spec.providers of {PROJECT_FILE}, or name a dialect"
            raise UsageError(f"no provider is named {target.provider}", hint=hint)
        return loaded.facts[target.provider]
    known = dialects()
    if target.dialect is None or target.dialect not in known:
        near = did_you_mean(target.dialect or "", known)
        hint = near or f"known dialects: {', '.join(known)}"
        raise UsageError(f"no dialect is named {target.dialect}", hint=hint)
    known_as = offer(target.dialect)
    service = known_as.description.service
    return ProviderFacts(target.dialect, target.dialect, known_as.capabilities, service=service)


def _document_of(root: Path, fine_tune: FineTune) -> Document:
    """Read the document that declares a fine-tune: its own words, with their paths."""
    for document in read_yaml(root / fine_tune.source.file, fine_tune.source.file).documents:
        value: Any = document.value
        metadata = value.get("metadata") if isinstance(value, Mapping) else None
        if isinstance(metadata, Mapping) and metadata.get("name") == fine_tune.name:
            return document
    raise FtopsError(f"{fine_tune.source.file} no longer declares {fine_tune.name}", hint="run ftops again")


def _new_name(name: str, provider: str) -> str:
    return spelled_as_name(f"{name}-{provider}")


def _upstreams(fine_tune: FineTune, loaded: Loaded, provider: str) -> dict[str, str]:
    """Return what the base of a chain is called at the provider, where it is declared there."""
    if fine_tune.upstream is None:
        return {}
    there = _new_name(fine_tune.upstream, provider)
    known = {one.name for one in loaded.fine_tunes if one.provider == provider}
    return {fine_tune.upstream: there} if there in known else {}


class _Place(Struct, frozen=True):
    """Where the new manifest would stand, and for which provider."""

    loaded: Loaded
    project: tuple[Project, Document]
    to: ProviderFacts
    file: str

    def wrong(self, text: str, old: FineTune, *, complete: bool) -> Iterator[str]:
        """Yield what `validate` would say of the manifest, where it is `complete`, and of its data."""
        facts = {**self.loaded.facts, self.to.name: self.to}
        found, problems = read_unwritten(self.loaded.root, self.project, facts, self.file, text)
        yield from (str(one) for one in problems if complete)
        judged = found or (replace(old, provider=self.to.name),)
        absent = [
            file.path for one in judged for _, file in one.data_files if file.path and not self.has(file.path)
        ]
        yield from (str(one) for one in inspect_datasets(self.loaded.root, judged, facts, absent).problems)

    def has(self, path: str) -> bool:
        """Return whether a data file is there."""
        return (self.loaded.root / path).is_file()


def _text(
    made: Converted,
    wrong: tuple[str, ...],
    address: str,
    name: str,
    between: tuple[ProviderFacts, ProviderFacts],
) -> str:
    source, to = between
    comments = [
        f"converted from {name} at {source.name} ({source.dialect}) for {to.name} ({to.dialect})",
        *(f"changed: {one}" for one in made.changed),
        *(f"left out: {one}" for one in made.left_out),
        *(f"TO DO: {one}" for one in (*made.missing, *wrong)),
    ]
    return manifest_text(dict(made.document), address, comments)
