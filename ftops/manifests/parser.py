"""Manifests -> FineTunes: every file of the project, with all problems at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ftops.errors import Problem
from ftops.files.index import NO_INDEX, FileIndex
from ftops.files.index_form import KnownManifest
from ftops.files.places import FileStamp, file_stamp
from ftops.manifests.chains import chain_findings
from ftops.manifests.composition import composed
from ftops.manifests.data_paths import DataPaths
from ftops.manifests.dialect_checks import DialectChecks
from ftops.manifests.discovery import manifest_files
from ftops.manifests.document import Document, Steps
from ftops.manifests.elsewhere import Known, nobody
from ftops.manifests.loaded import LoadedManifests
from ftops.manifests.loader import read_documents
from ftops.manifests.origin import Origin, with_defaults
from ftops.manifests.placing import claimed_name, placed
from ftops.manifests.policy_documents import PolicyDocuments, is_policy_document
from ftops.manifests.remote_data import Unpinned, remote_of
from ftops.manifests.schema import Finding, document_rules
from ftops.manifests.wording import suggestion
from ftops.model.finetune import DataFile, FineTune, Source
from ftops.model.observation import ProviderFacts
from ftops.model.project import Project

_HEADER: tuple[Steps, ...] = (("apiVersion",), ("kind",))
_NAME = ("metadata", "name")


def load_fine_tunes(
    root: Path,
    project: Project,
    project_document: Document,
    providers: Mapping[str, ProviderFacts],
    index: FileIndex = NO_INDEX,
    others: Known = nobody,
) -> LoadedManifests:
    """Read every manifest of a project. Nothing is raised for what a person wrote: it becomes a Problem.

    What the index knows of an unchanged manifest is taken from there. `others` are all dialects: those that
    could carry what a manifest's own cannot are named.
    """
    root = root.resolve()
    discovered = manifest_files(root, project.manifests, project_document)
    stamps = {file: file_stamp(f"{root}/{file}") for file in discovered.files}
    if not discovered.problems and index.take_whole(stamps):
        return LoadedManifests(
            index.fine_tunes, (), stamps, discovered.unseen, rules=index.rules, waivers=index.waivers
        )
    problems = list(discovered.problems)
    checks = {name: DialectChecks(facts, others) for name, facts in providers.items()}
    reader = Reader(root, project, project_document, checks)
    for file, stamp in stamps.items():
        known = index.manifest(file, stamp)
        if known is not None and reader.take(file, known):
            index.believe(file, known)
            continue
        found, known = reader.read(file, stamp)
        problems += found
        if known is not None:
            index.learn(file, known)
    fine_tunes = {name: reader.fine_tunes[name] for name in sorted(reader.fine_tunes)}
    between = chain_findings(fine_tunes, reader.claimed)
    problems += (problem for _, problem in placed(root, between, project_document))
    problems += reader.policies.problems()
    unique = dict.fromkeys(problems)
    sound = tuple(fine_tunes.values())
    return LoadedManifests(
        sound,
        tuple(sorted(unique, key=_place)),
        stamps,
        discovered.unseen,
        reader.of_data,
        frozenset(reader.absent),
        tuple(sorted(reader.policies.rules.values(), key=lambda rule: rule.name)),
        tuple(sorted(reader.policies.waivers, key=lambda one: (one.rule, one.name, one.until))),
    )


def read_again(
    root: Path,
    project: tuple[Project, Document],
    providers: Mapping[str, ProviderFacts],
    files: Iterable[str],
) -> Mapping[str, FineTune]:
    """Read some manifests, whatever an index knows of them; only what is sound comes back."""
    reader = Reader(root.resolve(), *project, {name: DialectChecks(one) for name, one in providers.items()})
    for file in files:
        reader.read(file, None)
    return reader.fine_tunes


class Reader:
    """Takes in one document after the other; `claimed` maps each name to the place that claims it."""

    def __init__(
        self, root: Path, project: Project, project_document: Document, checks: Mapping[str, DialectChecks]
    ) -> None:
        self.fine_tunes: dict[str, FineTune] = {}
        self.claimed: dict[str, Source] = {}
        self.of_data: dict[str, tuple[Problem, ...]] = {}
        self.absent: set[str] = set()
        self.policies = PolicyDocuments()
        self._default = project.default_provider
        self._defaults = project.defaults
        self._project_document = project_document
        self._rules = document_rules("finetune")
        self._checks = checks
        self._root = root
        self._paths = DataPaths(str(root))
        self._written: list[tuple[str, str]] = []

    def read(self, file: str, stamp: FileStamp | None) -> tuple[list[Problem], KnownManifest | None]:
        """Read a manifest: what is wrong with it, and where nothing is, what an index may know of it."""
        self._written = []
        problems: list[Problem] = []
        before = len(self.fine_tunes)
        rules, waivers = len(self.policies.rules), len(self.policies.waivers)
        for found in read_documents(f"{self._root}/{file}", file):
            problems += [found] if isinstance(found, Problem) else self.add(found)
        if problems or stamp is None:
            return problems, None
        fine_tunes = tuple(self.fine_tunes.values())[before:]
        return problems, KnownManifest(
            stamp,
            fine_tunes,
            tuple(self._written),
            tuple(self.policies.rules.values())[rules:],
            tuple(self.policies.waivers[waivers:]),
        )

    def take(self, file: str, known: KnownManifest) -> bool:
        """Take a manifest from an index. False, and nothing is taken: it has to be read again.

        Its data files are looked for anew: links may lead elsewhere now.
        """
        folder = file.rpartition("/")[0]
        for written, path in known.files:
            if not self._paths.leads_to(folder, written, path):
                return False
        for one in known.fine_tunes:
            if one.name in self.claimed:
                return False
        if any(one.name in self.policies.rules for one in known.rules):
            return False
        self.policies.take(known.rules, known.waivers)
        for one in known.fine_tunes:
            self.claimed[one.name], self.fine_tunes[one.name] = one.source, one
        return True

    def add(self, document: Document) -> list[Problem]:
        """Take in a document; return what is wrong with it."""
        if document.value is None:
            return []
        if is_policy_document(document.value):
            return self.policies.add(document)
        origin = Origin(document, self._project_document)
        problems: list[Problem] = []
        name = claimed_name(document.value) or ""
        for finding in self._findings(document, origin):
            problems.append(origin.problem(finding))
            if finding.of_data:
                self.of_data[name] = (*self.of_data.get(name, ()), problems[-1])
        # What YAML itself forbids at a place is the cause of whatever else is wrong there.
        faulty = {(problem.line, problem.column) for problem in document.problems}
        return [
            *document.problems,
            *(found for found in problems if (found.line, found.column) not in faulty),
        ]

    def _findings(self, document: Document, origin: Origin) -> Iterator[Finding]:
        source = Source(document.file, document.line(_NAME))
        yield from self._claim(claimed_name(document.value), source)
        value = with_defaults(document.value, self._defaults)
        found = [] if self._rules.valid(value) else list(self._rules.findings(value, origin.show))
        # With a wrong kind it is something else altogether, and its other fields are none of ours.
        foreign = [finding for finding in found if finding.path in _HEADER]
        yield from foreign or found
        spec = _sound_spec(value, found)
        if foreign or spec is None:
            return
        provider = spec.get("provider", self._default)
        if provider not in self._checks:
            yield self._unknown_provider(provider)
            return
        yield from self._checks[provider].findings(spec)
        files: dict[str, list[DataFile]] = {"training_file": [], "validation_file": []}
        for role, known in files.items():
            yield from self._look_up(source.file, role, spec.get(role), known)
        if not found:
            training, validation = files.values()
            fine_tune = composed(value, provider, training, validation[0] if validation else None, source)
            self.fine_tunes.setdefault(fine_tune.name, fine_tune)

    def _claim(self, name: str | None, source: Source) -> Iterator[Finding]:
        if name is None:
            return
        first = self.claimed.setdefault(name, source)
        if first is not source:
            message = f"the name {name} is declared twice; the other one is at {first.file}:{first.line}"
            yield Finding(_NAME, message, "a name belongs to one fine-tune")

    def _unknown_provider(self, provider: str | None) -> Finding:
        if provider is None:
            hint = "name one, or give the project a default_provider"
            return Finding(("spec",), "the field 'provider' is missing", hint, key=True)
        hint = suggestion(provider, self._checks)
        return Finding(("spec", "provider"), f"unknown provider {provider!r}", hint)

    def _look_up(self, manifest: str, field: str, value: Any, known: list[DataFile]) -> Iterator[Finding]:
        """Add the files of a field to `known`; yield what is wrong with the others."""
        for path, written in _files(field, value):
            if isinstance(written, str):
                known.append(DataFile(file_id=written))
            elif "url" in written:
                yield from _elsewhere(path, written, known)
            elif "path" not in written:
                known.append(DataFile(file_id=written["id"], weight=written.get("weight")))
            else:
                yield from self._local(manifest, (*path, "path"), written, known)

    def _local(
        self, manifest: str, place: Steps, value: Mapping[str, Any], known: list[DataFile]
    ) -> Iterator[Finding]:
        """Add a file of the project, also one that is not there: without it, it would be another training."""
        relative, wrong, hint = self._paths.find(manifest.rpartition("/")[0], value["path"])
        if relative is not None:
            known.append(DataFile(path=relative, weight=value.get("weight")))
            self._written.append((value["path"], relative))
            self.absent |= {relative} if wrong is not None else set()
        if wrong is not None:
            yield Finding(place, wrong, hint, of_data=relative is not None)


def _elsewhere(place: Steps, value: Mapping[str, Any], known: list[DataFile]) -> Iterator[Finding]:
    """Add a file stored elsewhere, or yield why it is not pinned."""
    try:
        remote = remote_of(value)
    except Unpinned as wrong:
        yield Finding((*place, wrong.key) if wrong.key else place, wrong.message, wrong.hint)
        return
    known.append(DataFile(path=remote.path, weight=value.get("weight"), remote=remote))


def _files(field: str, value: Any) -> Iterable[tuple[Steps, Any]]:
    """Pair each file of a field with its path."""
    if isinstance(value, list):
        return [(("spec", field, index), item) for index, item in enumerate(value)]
    return [] if value is None else [(("spec", field), value)]


def _sound_spec(value: Any, found: list[Finding]) -> Mapping[str, Any] | None:
    """Return the fields of a spec that their schema allows, so that one mistake does not hide the next.

    None where too much is wrong to say more: what a provider can carry depends on it and on the method.
    """
    if not found:
        spec: Mapping[str, Any] = value["spec"]
        return spec
    wrong = {finding.path[1] for finding in found if finding.path[:1] == ("spec",) and len(finding.path) > 1}
    written = value.get("spec") if isinstance(value, dict) else None
    if not isinstance(written, dict) or wrong & {"provider", "method"}:
        return None
    sound = {field: member for field, member in written.items() if field not in wrong}
    return {"model": "", "training_file": "", **sound}


def _place(problem: Problem) -> tuple[str, int, int]:
    return problem.file or "", problem.line or 0, problem.column or 0
