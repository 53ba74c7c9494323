"""What is declared: project, manifests and data, read together and read again."""

from __future__ import annotations

from pathlib import Path

from ftops.errors import InvalidInput, NeedsPerson
from ftops.files.commits import commit_of
from ftops.manifests.discovery import file_stamp, manifest_files
from ftops.manifests.project import PROJECT_FILE, load_project
from ftops.model.value import replace
from ftops.providers.registry import dialects
from ftops.reconciler.checking import check
from ftops.reconciler.values import Loaded
from ftops.review.freshness import Declared


def load(root: Path) -> Loaded:
    """Read project, manifests and data. Raises InvalidInput with every problem where manifests do not load.

    What is wrong with data alone holds its own fine-tunes: see `data_problems`. Where manifests may be that
    were not seen, it is for `require_seen` to raise.
    Raises StateError for a state that no store of ours could keep.
    """
    checked = check(root)
    if checked.misdeclared:
        raise InvalidInput((*checked.problems, *checked.unseen))
    return Loaded(
        root,
        checked.project,
        checked.facts,
        checked.fine_tunes,
        checked.data.datasets,
        checked.stamps,
        checked.commit,
        checked.data.verdicts,
        checked.unseen,
        checked.data_problems,
    )


def loaded_again(loaded: Loaded) -> Loaded:
    """Return what is declared now: the same, unless a file was edited, added or removed since it was read.

    For whoever waited for the lock: what came meanwhile would look as if it were removed. A data file that
    was edited is noticed when it is sent. Raises InvalidInput, and NeedsPerson for another ftops.yaml.
    """
    commit = commit_of(loaded.root)
    project, document = load_project(loaded.root, dialects())
    if project != loaded.project:
        raise NeedsPerson(
            f"{PROJECT_FILE} was changed while this run waited for the lock", hint="run ftops again"
        )
    found = manifest_files(loaded.root, project.manifests, document)
    stamps = {file: file_stamp(f"{loaded.root}/{file}") for file in found.files}
    if stamps == loaded.stamps and not found.problems:
        return replace(loaded, commit=commit, unseen=found.unseen)
    return load(loaded.root)


def declared(loaded: Loaded, *, everything: bool) -> Declared:
    """Return the declarations that a saved plan is bound to."""
    return Declared(loaded.fine_tunes, loaded.datasets, loaded.project.providers, everything)
