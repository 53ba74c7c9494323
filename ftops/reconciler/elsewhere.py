"""Data stored elsewhere: brought here before it is inspected, or known without its bytes by its digest.

A digest of bytes that is also the digest of rows which the state knows is of these very rows, with one line
end after each: so a pointer of git-lfs, or a pin whose place is down, is enough to see that nothing changed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from msgspec import Struct, field

from ftops.datasets.fetching import Fetcher
from ftops.errors import FtopsError, Problem
from ftops.files.data_cache import DataCache
from ftops.manifests.document import Document, Steps
from ftops.manifests.placing import placed
from ftops.manifests.schema import Finding
from ftops.model.data_check import FileCheck
from ftops.model.dataset import Dataset
from ftops.model.finetune import DataFile, FineTune
from ftops.model.json_value import JSONObject
from ftops.model.remote import Remote
from ftops.model.state import State
from ftops.model.value import replace
from ftops.reconciler.values import Loaded, Pointer
from ftops.records.desired import DesiredSet

_LFS = "lfs-pointer"
LONGEST_POINTER = 1024
"""Bytes of a pointer of git-lfs."""

_LFS_POINTER = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\n(?:[a-z0-9.-]+ [^\n]*\n)*?"
    rb"oid sha256:(?P<digest>[0-9a-f]{64})\nsize (?P<size>\d{1,18})\n?"
)


UNFETCHED = FtopsError("there is no copy of it here yet", hint="`ftops plan` fetches it")


class Brought(Struct, frozen=True):
    """What is here of data stored elsewhere. `absent` are the paths of copies that are not here.

    `problems` say why, by fine-tune: of what could not be fetched, or of what nobody was to fetch, whose
    addresses are `unread`. `pointers` are those of the absent that are pinned by a digest.
    """

    absent: frozenset[str] = frozenset()
    problems: Mapping[str, tuple[Problem, ...]] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    pointers: Mapping[str, Pointer] = field(default_factory=dict)


def bring(
    root: Path,
    fine_tunes: Collection[FineTune],
    document: Document,
    fetcher: Fetcher | None,
    *,
    looking: bool = False,
) -> Brought:
    """Fetch every copy that is not here; without a fetcher, nothing is read from anywhere.

    `looking`: each is only asked for, and stays `unread` where it could be fetched.
    """
    used = list(dict.fromkeys(file.remote for one in fine_tunes for file in _files(one) if file.remote))
    if not used:
        return Brought()
    cache = DataCache(root)
    missing = [remote for remote in used if not cache.holds(remote)]
    if fetcher is None:
        failed = dict.fromkeys(missing, UNFETCHED)
    elif looking:
        failed = fetcher.look(missing)
    else:
        failed = fetcher.bring(root, missing, used) if missing else {}
    problems: dict[str, tuple[Problem, ...]] = {}
    for fine_tune, problem in placed(root, _findings(fine_tunes, failed), document):
        problems[fine_tune.name] = (*problems.get(fine_tune.name, ()), problem)
    unread = [one for one in missing if fetcher is None or (looking and one not in failed)]
    absent = frozenset(one.path for one in (*failed, *unread))
    return Brought(absent, problems, tuple(one.url for one in unread), _pointers(failed))


def lfs_pointers(root: Path, files: Iterable[FileCheck]) -> dict[str, Pointer]:
    """Return what the pointers of git-lfs among the files say, by path."""
    paths = [file.path for file in files if any(finding.kind == _LFS for finding, _ in file.findings)]
    found = {path: pointer_at(root / path) for path in paths}
    return {path: pointer for path, pointer in found.items() if pointer is not None}


def pointer_at(path: Path) -> Pointer | None:
    """Read a file that is a pointer; None where it is another thing by now, or cannot be read."""
    with suppress(OSError), path.open("rb") as opened:
        told = _LFS_POINTER.fullmatch(opened.read(LONGEST_POINTER))
        return Pointer(told["digest"].decode(), int(told["size"])) if told else None
    return None


def known_by(loaded: Loaded, state: State) -> Loaded:
    """Return what is declared, with the content of pointers whose rows the state knows. Problems stay."""
    if not loaded.pointers:
        return loaded
    rows = frozenset(_rows_of(state))
    known = {
        path: Dataset(path, one.sha256, one.bytes, 0, one.sha256)
        for path, one in loaded.pointers.items()
        if one.sha256 in rows
    }
    if not known:
        return loaded
    datasets = {**loaded.datasets, **known}
    desired = DesiredSet(loaded.fine_tunes, datasets, loaded.facts, known=loaded.fingerprints)
    fingerprints = {name: desired.fingerprint(name) for name in desired.comparable}
    return replace(loaded, datasets=datasets, fingerprints=fingerprints)


def _rows_of(state: State) -> Iterator[str]:
    """Yield the digests of rows that were uploaded or trained on."""
    for uploaded in state.datasets.values():
        yield from uploaded
    for record in state.fine_tunes.values():
        yield from _digests_of(record.spec)


def _digests_of(spec: JSONObject) -> Iterator[str]:
    for field_name in ("training_file", "validation_file"):
        files = spec.get(field_name)
        for file in files if isinstance(files, Sequence) else (files,):
            digest = file.get("sha256") if isinstance(file, Mapping) else None
            if isinstance(digest, str):
                yield digest


def _pointers(remotes: Iterable[Remote]) -> dict[str, Pointer]:
    return {one.path: Pointer(one.sha256) for one in remotes if one.sha256 is not None}


def _findings(
    fine_tunes: Iterable[FineTune], failed: Mapping[Remote, FtopsError]
) -> Iterator[tuple[FineTune, Finding]]:
    if not failed:
        return
    for fine_tune in fine_tunes:
        for place, file in _placed_files(fine_tune):
            error = failed.get(file.remote) if file.remote else None
            if error is not None and file.remote is not None:
                named = file.remote.url in error.message
                message = error.message if named else f"{file.remote.url}: {error.message}"
                yield fine_tune, Finding((*place, "url"), message, error.hint, of_data=True)


def _placed_files(fine_tune: FineTune) -> Iterator[tuple[Steps, DataFile]]:
    alone = len(fine_tune.training_files) == 1
    for index, file in enumerate(fine_tune.training_files):
        yield ("spec", "training_file", *(() if alone else (index,))), file
    if fine_tune.validation_file is not None:
        yield ("spec", "validation_file"), fine_tune.validation_file


def _files(fine_tune: FineTune) -> Iterator[DataFile]:
    return (file for _, file in fine_tune.data_files)
