"""Read everything that is declared, and find everything that is wrong with it; nothing is sent."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field
from msgspec.json import encode

from ftops.datasets.fetching import Fetcher
from ftops.datasets.inspection import InspectedDatasets, inspect_datasets
from ftops.errors import Problem
from ftops.files.commits import commit_of
from ftops.files.index import NO_INDEX, FileIndex, index_key
from ftops.files.places import FileStamp, file_stamp
from ftops.manifests.document import Document
from ftops.manifests.parser import load_fine_tunes
from ftops.manifests.project import load_project
from ftops.manifests.schema import schema_files
from ftops.model.commit import Commit
from ftops.model.finetune import FineTune
from ftops.model.observation import ProviderFacts
from ftops.model.policy import Rulebook
from ftops.model.project import Project
from ftops.providers.registry import all_capabilities, dialects, facts_of
from ftops.reconciler.elsewhere import bring, lfs_pointers
from ftops.reconciler.values import Pointer
from ftops.state.registry import refuse_unknown
from ftops.version import __version__


class Checked(Struct, frozen=True):
    """A project as it was read, right or wrong.

    `misdeclared` are the problems of its manifests, `absent` say by fine-tune which data is not there.
    `unseen` says where manifests may be that were not seen: a problem unless a person accepts it.
    `unfetched` say by fine-tune which data has no copy here, because nobody was to fetch it: of the addresses
    `unread`. `pointers` are by path the files that are known by a digest alone.
    """

    project: Project
    facts: Mapping[str, ProviderFacts]
    fine_tunes: tuple[FineTune, ...]
    data: InspectedDatasets
    stamps: Mapping[str, FileStamp | None]
    misdeclared: tuple[Problem, ...]
    commit: Commit | None
    unseen: tuple[Problem, ...] = ()
    absent: Mapping[str, tuple[Problem, ...]] = field(default_factory=dict)
    index: FileIndex = NO_INDEX
    unread: tuple[str, ...] = ()
    unfetched: Mapping[str, tuple[Problem, ...]] = field(default_factory=dict)
    pointers: Mapping[str, Pointer] = field(default_factory=dict)
    rulebook: Rulebook = Rulebook()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Everything that is wrong, once: with the manifests, then with the data."""
        missing = (problem for problems in self.absent.values() for problem in problems)
        return tuple(dict.fromkeys((*self.misdeclared, *missing, *self.data.problems)))

    @property
    def data_problems(self) -> Mapping[str, tuple[Problem, ...]]:
        """What is wrong with the data of each fine-tune that may not be created for it, by name."""
        absent = _joined(self.absent, self.unfetched)
        return {
            name: problems
            for name, verdict in self.data.verdicts.items()
            if (verdict.problems or name in absent)
            and (problems := (*absent.get(name, ()), *(one.problem for one in verdict.problems)))
        }


def check(root: Path, *, remembering: bool = False, fetcher: Fetcher | None = None) -> Checked:
    """Read project, manifests and data. `remembering`: what is known of unchanged files is not read again.

    Without a `fetcher`, of data stored elsewhere only the copies are read that are here. Raises
    InvalidInput for a project file that cannot be read, StateError for a state that no store could keep.
    """
    commit = commit_of(root)
    project, document = load_project(root, dialects())
    if isinstance(project.state.url, str):
        refuse_unknown(project.state.url)
    facts = {name: facts_of(settings) for name, settings in project.providers.items()}
    index = FileIndex(root, _key(document, facts)) if remembering else NO_INDEX
    loaded = load_fine_tunes(root, project, document, facts, index, all_capabilities)
    brought = bring(root, loaded.fine_tunes, document, fetcher)
    absent = loaded.absent | brought.absent
    data = inspect_datasets(root, loaded.fine_tunes, facts, absent, index)
    return Checked(
        project,
        facts,
        loaded.fine_tunes,
        data,
        loaded.stamps,
        loaded.misdeclared,
        commit,
        loaded.unseen,
        _joined(loaded.of_data, {} if brought.unread else brought.problems),
        index,
        brought.unread,
        brought.problems if brought.unread else {},
        {**brought.pointers, **lfs_pointers(root, data.files)},
        Rulebook(project.policies, loaded.rules, loaded.waivers),
    )


def _joined(
    first: Mapping[str, tuple[Problem, ...]], second: Mapping[str, tuple[Problem, ...]]
) -> Mapping[str, tuple[Problem, ...]]:
    return {name: (*first.get(name, ()), *second.get(name, ())) for name in {**first, **second}}


def _key(document: Document, facts: Mapping[str, ProviderFacts]) -> str:
    """Name all that decides what is found in a file: another one, and nothing that is known holds."""
    told = encode((document.value, facts), order="deterministic", enc_hook=dict)
    schemas = encode([file_stamp(str(path)) for path in schema_files()])
    return index_key(__version__.encode(), told, schemas)
