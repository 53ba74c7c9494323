"""What is declared: the project with its manifests, its data, and the variables that it refers to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ftops.datasets.inspection import InspectedDatasets
from ftops.doctor.failures import failed
from ftops.errors import FtopsError, InvalidInput
from ftops.manifests.loaded import LoadedManifests
from ftops.manifests.project import PROJECT_FILE
from ftops.model.check import Check, Verdict
from ftops.model.project import EMULATOR_SCHEME, EnvReference, ProviderSettings
from ftops.model.value import replace
from ftops.reconciler.elsewhere import Brought
from ftops.report.words import counted


def unreadable_project(error: FtopsError) -> Iterator[Check]:
    """Tell of a project file that cannot be read, and that nothing else could be looked at."""
    yield from failed("project", error)
    words = "data, keys, providers and state were not checked"
    yield Check("rest", Verdict.WARN, words, f"fix {PROJECT_FILE} first")


def manifest_checks(loaded: LoadedManifests) -> Iterator[Check]:
    """Judge the manifests."""
    if problems := (*loaded.misdeclared, *loaded.unseen):
        yield from failed("project", InvalidInput(problems))
    else:
        fine_tunes = counted(len(loaded.fine_tunes), "fine-tune")
        yield Check("project", Verdict.OK, f"{PROJECT_FILE} and {fine_tunes} are valid")


def data_checks(loaded: LoadedManifests, inspected: InspectedDatasets, brought: Brought) -> Iterator[Check]:
    """Judge the data files, and whether those elsewhere can be read; warnings matter only where all can."""
    absent = (*loaded.of_data.values(), *brought.problems.values())
    missing = (problem for problems in absent for problem in problems)
    if problems := tuple(dict.fromkeys((*missing, *inspected.problems))):
        yield from failed("data", InvalidInput(problems))
        return
    examples = sum(dataset.examples for dataset in inspected.datasets.values())
    files = counted(len(inspected.datasets), "file")
    yield Check("data", Verdict.OK, f"{files}, {counted(examples, 'example')}")
    for url in brought.unread:
        yield Check("data", Verdict.OK, f"{url} can be read; the next plan fetches it")
    for warning in inspected.warnings:
        yield Check("data", Verdict.WARN, str(replace(warning, hint=None)), warning.hint)


def key_checks(providers: Iterable[ProviderSettings], environ: Mapping[str, str]) -> Iterator[Check]:
    """Report for each variable whether it is set. Its value is checked, but never part of a message."""
    for settings in providers:
        fields = {
            "base_url": settings.base_url,
            "api_key": settings.api_key,
            "organization": settings.organization,
            "project": settings.project,
            **{f"headers.{name}": value for name, value in settings.headers.items()},
        }
        references = [(name, value) for name, value in fields.items() if isinstance(value, EnvReference)]
        for field, reference in references:
            value = environ.get(reference.env)
            if value:
                message = f"{reference.env} is set ({field})"
                yield Check("key", Verdict.OK, message, None, settings.name)
                continue
            state = "is empty" if value == "" else "is not set"
            message = f"environment variable {reference.env} {state} ({field})"
            yield Check("key", Verdict.FAIL, message, f"export {reference.env}=...", settings.name)
        if not references:
            embedded = str(settings.base_url).startswith(EMULATOR_SCHEME)
            words = "the embedded emulator accepts any" if embedded else "no variable is referenced"
            yield Check("key", Verdict.OK, words, None, settings.name)
