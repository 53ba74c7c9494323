"""The examination: asks for everything that the rules judge, once, and changes nothing."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

from msgspec import Struct

from ftops.api.freeze import frozen
from ftops.api.opening import opened_provider
from ftops.api.stored_state import StoredState, open_stored_state
from ftops.api.surroundings import Surroundings
from ftops.datasets.inspection import inspect_datasets
from ftops.doctor import declared, editors, marks, providers, retirement, stored
from ftops.doctor.failures import failed, lenient
from ftops.errors import FtopsError
from ftops.files.commits import commit_of, is_before
from ftops.manifests.document import Document
from ftops.manifests.parser import load_fine_tunes
from ftops.manifests.project import load_project
from ftops.model.check import Check, Verdict
from ftops.model.finetune import FineTune
from ftops.model.job import Job
from ftops.model.model_dates import ModelDates
from ftops.model.project import Project, ProviderSettings
from ftops.model.state import State
from ftops.model.value import replace
from ftops.planner.incomplete import used_providers
from ftops.providers.provider import Probe
from ftops.providers.registry import all_capabilities, dialects, facts_of
from ftops.providers.retirements import known_retirements
from ftops.reconciler.elsewhere import bring
from ftops.reconciler.observing import model_dates
from ftops.records.provider_names import follow_providers, renames
from ftops.review.agenda import Due, agenda
from ftops.review.endings import Calendar, day
from ftops.state.backend import Holder, StateBackend, Writability
from ftops.transport.secret import Vault


class Findings(Struct, frozen=True):
    """What a look at everything found, and what of the project ends when."""

    checks: tuple[Check, ...]
    agenda: tuple[Due, ...]
    today: date


def examine(root: Path, environ: Mapping[str, str], vault: Vault) -> Findings:
    """Look at everything that a plan and an apply need, in order. Asks each provider once.

    What is wrong stops only what needs it. Secrets are taken out of what others said: a look at everything
    must not end at one of them.
    """
    examination = _Examination(root.resolve(), Surroundings(environ, vault=vault))
    checks = []
    for check in examination.checks():
        following = None if check.next is None else vault.blank(check.next)
        checks.append(replace(check, message=vault.blank(check.message), next=following))
    return Findings(tuple(checks), examination.agenda, examination.today)


class _Examination:
    """What one look has learned so far.

    `seen` are the jobs that the providers showed on their first pages; `fine_tunes` what is declared, where
    all of it could be read. `services` and `told` are the providers' known services, and when their models
    end as they tell it; `agenda` is what of the project ends when.
    """

    def __init__(self, root: Path, surroundings: Surroundings) -> None:
        self.root = root
        self.surroundings = surroundings
        self.seen: dict[str, tuple[Job, ...]] = {}
        self.fine_tunes: tuple[FineTune, ...] | None = None
        self.services: dict[str, str | None] = {}
        self.told: dict[str, Mapping[str, ModelDates]] = {}
        self.agenda: tuple[Due, ...] = ()
        self.today = day(time.time())

    def checks(self) -> Iterator[Check]:
        try:
            project, document = load_project(self.root, dialects())
        except FtopsError as error:
            yield from declared.unreadable_project(error)
        else:
            yield from self._declared(project, document)
            used = self._used(project)
            for check in declared.key_checks(project.providers.values(), self.surroundings.environ):
                yield lenient(check, used=check.subject in used)
            for check in self._asked(project):
                yield lenient(check, used=check.subject in used)
            yield from providers.account_checks(self.seen)
            yield from self._remembered(project)
        if freeze := frozen(self.root, self.surroundings.environ):
            yield Check("freeze", Verdict.WARN, str(freeze), freeze.way_out)

    def _declared(self, project: Project, document: Document) -> Iterator[Check]:
        facts = {name: facts_of(settings) for name, settings in project.providers.items()}
        self.services = {name: one.service for name, one in facts.items()}
        loaded = load_fine_tunes(self.root, project, document, facts, others=all_capabilities)
        yield from declared.manifest_checks(loaded)
        if not (loaded.misdeclared or loaded.unseen):
            self.fine_tunes = loaded.fine_tunes
        fetcher = self.surroundings.fetcher
        brought = bring(self.root, loaded.fine_tunes, document, fetcher, looking=True)
        absent = loaded.absent | brought.absent
        inspected = inspect_datasets(self.root, loaded.fine_tunes, facts, absent)
        yield from declared.data_checks(loaded, inspected, brought)
        yield from editors.schema_checks(self.root, project, facts)

    def _used(self, project: Project) -> frozenset[str]:
        """Return the providers that something uses: all, where nothing does yet or it cannot be known."""
        try:
            state = _present(open_stored_state(project, self.root, self.surroundings).manager.read(), project)
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
        environ, vault = self.surroundings.environ, self.surroundings.vault
        try:
            with opened_provider(settings, self.root, environ, vault) as provider:
                asked = time.time()
                if isinstance(provider, Probe):
                    page, _, headers = provider.probe()
                else:
                    page, _, headers = provider.list_fine_tunes_with_http_info()
                answered = time.time()
                self.services[settings.name] = provider.facts.service
                if provider.facts.service is not None:
                    self.told[settings.name] = model_dates(provider)
        except FtopsError as error:
            return [providers.unreachable(settings, error)]
        self.seen[settings.name] = page.jobs
        clock = providers.clock_check(settings.name, headers, asked, answered)
        return [providers.reachable(settings.name, page), clock]

    def _remembered(self, project: Project) -> Iterator[Check]:
        try:
            opened = open_stored_state(project, self.root, self.surroundings)
        except FtopsError as error:
            yield from failed("state", error)
            return
        state = None
        try:
            state = _present(opened.manager.read(), project)
            yield from self._state(project, opened, state)
        except FtopsError as error:
            yield from failed("state", error)
        yield from _lock(opened.backend)
        if any(self.services.values()):
            yield self._ends(state)
        if state is not None:
            settles = {name: settings.settle for name, settings in project.providers.items()}
            yield from stored.intent_checks(state, settles, self.seen, time.time())

    def _ends(self, state: State | None) -> Check:
        """Judge what ends; what neither manifests nor state could tell is not in it."""
        calendar = Calendar(known_retirements().retirements, self.told)
        concerned = retirement.concerns(self.fine_tunes or (), state)
        self.agenda = agenda(concerned, self.services, calendar)
        return retirement.retirement_check(self.agenda, self.today)

    def _state(self, project: Project, opened: StoredState, state: State) -> Iterator[Check]:
        backend, exists = opened.backend, opened.manager.exists
        unwritable = backend.unwritable() if isinstance(backend, Writability) else None
        yield stored.state_check(backend.location, state, exists=exists)
        yield from stored.unwritable_check(backend.location, unwritable)
        yield from marks.lineage_checks(state, self.seen, exists=exists)
        yield from marks.mark_checks(state, project.providers)
        yield from marks.orphan_checks(state, self.seen)
        applied, commit = state.applied.commit if state.applied else None, commit_of(self.root)
        older = bool(commit and applied and is_before(self.root, commit, applied))
        yield from stored.commit_checks(commit, applied, older=older)


def _lock(backend: StateBackend) -> Iterator[Check]:
    try:
        holder = backend.holder()
    except FtopsError as error:
        yield from failed("lock", error)
        return
    words = str(holder) if holder else None
    since = holder.since if holder else 0.0
    yield stored.lock_check(words, since, time.time(), alive=_alive(holder) if holder else None)


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
