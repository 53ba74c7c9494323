"""The job behind a name: from state alone, so that looking works while manifests are broken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ftops.api.session import opened_provider
from ftops.errors import FtopsError, UsageError
from ftops.manifests.project import load_project
from ftops.model.state import RecordedJob, State
from ftops.providers.provider import Provider
from ftops.providers.registry import dialects
from ftops.state.manager import StateManager
from ftops.state.registry import open_backend


@dataclass(frozen=True, slots=True)
class KnownJob:
    """A recorded job of a fine-tune, and the open provider that has it."""

    name: str
    recorded: RecordedJob
    provider: Provider


@contextmanager
def open_job(root: Path, name: str, environ: Mapping[str, str]) -> Iterator[KnownJob]:
    """Find the newest job of a fine-tune and open its provider; takes no lock and lists nothing.

    Raises UsageError for a name that nobody knows, FtopsError when there is no job yet.
    """
    root = root.resolve()
    project, _ = load_project(root, dialects())
    manager = StateManager(open_backend(project.state, root), project.name, new_lineage=lambda: "")
    recorded = _newest(manager.read(), name)
    settings = project.providers.get(recorded.provider)
    if settings is None:
        raise FtopsError(
            f"job {recorded.id} of {name} is at provider {recorded.provider}, which ftops.yaml does not have",
            hint=f"write provider {recorded.provider} into ftops.yaml again",
        )
    with opened_provider(settings, root, environ) as provider:
        yield KnownJob(name, recorded, provider)


def _newest(state: State, name: str) -> RecordedJob:
    record, archived = state.fine_tunes.get(name), state.archive.get(name)
    jobs = record.jobs if record else archived.jobs if archived else ()
    if jobs:
        return jobs[0]
    if record is None:
        raise UsageError(f"the state has no job of {name}", hint="see `ftops status`")
    raise FtopsError(f"{name} has no job yet", hint="see `ftops status`, or create it with `ftops apply`")
