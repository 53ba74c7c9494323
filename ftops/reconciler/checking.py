"""Read everything that is declared, and find everything that is wrong with it; nothing is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ftops.datasets.inspection import InspectedDatasets, inspect_datasets
from ftops.errors import Problem
from ftops.files.commits import commit_of
from ftops.manifests.discovery import FileStamp
from ftops.manifests.parser import load_fine_tunes
from ftops.manifests.project import load_project
from ftops.model.commit import Commit
from ftops.model.finetune import FineTune
from ftops.model.observation import ProviderFacts
from ftops.model.project import Project
from ftops.providers.registry import dialects, facts_of
from ftops.state.registry import refuse_unknown


@dataclass(frozen=True, slots=True)
class Checked:
    """A project as it was read, right or wrong. `misdeclared` are the problems of its manifests.

    `unseen` says where manifests may be that were not seen: a problem unless a person accepts it.
    """

    project: Project
    facts: Mapping[str, ProviderFacts]
    fine_tunes: tuple[FineTune, ...]
    data: InspectedDatasets
    stamps: Mapping[str, FileStamp | None]
    misdeclared: tuple[Problem, ...]
    commit: Commit | None
    unseen: tuple[Problem, ...] = ()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Everything for which nothing of the project may be applied."""
        return (*self.misdeclared, *self.data.problems)


def check(root: Path) -> Checked:
    """Read project, manifests and data.

    Raises InvalidInput for a project file that cannot be read, StateError for a state that no store of ours
    could keep.
    """
    commit = commit_of(root)
    project, document = load_project(root, dialects())
    if isinstance(project.state.url, str):
        refuse_unknown(project.state.url)
    facts = {name: facts_of(settings) for name, settings in project.providers.items()}
    loaded = load_fine_tunes(root, project, document, facts)
    data = inspect_datasets(root, loaded.fine_tunes, facts)
    problems, unseen = loaded.problems, loaded.unseen
    return Checked(project, facts, loaded.fine_tunes, data, loaded.stamps, problems, commit, unseen)
