"""Declared fine-tunes -> datasets, and what is wrong with the data of each of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from msgspec import Struct, field

from ftops.datasets.breach import Breach
from ftops.datasets.counting import finding_of
from ftops.datasets.file_pass import FilePass, Passed
from ftops.datasets.tables import Ruleset, ruleset
from ftops.errors import Problem
from ftops.files.index import NO_INDEX, FileIndex
from ftops.files.index_form import KnownData
from ftops.files.places import FileStamp, file_stamp
from ftops.model.data_check import DataVerdict, FileCheck, Finding, Severity
from ftops.model.dataset import Dataset
from ftops.model.finetune import FineTune, root_model
from ftops.model.observation import ProviderFacts
from ftops.model.value import replace

_Pairs = dict[str, dict[str, set[str]]]
"""Training file -> validation file -> the fine-tunes that use both."""


class InspectedDatasets(Struct, frozen=True):
    """Datasets by project-relative path, and everything that was found in them.

    A file that could not be read to its end has no dataset. `verdicts` has every fine-tune by name.
    """

    datasets: Mapping[str, Dataset]
    files: tuple[FileCheck, ...] = ()
    verdicts: Mapping[str, DataVerdict] = field(default_factory=dict)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Every error of every file, once, with its place."""
        return self._of(Severity.ERROR)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Every warning of every file, once, with its place."""
        return self._of(Severity.WARNING)

    def _of(self, severity: Severity) -> tuple[Problem, ...]:
        found = (
            finding for file in self.files for finding, _ in file.findings if finding.severity is severity
        )
        return tuple(dict.fromkeys(finding.problem for finding in found))


class _Use(Struct, frozen=True):
    """One fine-tune's use of a file. `alone`: it is the only training file, so that it must suffice."""

    name: str
    rules: Ruleset
    alone: bool


def inspect_datasets(
    root: Path,
    fine_tunes: Iterable[FineTune],
    providers: Mapping[str, ProviderFacts],
    absent: Collection[str] = (),
    index: FileIndex = NO_INDEX,
) -> InspectedDatasets:
    """Read every data file that the fine-tunes name, once. Raises nothing for what is in them.

    Nothing is said of the paths that are known to be `absent`: whoever knows has said so. What the index
    knows of an unchanged file is taken from there.
    """
    declared = tuple(fine_tunes)
    if index.whole:
        return _taken(declared, index)
    uses = {path: using for path, using in _uses(declared, providers).items() if path not in absent}
    pairs = _pairs(declared)
    stamps = {path: file_stamp(f"{root}/{path}") for path in uses}
    kinds = {path: _kind_of_use(using, pairs.get(path, {}), stamps) for path, using in uses.items()}
    known = _known(index, stamps, kinds, pairs)
    # A file is compared with its validation file, so both are read where one is.
    reading = uses.keys() - known.keys()
    reading |= {partner for path in reading for partner in pairs.get(path, {}) if partner in uses}
    passed = _read_all(root, {path: uses[path] for path in uses if path in reading}, pairs)
    datasets = {path: one.dataset for path, one in known.items()}
    checks = {path: one.check for path, one in known.items()}
    for path in passed.keys() - known.keys():
        dataset, stamp = passed[path].dataset, stamps[path]
        checks[path] = _check(path, passed[path], uses[path])
        if dataset is not None:
            datasets[path] = dataset
        if dataset is not None and stamp is not None:
            index.learn(path, KnownData(stamp, kinds[path], dataset, checks[path]))
    files = tuple(checks[path] for path in sorted(checks))
    return InspectedDatasets(dict(sorted(datasets.items())), files, _verdicts(declared, files))


def _taken(declared: tuple[FineTune, ...], index: FileIndex) -> InspectedDatasets:
    """Take everything from an index of a project in which nothing has changed."""
    found = sorted(index.data_files.items())
    files = tuple(one.check for _, one in found)
    datasets = {path: one.dataset for path, one in found}
    return InspectedDatasets(datasets, files, _verdicts(declared, files))


def _known(
    index: FileIndex, stamps: Mapping[str, FileStamp | None], kinds: Mapping[str, str], pairs: _Pairs
) -> dict[str, KnownData]:
    """Return what the index knows. A file that is compared with one that has to be read is read too."""
    found = {path: one for path in stamps if (one := index.data(path, stamps[path], kinds[path])) is not None}
    known = {path: one for path, one in found.items() if pairs.get(path, {}).keys() <= found.keys()}
    for path, one in known.items():
        index.believe(path, one)
    return known


def _kind_of_use(
    uses: Iterable[_Use], partners: Mapping[str, set[str]], stamps: Mapping[str, FileStamp | None]
) -> str:
    """Say all that decides how a file is judged, beside what is in it."""
    used = [(use.name, use.rules.dialect, use.rules.method, use.rules.model, use.alone) for use in uses]
    compared = [(path, stamps.get(path), sorted(names)) for path, names in sorted(partners.items())]
    return repr((used, compared))


def _read_all(root: Path, uses: Mapping[str, list[_Use]], pairs: _Pairs) -> dict[str, Passed]:
    """Read validation files first: their rows are remembered, those of others only until compared."""
    compared = {validation for partners in pairs.values() for validation in partners if validation in uses}
    passed: dict[str, Passed] = {}
    for path in sorted(uses, key=lambda path: (path not in compared, path)):
        passed[path] = _read(root, path, uses[path])
        if path not in compared:
            _compare(passed, path, pairs.get(path, {}))
            passed[path].hashes.clear()
    for path in compared:
        _compare(passed, path, pairs.get(path, {}))
    return passed


def _read(root: Path, path: str, uses: list[_Use]) -> Passed:
    one_pass = FilePass(path, dict.fromkeys(use.rules for use in uses))
    try:
        with (root / path).open("rb") as file:
            outcome = one_pass.read(file)
    except OSError as error:
        return one_pass.unreadable(error.strerror)
    rows = outcome.dataset.examples if outcome.dataset else 0
    for use in uses:
        if use.alone and 0 < rows < use.rules.fewest:
            text = "1 example" if rows == 1 else f"{rows} examples"
            breach = Breach("too-few", shown={"value": text, "limit": use.rules.fewest})
            outcome.of_uses.append((breach, use.rules, use.name))
    return outcome


def _compare(passed: Mapping[str, Passed], training: str, partners: Mapping[str, set[str]]) -> None:
    outcome = passed[training]
    for validation, names in partners.items():
        if validation not in passed:
            continue
        count = outcome.hashes.shared(passed[validation].hashes)
        if count:
            shared = "1 row" if count == 1 else f"{count:,} rows"
            breach = Breach("same-as-validation", shown={"value": shared, "limit": validation})
            rules = next(iter(outcome.counters))
            outcome.of_uses.extend((breach, rules, name) for name in sorted(names))


def _uses(fine_tunes: Iterable[FineTune], providers: Mapping[str, ProviderFacts]) -> dict[str, list[_Use]]:
    by_name = {fine_tune.name: fine_tune for fine_tune in fine_tunes}
    uses: dict[str, list[_Use]] = {}
    for fine_tune in by_name.values():
        facts = providers.get(fine_tune.provider)
        # Where nothing is known of the method, its manifest has been told so.
        forms = facts.capabilities.data_formats.get(fine_tune.method) if facts else None
        dialect = facts.dialect if facts else ""
        rules = ruleset(dialect, fine_tune.method, root_model(fine_tune, by_name), forms or frozenset())
        if facts is not None and facts.largest_upload is not None:
            rules = replace(rules, largest=facts.largest_upload)
        for role, file in fine_tune.data_files:
            if file.path is not None:
                alone = role == "training" and len(fine_tune.training_files) == 1
                uses.setdefault(file.path, []).append(_Use(fine_tune.name, rules, alone))
    return uses


def _pairs(fine_tunes: Iterable[FineTune]) -> _Pairs:
    pairs: _Pairs = {}
    for fine_tune in fine_tunes:
        validation = fine_tune.validation_file.path if fine_tune.validation_file else None
        for file in fine_tune.training_files:
            if file.path is not None and validation is not None:
                pairs.setdefault(file.path, {}).setdefault(validation, set()).add(fine_tune.name)
    return pairs


def _check(path: str, passed: Passed, uses: Iterable[_Use]) -> FileCheck:
    """Return each finding once, with the names of all that it is about."""
    users: dict[Ruleset, list[str]] = {}
    for use in uses:
        users.setdefault(use.rules, []).append(use.name)
    named: dict[Finding, set[str]] = {}
    for rules, names in users.items():
        for finding in passed.counters[rules].findings():
            named.setdefault(finding, set()).update(names)
    for breach, rules, name in passed.of_uses:
        found = finding_of(breach, rules, path)
        if found is not None:
            named.setdefault(found, set()).add(name)
    ordered = sorted(named, key=_place)
    return FileCheck(path, passed.statistics, tuple((one, tuple(sorted(named[one]))) for one in ordered))


def _place(finding: Finding) -> tuple[bool, bool, tuple[int, ...], str]:
    """Errors before warnings, lines before the whole file."""
    return finding.severity is Severity.WARNING, not finding.lines, finding.lines[:1], finding.kind


def _verdicts(fine_tunes: Iterable[FineTune], files: Iterable[FileCheck]) -> dict[str, DataVerdict]:
    found: dict[str, list[Finding]] = {}
    for file in files:
        for finding, names in file.findings:
            for name in names:
                found.setdefault(name, []).append(finding)
    verdicts = {name: DataVerdict(*_split(findings)) for name, findings in found.items()}
    ordered = sorted([fine_tune.name for fine_tune in fine_tunes])
    return {name: verdicts.get(name, _SOUND) for name in ordered}


_SOUND = DataVerdict()


def _split(findings: Iterable[Finding]) -> Iterator[tuple[Finding, ...]]:
    """Problems, then warnings."""
    every = tuple(findings)
    yield tuple(one for one in every if one.severity is Severity.ERROR)
    yield tuple(one for one in every if one.severity is Severity.WARNING)
