"""What a commit declares, read from git's objects into a private directory, which is gone afterwards.

The data that it shares with what is here is not read again.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path, PurePosixPath

from msgspec import Struct, field

from ftops.datasets.inspection import inspect_datasets
from ftops.errors import FtopsError, Problem
from ftops.files.tree import Tree, TreeUnread, has_content, tree_of
from ftops.manifests.discovery import SUFFIXES
from ftops.manifests.loaded import LoadedManifests
from ftops.manifests.parser import load_fine_tunes
from ftops.manifests.project import PROJECT_FILE, load_project
from ftops.model.dataset import Dataset
from ftops.model.finetune import FineTune, root_model
from ftops.model.observation import ProviderFacts
from ftops.model.policy import Rulebook
from ftops.providers.registry import dialects, facts_of
from ftops.reconciler.elsewhere import LONGEST_POINTER, lfs_pointers, pointer_at
from ftops.reconciler.values import Loaded

MOST_MANIFESTS = 20_000
MOST_MANIFEST_BYTES = 128 * 2**20
MOST_DATA_BYTES = 2**30
"""Written out of one commit; data beyond that is not known."""


class Incomparable(Exception):
    """What a commit declares cannot be known here. Its text says why."""


class Earlier(Struct, frozen=True):
    """What was declared; of the `unknown` names the data is not known here, nor what `submodules` held.

    `price_table` is the digest of the project's own prices.
    """

    loaded: Loaded
    unknown: frozenset[str] = frozenset()
    submodules: tuple[str, ...] = ()
    price_table: str | None = None


class _Data(Struct):
    """The data of a commit as far as it has been found. `shared` are paths whose content is here too."""

    datasets: dict[str, Dataset] = field(default_factory=dict)
    shared: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    absent: set[str] = field(default_factory=set)
    written: dict[str, str] = field(default_factory=dict)


def earlier_commit(here: Loaded, commit: str) -> Earlier | None:
    """Return what a commit declares in this directory, None where it has no project. Raises Incomparable."""
    try:
        tree = tree_of(here.root, commit)
        if PROJECT_FILE not in {*tree.files, *tree.links}:
            return None
        with tempfile.TemporaryDirectory(prefix="ftops-", ignore_cleanup_errors=True) as made:
            return _read(here, tree, Path(os.path.realpath(made)))
    except TreeUnread as error:
        raise Incomparable(str(error)) from error
    except OSError as error:
        raise Incomparable(f"it cannot be written out: {error.strerror or error}") from error
    except FtopsError as error:
        raise Incomparable(_first(error.problems)) from error


def _read(here: Loaded, tree: Tree, below: Path) -> Earlier:
    manifests = [path for path in tree.files if path.endswith(SUFFIXES)]
    _write(tree, manifests, below)
    tree.link(below)
    project, document = load_project(below, dialects())
    if project.name != here.project.name:
        raise Incomparable(f"the project is called {project.name} there")
    chosen = [os.path.normpath(pattern) for pattern in project.manifests]
    table = os.path.normpath(project.price_table) if project.price_table else ""
    _write(tree, sorted({*chosen, table} & tree.files.keys() - set(manifests)), below)
    facts = {name: facts_of(settings) for name, settings in project.providers.items()}
    read = load_fine_tunes(below, project, document, facts)
    if read.misdeclared:
        raise Incomparable(_first(read.misdeclared))
    data = _found(here, tree, below, read.fine_tunes)
    uses = [one for one in read.fine_tunes if any(path in data.written for path in _paths(one))]
    skipped = {path for one in uses for path in _paths(one)} - data.written.keys()
    inspected = inspect_datasets(below, uses, facts, skipped)
    told = {name: tuple(one.problem for one in found.problems) for name, found in inspected.verdicts.items()}
    loaded = Loaded(
        below,
        project,
        facts,
        read.fine_tunes,
        {**inspected.datasets, **data.datasets},
        data_problems=_problems(here, read, data, (facts, told)),
        pointers=lfs_pointers(below, inspected.files),
        rulebook=Rulebook(project.policies, read.rules, read.waivers),
    )
    hidden = {one.name for one in read.fine_tunes if any(path in data.unknown for path in _paths(one))}
    return Earlier(loaded, frozenset(hidden), tree.submodules, digest_of(below, project.price_table))


def digest_of(root: Path, name: str | None) -> str | None:
    """Return the digest of a file that a project names, None where there is none that can be read."""
    path = Path(os.path.realpath(root / name)) if name else root
    if not path.is_relative_to(os.path.realpath(root)) or not path.is_file():
        return None
    if path.stat().st_size > MOST_MANIFEST_BYTES:
        return None
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _write(tree: Tree, paths: list[str], below: Path) -> None:
    sizes = tree.sizes(tree.files[path] for path in paths)
    if len(paths) > MOST_MANIFESTS or sum(sizes.values()) > MOST_MANIFEST_BYTES:
        raise Incomparable("its manifests are too many, or too large")
    if any(tree.files[path] not in sizes for path in paths):
        raise Incomparable("git does not have all of its objects here")
    tree.write(paths, below, sizes)


def _found(here: Loaded, tree: Tree, below: Path, fine_tunes: tuple[FineTune, ...]) -> _Data:
    """Find the data of a commit: what is here too, and what has to be written out."""
    data = _Data()
    blobs: dict[str, str] = {}
    for one in fine_tunes:
        for _, file in one.data_files:
            if file.path is None or file.path in blobs:
                continue
            real = os.path.realpath(below / file.path).removeprefix(f"{below}/")
            blob = tree.files.get(real)
            if file.remote is not None:
                _stored(here, data, file.path)
            elif blob is not None:
                blobs[file.path] = blob
                data.written[file.path] = real
            else:
                known = data.unknown if is_below(real, tree.submodules) else data.absent
                known.add(file.path)
    sizes = tree.sizes(blobs.values())
    left = MOST_DATA_BYTES
    for path, blob in blobs.items():
        size = sizes.get(blob)
        if size is not None and path in here.datasets and has_content(here.root / path, blob, size):
            _stored(here, data, path)
        elif size is None or size > left:
            data.unknown.add(path)
        else:
            left -= size
            continue
        del data.written[path]
    tree.write(sorted(set(data.written.values()) - set(_there(below, data))), below, sizes)
    _follow_pointers(here, below, data)
    return data


def _there(below: Path, data: _Data) -> Iterator[str]:
    """Yield what has been written already: a manifest may be named as data."""
    return (real for real in data.written.values() if (below / real).exists())


def _stored(here: Loaded, data: _Data, path: str) -> None:
    if path in here.datasets:
        data.shared.add(path)
        data.datasets[path] = here.datasets[path]
    else:
        data.unknown.add(path)


def _follow_pointers(here: Loaded, below: Path, data: _Data) -> None:
    """Take from here what a pointer of git-lfs means."""
    for path in list(data.written):
        dataset, file = here.datasets.get(path), below / path
        if dataset is None or file.stat().st_size > LONGEST_POINTER:
            continue
        pointer = pointer_at(file)
        if pointer is not None and pointer.sha256 == dataset.file_sha256:
            _stored(here, data, path)
            del data.written[path]


def is_below(path: str, folders: Collection[str]) -> bool:
    """Return whether a path is in one of these folders."""
    return any(str(above) in folders for above in PurePosixPath(path).parents)


def _problems(
    here: Loaded,
    read: LoadedManifests,
    data: _Data,
    told: tuple[Mapping[str, ProviderFacts], Mapping[str, tuple[Problem, ...]]],
) -> Mapping[str, tuple[Problem, ...]]:
    """Return what was wrong with the data of each fine-tune. Data that is here too was judged here."""
    facts, inspected = told
    there = {one.name: one for one in here.fine_tunes}
    before = {one.name: one for one in read.fine_tunes}
    found: dict[str, tuple[Problem, ...]] = {}
    for name, one in before.items():
        problems = inspected.get(name, ())
        if any(path in data.absent for path in _paths(one)):
            problems = (*read.of_data.get(name, ()), *problems)
        same = name in there and _use(one, before) == _use(there[name], there)
        if same and facts.get(one.provider) == here.facts.get(one.provider) and not problems:
            judged = here.data_problems.get(name, ())
            problems = judged if all(path in data.shared for path in _paths(one)) else ()
        if problems:
            found[name] = problems
    return found


def _use(fine_tune: FineTune, by_name: Mapping[str, FineTune]) -> object:
    """Return what data is judged by."""
    files = (fine_tune.training_files, fine_tune.validation_file)
    return fine_tune.provider, fine_tune.method, root_model(fine_tune, by_name), files


def _paths(fine_tune: FineTune) -> list[str]:
    return [file.path for _, file in fine_tune.data_files if file.path is not None]


def _first(problems: tuple[Problem, ...]) -> str:
    more = f"; and {len(problems) - 1} more" if len(problems) > 1 else ""
    return f"{problems[0].message if len(problems) == 1 and not problems[0].file else problems[0]}{more}"
