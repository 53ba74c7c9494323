"""Bring data files to the provider: the same bytes once, found again by the digest in their name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed

from ftops.applier.context import Context
from ftops.applier.ledger import Ledger
from ftops.errors import FtopsError
from ftops.model.change import Change
from ftops.model.dataset import Dataset
from ftops.model.event import Event, EventKind
from ftops.model.job import UploadedFile

Failures = dict[str, FtopsError]
"""Project-relative path -> why its upload failed."""

_UNUSABLE = frozenset({"error", "deleted"})


def upload_all(changes: Iterable[Change], context: Context, ledger: Ledger) -> Failures:
    """Make sure that every file these changes train on is at the provider, and note the ids.

    A file that a record names is looked for in the provider's list first: it may have been deleted or have
    expired, and a create with it would be refused for ever.
    """
    failures: Failures = {}
    wanted: dict[str, dict[str, Dataset]] = {}
    for change in changes:
        for use in change.data:
            if use.path is not None:
                wanted.setdefault(change.provider, {})[use.path] = context.datasets[use.path]
    for provider, datasets in sorted(wanted.items()):
        try:
            there = context.providers[provider].list_files()
        except FtopsError as error:
            failures |= dict.fromkeys(datasets, error)
            continue
        missing = _known(datasets, there, ledger.file_ids(provider), context.project)
        failures |= _send(provider, missing, context, ledger)
    return failures


def _known(
    datasets: Mapping[str, Dataset],
    there: tuple[UploadedFile, ...],
    file_ids: dict[str, str],
    project: str,
) -> dict[str, Dataset]:
    """Note which files are there already; give those that are not, one a content, by path."""
    usable = {file.id: file for file in there if file.status not in _UNUSABLE}
    by_name = {(file.filename, file.bytes): file.id for file in usable.values()}
    missing: dict[str, Dataset] = {}
    for path, dataset in datasets.items():
        if file_ids.get(dataset.sha256) in usable:
            continue
        found = by_name.get((dataset.upload_name(project), dataset.bytes))
        if found is not None:
            file_ids[dataset.sha256] = found
            continue
        file_ids.pop(dataset.sha256, None)
        missing[path] = dataset
    return missing


def _send(provider: str, missing: Mapping[str, Dataset], context: Context, ledger: Ledger) -> Failures:
    failures: Failures = {}
    by_content = {dataset.sha256: dataset for dataset in missing.values()}
    with ThreadPoolExecutor(context.parallelism) as pool:
        futures = {}
        for dataset in by_content.values():
            message = f"uploading {dataset.path} to {provider}"
            context.emit(Event(EventKind.UPLOAD_STARTED, context.clock.now(), message))
            upload = context.providers[provider].upload_file
            path = context.root / dataset.path
            name = dataset.upload_name(context.project)
            futures[pool.submit(upload, path, name, dataset.file_sha256)] = dataset
        for future in as_completed(futures):
            dataset = futures[future]
            try:
                ledger.file_ids(provider)[dataset.sha256] = future.result().id
                message = f"uploaded {dataset.path} as {ledger.file_ids(provider)[dataset.sha256]}"
                context.emit(Event(EventKind.UPLOAD_DONE, context.clock.now(), message))
            except FtopsError as error:
                same = [path for path, other in missing.items() if other.sha256 == dataset.sha256]
                failures |= dict.fromkeys(same, error)
    return failures
