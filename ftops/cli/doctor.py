"""`ftops doctor`."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
from msgspec import Struct, field

from ftops.api.freeze import frozen
from ftops.api.opening import opened_provider
from ftops.api.stored_state import Place, open_stored_state
from ftops.cli import options
from ftops.cli.secrecy import current_vault
from ftops.datasets.inspection import inspect_datasets
from ftops.errors import ExitCode, FtopsError, InvalidInput
from ftops.files.commits import commit_of, is_before
from ftops.manifests.document import Document
from ftops.manifests.parser import load_fine_tunes
from ftops.manifests.project import PROJECT_FILE, load_project
from ftops.model.commit import Commit
from ftops.model.finetune import FineTune
from ftops.model.job import Job
from ftops.model.project import Project, ProviderSettings
from ftops.model.state import State
from ftops.model.value import replace
from ftops.planner.incomplete import used_providers
from ftops.providers.provider import Probe
from ftops.providers.registry import dialects, facts_of
from ftops.records.provider_names import follow_providers, renames
from ftops.report import doctor as report
from ftops.report import doctor_marks
from ftops.report.doctor import Check, Verdict
from ftops.report.words import counted
from ftops.state.backend import Holder, StateBackend, Writability


@click.command("doctor")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to print it."
)
@click.pass_obj
def doctor_command(root: Path, form: str) -> ExitCode:
    """Look at everything that a plan and an apply need, and say what to do about what is wrong.

    Changes nothing. Asks each provider once.
    """
    checks = [_blanked(one) for one in _Examination(root.resolve(), os.environ).checks()]
    if form == "json":
        options.print_document(report.checks_document(checks))
    else:
        click.echo(report.render_checks(checks, options.styler()), nl=False)
    return ExitCode.ERROR if any(one.verdict is Verdict.FAIL for one in checks) else ExitCode.NOTHING


def _blanked(check: Check) -> Check:
    """Take secrets out of what others said: a look at everything must not end at one of them."""
    vault = current_vault()
    following = None if check.next is None else vault.blank(check.next)
    return replace(check, message=vault.blank(check.message), next=following)


class _Examination(Struct):
    """The checks in order; one that fails stops only what needs what it looked for."""

    root: Path
    environ: Mapping[str, str]
    seen: dict[str, tuple[Job, ...]] = field(default_factory=dict)
    """Jobs that the providers showed on their first pages."""
    fine_tunes: tuple[FineTune, ...] | None = None
    """What is declared, where all of it could be read."""

    def checks(self) -> Iterator[Check]:
        try:
            project, document = load_project(self.root, dialects())
        except FtopsError as error:
            yield from report.failed("project", error)
            words = "data, keys, providers and state were not looked at"
            yield Check("rest", Verdict.WARN, words, f"fix {PROJECT_FILE} first")
        else:
            yield from self._declared(project, document)
            used = self._used(project)
            for check in report.key_checks(project.providers.values(), self.environ):
                yield report.lenient(check, used=check.subject in used)
            for check in self._asked(project):
                yield report.lenient(check, used=check.subject in used)
            yield from report.account_checks(self.seen)
            yield from self._remembered(project)
        if freeze := frozen(self.root, self.environ):
            yield Check("freeze", Verdict.WARN, str(freeze), freeze.way_out)

    def _declared(self, project: Project, document: Document) -> Iterator[Check]:
        facts = {name: facts_of(settings) for name, settings in project.providers.items()}
        loaded = load_fine_tunes(self.root, project, document, facts)
        if problems := (*loaded.misdeclared, *loaded.unseen):
            yield from report.failed("project", InvalidInput(problems))
        else:
            fine_tunes = counted(len(loaded.fine_tunes), "fine-tune is", "fine-tunes are")
            yield Check("project", Verdict.OK, f"{PROJECT_FILE} and {fine_tunes} valid")
            self.fine_tunes = loaded.fine_tunes
        inspected = inspect_datasets(self.root, loaded.fine_tunes, facts, loaded.absent)
        missing = (problem for problems in loaded.of_data.values() for problem in problems)
        if problems := tuple(dict.fromkeys((*missing, *inspected.problems))):
            yield from report.failed("data", InvalidInput(problems))
        else:
            examples = sum(dataset.examples for dataset in inspected.datasets.values())
            files = counted(len(inspected.datasets), "file")
            yield Check("data", Verdict.OK, f"{files}, {counted(examples, 'example')}")
            for warning in inspected.warnings:
                place = str(replace(warning, hint=None))
                yield Check("data", Verdict.WARN, place, warning.hint)

    def _used(self, project: Project) -> frozenset[str]:
        """Return the providers that something uses: all, where nothing does yet or it cannot be known."""
        try:
            stored = open_stored_state(project, Place(self.root, self.environ, current_vault()))
            state = _present(stored.manager.read(), project)
        except FtopsError:
            return frozenset(project.providers)
        if self.fine_tunes is None:
            return frozenset(project.providers)
        facts = map(facts_of, project.providers.values())
        return used_providers(self.fine_tunes, state, facts) or frozenset(project.providers)

    def _asked(self, project: Project) -> Iterator[Check]:
        """Ask every provider, all at once: one that does not answer costs its timeout."""
        with ThreadPoolExecutor(max(1, len(project.providers))) as pool:
            for checks in pool.map(self._ask, project.providers.values()):
                yield from checks

    def _ask(self, settings: ProviderSettings) -> list[Check]:
        try:
            with opened_provider(settings, self.root, self.environ, current_vault()) as provider:
                asked = time.time()
                if isinstance(provider, Probe):
                    page, _, headers = provider.probe()
                else:
                    page, _, headers = provider.list_fine_tunes_with_http_info()
                answered = time.time()
        except FtopsError as error:
            return [report.unreachable(settings, error)]
        self.seen[settings.name] = page.jobs
        clock = report.clock_check(settings.name, headers, asked, answered)
        return [report.reachable(settings.name, page), clock]

    def _remembered(self, project: Project) -> Iterator[Check]:
        try:
            place = Place(self.root, self.environ, current_vault())
            stored = open_stored_state(project, place)
        except FtopsError as error:
            yield from report.failed("state", error)
            return
        backend, manager, state = stored.backend, stored.manager, None
        try:
            state = _present(manager.read(), project)
            unwritable = backend.unwritable() if isinstance(backend, Writability) else None
            yield from report.state_checks(
                backend.location, state, exists=manager.exists, unwritable=unwritable
            )
            yield from doctor_marks.lineage_checks(state, self.seen, exists=manager.exists)
            yield from doctor_marks.mark_checks(state, project.providers)
            yield from doctor_marks.orphan_checks(state, self.seen)
            yield from self._commit(state.applied.commit if state.applied else None)
        except FtopsError as error:
            yield from report.failed("state", error)
        yield from self._lock(backend)
        if state is not None:
            yield from self._intents(project, state)

    def _commit(self, applied: Commit | None) -> Iterator[Check]:
        commit = commit_of(self.root)
        older = bool(commit and applied and is_before(self.root, commit, applied))
        yield from report.commit_checks(commit, applied, older=older)

    def _lock(self, backend: StateBackend) -> Iterator[Check]:
        try:
            holder = backend.holder()
        except FtopsError as error:
            yield from report.failed("lock", error)
            return
        words = str(holder) if holder else None
        since = holder.since if holder else 0.0
        yield report.lock_check(words, since, time.time(), alive=_alive(holder) if holder else None)

    def _intents(self, project: Project, state: State) -> Iterator[Check]:
        settles = {name: settings.settle for name, settings in project.providers.items()}
        yield from report.intent_checks(state, settles, self.seen, time.time())


def _present(state: State, project: Project) -> State:
    """Return the state as its providers are called now."""
    return follow_providers(state, renames(map(facts_of, project.providers.values())))


def _alive(holder: Holder) -> bool | None:
    """Return whether the holder's process runs; None when it is on another host, or unknown."""
    # Terraform, which can hold the same lock, tells no process.
    if holder.host != socket.gethostname() or holder.pid <= 0:
        return None
    try:
        os.kill(holder.pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        # It is there and somebody else's, or no number of a process: then nothing is known to be dead.
        return True
    return True
