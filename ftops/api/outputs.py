"""The models that serve, from the state alone: a deployment must not fail because a provider is down.

A provider is asked only about jobs that may have ended since, briefly, and its answer is optional. Manifests
say what is declared; where they cannot be read, a model is compared with what was applied last.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from msgspec import Struct

from ftops.api.opening import ProjectProviders
from ftops.api.stored_state import open_stored_state
from ftops.api.surroundings import Surroundings
from ftops.errors import FtopsError, NoModel, NotFound, Problem, UsageError
from ftops.manifests.project import load_project
from ftops.model.dataset import Dataset
from ftops.model.finetune import FineTune
from ftops.model.job import Job
from ftops.model.nearest import did_you_mean
from ftops.model.observation import Observation, ProviderFacts
from ftops.model.project import Project
from ftops.model.state import State
from ftops.model.value import replace
from ftops.providers.provider import Provider
from ftops.providers.registry import dialects, facts_of
from ftops.reconciler.checking import check
from ftops.records.dependencies import rooted
from ftops.records.desired import DesiredSet
from ftops.records.provider_names import in_present_form
from ftops.records.serving import Output, Serving, serving, unfinished
from ftops.records.settling import settle

LONGEST_LOOK_SECONDS = 5.0
"""How long a provider is asked in all; whoever deploys would rather have what the state knows."""

MOST_RETRIEVED = 10
"""Jobs of a provider that are asked for one by one; more are looked up in its list."""


class ServedModels(Struct, frozen=True):
    """The models that serve; `remarks` name what they could not be checked against."""

    serving: Serving
    remarks: tuple[str, ...] = ()
    archived: frozenset[str] = frozenset()
    whole: bool = True

    def chosen(self, name: str | None, *, current: bool = False) -> dict[str, Output]:
        """Return the models by name: all, or that of one; with `current` only those that are declared now.

        Raises NoModel for a name without one, UsageError for an unknown name.
        """
        found = {
            one.name: one
            for one in self.serving.outputs.values()
            if name in (None, one.name) and (one.current or not current)
        }
        if name is not None and not found:
            raise self._none(name)
        return found

    def _none(self, name: str) -> FtopsError:
        lack, served = self.serving.lacks.get(name), self.serving.outputs.get(name)
        if lack is None:
            return self._unknown(name)
        if served is None:
            return NoModel(f"{name} has no model yet: {lack.why}", hint=lack.hint)
        message = (
            f"the model of {name} that serves, {served.model}, was not trained from what is declared now"
        )
        return NoModel(f"{message}: {lack.why}", hint=lack.hint)

    def _unknown(self, name: str) -> UsageError:
        hint = did_you_mean(name, self.serving.lacks.keys() | self.serving.outputs.keys())
        if name in self.archived:
            hint = "it was removed; `ftops state show` has its jobs in the archive"
        elif hint is None and not self.whole:
            hint = "it may be in a manifest that cannot be read: see `ftops validate`"
        return UsageError(f"no fine-tune is named {name}", hint=hint or "see `ftops status`")


class _Declared(Struct, frozen=True):
    fine_tunes: tuple[FineTune, ...]
    datasets: Mapping[str, Dataset]
    facts: Mapping[str, ProviderFacts]
    problems: Mapping[str, tuple[Problem, ...]]
    whole: bool


def served_models(root: Path, surroundings: Surroundings, name: str | None = None) -> ServedModels:
    """Read the state and say which models serve, all or that of one name; takes no lock, changes nothing.

    Raises InvalidInput for a project file that cannot be read, and StateError: without them there is no
    state to read.
    """
    root = root.resolve()
    project, _ = load_project(root, dialects())
    stored = open_stored_state(project, root, surroundings).manager.read()
    declared = _declared(root, project)
    by_name = rooted({one.name: one for one in declared.fine_tunes})
    desired = DesiredSet(by_name.values(), declared.datasets, declared.facts)
    blank = {one.name: Observation(one, complete=False) for one in declared.facts.values()}
    state = _settled(stored, desired, blank)
    chosen = state.fine_tunes if name is None else {name} & state.fine_tunes.keys()
    asked, silent = _asked(project, root, surroundings, _open_jobs(state, chosen))
    if asked:
        state = _settled(stored, desired, {**blank, **_observed(asked, declared.facts)})
    found = serving(state, desired, declared.problems, whole=declared.whole)
    remarks = (*silent, *_assumptions(found, chosen))
    return ServedModels(found, remarks, frozenset(state.archive), declared.whole)


def _declared(root: Path, project: Project) -> _Declared:
    """Read what is declared, as much of it as can be read."""
    try:
        checked = check(root)
    except (FtopsError, OSError):
        facts = {name: facts_of(settings) for name, settings in project.providers.items()}
        return _Declared((), {}, facts, {}, whole=False)
    whole = not checked.misdeclared and not checked.unseen
    return _Declared(checked.fine_tunes, checked.data.datasets, checked.facts, checked.data_problems, whole)


def _settled(state: State, desired: DesiredSet, observations: Mapping[str, Observation]) -> State:
    """Return the records under their present names, with what was seen of their jobs."""
    present, seen = in_present_form(state, observations, desired)
    return settle(present, desired, seen, time.time())[0].state


def _open_jobs(state: State, names: Collection[str]) -> dict[str, list[str]]:
    """Collect the jobs to ask for, by provider."""
    jobs: dict[str, list[str]] = {}
    for name in sorted(names):
        record = state.fine_tunes[name]
        if record.job is not None and unfinished(record):
            jobs.setdefault(record.job.provider, []).append(record.job.id)
    return jobs


def _asked(
    project: Project, root: Path, surroundings: Surroundings, jobs: Mapping[str, list[str]]
) -> tuple[dict[str, list[Job]], tuple[str, ...]]:
    """Ask providers for these jobs, all at once and briefly; return the jobs, and who did not answer."""
    from ftops.transport.deadline import ending_by

    settings = {
        name: replace(one, timeout=min(one.timeout, LONGEST_LOOK_SECONDS))
        for name, one in project.providers.items()
        if name in jobs
    }
    if not settings:
        return {}, tuple(_silence(name, "it is not in ftops.yaml") for name in sorted(jobs))
    found: dict[str, list[Job]] = {name: [] for name in settings}
    with ExitStack() as stack:
        secrets = (surroundings.environ, surroundings.vault)
        providers = ProjectProviders(settings, root, secrets, stack)

        def ask(name: str) -> str | None:
            try:
                with ending_by(time.monotonic() + LONGEST_LOOK_SECONDS):
                    found[name].extend(_retrieved(providers[name], jobs[name]))
            except FtopsError as error:
                return _silence(name, "; ".join(map(str, error.problems)).removeprefix(f"{name}: "))
            return None

        with ThreadPoolExecutor(max_workers=len(settings)) as pool:
            told = [*pool.map(ask, sorted(settings))]
    told += [_silence(name, "it is not in ftops.yaml") for name in sorted(jobs.keys() - settings.keys())]
    return found, tuple(one for one in told if one is not None)


def _retrieved(provider: Provider, job_ids: list[str]) -> Iterator[Job]:
    if len(job_ids) > MOST_RETRIEVED:
        wanted = set(job_ids)
        yield from (job for job in provider.list_fine_tunes().jobs if job.id in wanted)
        return
    for job_id in job_ids:
        try:
            yield provider.retrieve_fine_tune(job_id)
        except NotFound:
            continue


def _observed(asked: Mapping[str, list[Job]], facts: Mapping[str, ProviderFacts]) -> dict[str, Observation]:
    """Return what was seen as incomplete lists: nothing is concluded from what they lack."""
    return {
        name: Observation(facts[name], tuple(jobs), complete=False) for name, jobs in asked.items() if jobs
    }


def _silence(provider: str, why: str) -> str:
    return (
        f"provider {provider} cannot say whether its jobs have ended; this comes from the state alone: {why}"
    )


def _assumptions(found: Serving, chosen: Collection[str]) -> Iterator[str]:
    about = sorted(found.assumed & set(chosen) & found.outputs.keys())
    if about:
        names = ", ".join(about)
        yield (
            f"the declaration of {names} cannot be read (see `ftops validate`): current means what was "
            "applied last"
        )
