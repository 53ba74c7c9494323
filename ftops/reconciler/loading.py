"""What is declared: project, manifests and data, read together and read again."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import partial
from pathlib import Path

from ftops.datasets.fetching import Fetcher
from ftops.datasets.inspection import inspect_datasets
from ftops.errors import InvalidInput, NeedsPerson
from ftops.files.commits import commit_of
from ftops.files.index import FileIndex
from ftops.files.places import file_stamp
from ftops.manifests.discovery import manifest_files
from ftops.manifests.parser import read_again
from ftops.manifests.project import PROJECT_FILE, load_project
from ftops.model.finetune import FineTune
from ftops.model.value import replace
from ftops.providers.registry import dialects
from ftops.reconciler.checking import Checked, check
from ftops.reconciler.values import Loaded
from ftops.records.desired import DesiredSet
from ftops.review.freshness import Declared


def load(root: Path, *, remembering: bool = False, fetcher: Fetcher | None = None) -> Loaded:
    """Read project, manifests and data. Raises InvalidInput with every problem where manifests do not load.

    `remembering`: files that are unchanged since an earlier run are not read again. `require_read` has to be
    asked before anything is paid for. Data stored elsewhere is brought by the `fetcher`.

    What is wrong with data alone holds its own fine-tunes: see `data_problems`. Where manifests may be that
    were not seen, it is for `require_seen` to raise.
    Raises StateError for a state that no store of ours could keep.
    """
    checked = check(root, remembering=remembering, fetcher=fetcher)
    if checked.misdeclared:
        raise InvalidInput((*checked.problems, *checked.unseen))
    fingerprints = _fingerprints(checked)
    indexed = checked.index.save()
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
        fingerprints,
        frozenset(checked.index.believed),
        remembering,
        checked.pointers,
        indexed=indexed,
        rulebook=checked.rulebook,
    )


def _fingerprints(checked: Checked) -> Mapping[str, str]:
    """Return the fingerprint of each fine-tune that has one."""
    if checked.index.whole:
        return checked.index.fingerprints
    desired = DesiredSet(checked.fine_tunes, checked.data.datasets, checked.facts)
    found: dict[str, str] = {}
    for name, fine_tune in desired.comparable.items():
        content = [checked.data.datasets[file.path].sha256 for _, file in fine_tune.data_files if file.path]
        above = found[fine_tune.upstream] if fine_tune.upstream else ""
        basis = " ".join((*content, above))
        found[name] = checked.index.fingerprint(
            name, fine_tune.source.file, basis, partial(desired.fingerprint, name)
        )
    return found


def loaded_again(loaded: Loaded, fetcher: Fetcher | None = None) -> Loaded:
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
    again = load(loaded.root, remembering=loaded.remembering, fetcher=fetcher)
    return replace(again, indexed=again.indexed or loaded.indexed)


def require_read(loaded: Loaded, names: Collection[str]) -> None:
    """Read again what is to be changed, unless this run has read it: an index may be wrong.

    `names` and what they start from are compared with what was planned. Where something differs, the index is
    removed and NeedsPerson raised.
    """
    by_name = {one.name: one for one in loaded.fine_tunes}
    wanted = [one for one in _with_upstreams(names, by_name) if _believed(one, loaded.believed)]
    if not wanted:
        return
    project = load_project(loaded.root, dialects())
    files = dict.fromkeys(one.source.file for one in wanted)
    again = read_again(loaded.root, project, loaded.facts, files)
    data = inspect_datasets(loaded.root, wanted, loaded.facts).datasets
    for one in wanted:
        same_data = all(data.get(path) == loaded.datasets.get(path) for path in _paths(one))
        if project[0] != loaded.project or again.get(one.name) != one or not same_data:
            FileIndex(loaded.root).forget()
            raise NeedsPerson(
                f"{one.name} is not declared as it was when this run began; nothing more was done",
                hint="run ftops again: it will read every file",
            )


def _with_upstreams(names: Collection[str], by_name: Mapping[str, FineTune]) -> Iterator[FineTune]:
    waiting, seen = [*names], set(names)
    while waiting:
        fine_tune = by_name.get(waiting.pop())
        if fine_tune is None:
            continue
        yield fine_tune
        if fine_tune.upstream is not None and fine_tune.upstream not in seen:
            seen.add(fine_tune.upstream)
            waiting.append(fine_tune.upstream)


def _believed(fine_tune: FineTune, believed: Collection[str]) -> bool:
    return fine_tune.source.file in believed or any(path in believed for path in _paths(fine_tune))


def _paths(fine_tune: FineTune) -> list[str]:
    return [file.path for _, file in fine_tune.data_files if file.path is not None]


def declared(loaded: Loaded, *, everything: bool) -> Declared:
    """Return the declarations that a saved plan is bound to."""
    return Declared(loaded.fine_tunes, loaded.datasets, loaded.project.providers, everything)
