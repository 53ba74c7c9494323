"""Bring data files to the provider: the same rows once, found again by the digest in their name.

What a provider refused, or could not process, is remembered: it is not sent again by every run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from msgspec import Struct, field

from ftops.applier.context import Context
from ftops.errors import FtopsError, NotFound, Rejected
from ftops.model.change import Change
from ftops.model.dataset import DIGEST_IN_NAME, Dataset, uploaded_digest
from ftops.model.event import Event, EventKind
from ftops.model.job import FileState, UploadedFile
from ftops.records.ledger import Ledger
from ftops.transport.meter import metered

LONGEST_WAIT_SECONDS = 30.0
"""How long one apply waits for its files to be processed, all of them together."""
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 2.0

TELL_EVERY = 64 * 2**20
"""Bytes of one upload between two words of progress."""
LOOK_SECONDS = 1.0

_UNUSABLE = frozenset({FileState.FAILED, FileState.GONE})
_UNDER_WAY = frozenset({FileState.UPLOADED, FileState.PROCESSING})


class Uploads(Struct):
    """The outcome of the files of one apply, by project-relative path or, for a provider's own, by file id.

    `unready` says why a create has to wait for a file, `failed` why it cannot be sent at all.
    """

    failed: dict[str, FtopsError] = field(default_factory=dict)
    unready: dict[str, str] = field(default_factory=dict)

    def failure(self, change: Change) -> FtopsError | None:
        """Return the first failure among the files of a change."""
        return next((self.failed[use.path] for use in change.data if use.path in self.failed), None)

    def waits(self, change: Change) -> str | None:
        """Return why a change has to wait, None if its files are ready."""
        keys = [use.path or use.file_id or "" for use in change.data]
        return next((self.unready[key] for key in keys if key in self.unready), None)


def upload_all(changes: Iterable[Change], context: Context, ledger: Ledger) -> Uploads:
    """Make sure that every file these changes train on is at the provider and processed; note the ids.

    A file that a record names is looked for in the provider's list first: it may have been deleted or have
    expired, and a create with it would be refused for ever.
    """
    uploads = Uploads()
    paths: dict[str, set[str]] = {}
    ids: dict[str, set[str]] = {}
    for change in changes:
        for use in change.data:
            if use.path is not None:
                paths.setdefault(change.provider, set()).add(use.path)
            elif use.file_id is not None:
                ids.setdefault(change.provider, set()).add(use.file_id)
    for provider in sorted(paths.keys() | ids.keys()):
        place = _Place(provider, context, ledger, uploads)
        place.bring(sorted(paths.get(provider, ())), sorted(ids.get(provider, ())))
    return uploads


class _Sending:
    """One upload under way. `count` is called by its thread, `progress` by the one that waits."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self._sent = 0
        self._told = 0

    def count(self, count: int) -> None:
        """Add the bytes of a piece that was sent."""
        self._sent += count

    def progress(self) -> str | None:
        """Say how far it is, once for each large piece; None in between."""
        if self._sent // TELL_EVERY <= self._told // TELL_EVERY:
            return None
        self._told = self._sent
        return f"sent {self._sent // 10**6:,} MB of {self.dataset.bytes // 10**6:,} MB of {self.dataset.path}"


class _Place:
    """The files of one provider. `_there` is each file that is needed, as it was seen last."""

    def __init__(self, provider: str, context: Context, ledger: Ledger, uploads: Uploads) -> None:
        self._provider = provider
        self._port = context.hands.providers[provider]
        self._context = context
        self._ledger = ledger
        self._uploads = uploads
        self._there: dict[str, UploadedFile] = {}

    def bring(self, paths: list[str], file_ids: list[str]) -> None:
        """Send what is missing, wait for what is under way, and return the outcome of each."""
        datasets = {path: self._context.datasets[path] for path in paths}
        try:
            listed = self._port.list_files()
        except FtopsError as error:
            self._uploads.failed |= dict.fromkeys(datasets, error)
            return
        self._there = {file.id: file for file in listed if file.id in file_ids}
        self._send(self._known(datasets, listed))
        self._wait()
        self._judge(datasets, file_ids)

    def _known(self, datasets: Mapping[str, Dataset], listed: tuple[UploadedFile, ...]) -> dict[str, Dataset]:
        """Note which files are there already; return those that are not, by path."""
        by_id = {file.id: file for file in listed}
        file_ids = self._ledger.file_ids(self._provider)
        missing: dict[str, Dataset] = {}
        for path, dataset in datasets.items():
            recorded = by_id.get(file_ids.get(dataset.sha256, ""))
            named = [one for one in listed if self._is_of(one, dataset)]
            ours = [*([recorded] if recorded else []), *named]
            for file in ours:
                if file.state is FileState.FAILED:
                    self._ledger.upload_failed(self._provider, dataset.file_sha256, file, self._now())
            found = next((file for file in ours if file.state not in _UNUSABLE), None)
            if found is not None:
                file_ids[dataset.sha256] = found.id
                self._there[found.id] = found
                continue
            file_ids.pop(dataset.sha256, None)
            missing[path] = dataset
        return missing

    def _is_of(self, file: UploadedFile, dataset: Dataset) -> bool:
        """Return whether a file is our upload of these rows, whatever the data was called then."""
        start = uploaded_digest(file.filename, self._context.project)
        return start == dataset.sha256[:DIGEST_IN_NAME] and file.bytes == dataset.bytes

    def _send(self, missing: Mapping[str, Dataset]) -> None:
        by_content = {dataset.sha256: dataset for dataset in missing.values()}
        wanted = [one for one in by_content.values() if not self._held(one)]
        with ThreadPoolExecutor(self._context.hands.parallelism) as pool:
            futures: dict[Future[UploadedFile], _Sending] = {}
            for dataset in wanted:
                self._tell(EventKind.UPLOAD_STARTED, f"uploading {dataset.path} to {self._provider}")
                sending = _Sending(dataset)
                futures[pool.submit(self._upload, sending)] = sending
            for future in self._ended(futures):
                dataset = futures[future].dataset
                try:
                    self._sent(dataset, future.result())
                except FtopsError as error:
                    self._refused(dataset, error)
                    same = [path for path, other in missing.items() if other.sha256 == dataset.sha256]
                    self._uploads.failed |= dict.fromkeys(same, error)

    def _upload(self, sending: _Sending) -> UploadedFile:
        dataset = sending.dataset
        name = dataset.upload_name(self._context.project)
        with metered(sending.count):
            return self._port.upload_file(self._context.root / dataset.path, name, dataset.file_sha256)

    def _ended(self, futures: Mapping[Future[UploadedFile], _Sending]) -> Iterator[Future[UploadedFile]]:
        """Yield each upload when it has ended; meanwhile, say how far large ones are."""
        waiting = set(futures)
        while waiting:
            done, waiting = wait(waiting, LOOK_SECONDS, FIRST_COMPLETED)
            for future in waiting:
                if words := futures[future].progress():
                    self._tell(EventKind.UPLOADING, f"{words} to {self._provider}")
            yield from done

    def _held(self, dataset: Dataset) -> bool:
        known = self._ledger.refused_upload(self._provider, dataset.file_sha256)
        return known is not None and known.final

    def _sent(self, dataset: Dataset, file: UploadedFile) -> None:
        self._ledger.file_ids(self._provider)[dataset.sha256] = file.id
        self._there[file.id] = file
        self._tell(EventKind.UPLOAD_DONE, f"uploaded {dataset.path} as {file.id}")

    def _refused(self, dataset: Dataset, error: FtopsError) -> None:
        """Remember a refusal of the bytes themselves; 404 is about the address."""
        if isinstance(error, Rejected) and not isinstance(error, NotFound):
            text = error.failure.message or error.message
            self._ledger.upload_refused(self._provider, dataset.file_sha256, text, self._now())

    def _wait(self) -> None:
        """Read the state of what is under way until all is processed or the time is over."""
        clock, pause = self._context.hands.clock, FIRST_PAUSE_SECONDS
        ends = clock.monotonic() + LONGEST_WAIT_SECONDS
        while clock.monotonic() < ends and not self._context.hands.stopping():
            waited_for = [file for file in self._there.values() if under_way(file, self._now())]
            if not waited_for:
                return
            clock.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
            for file in waited_for:
                self._there[file.id] = self._read_again(file)

    def _read_again(self, file: UploadedFile) -> UploadedFile:
        try:
            return self._port.retrieve_file(file.id)
        except FtopsError:
            return file

    def _judge(self, datasets: Mapping[str, Dataset], file_ids: list[str]) -> None:
        """Say which files a create has to wait for. One that stays `uploaded` is left to the provider."""
        known = self._ledger.file_ids(self._provider)
        for path, dataset in datasets.items():
            file = self._there.get(known.get(dataset.sha256, ""))
            if file is not None and file.state is FileState.FAILED:
                self._ledger.upload_failed(self._provider, dataset.file_sha256, file, self._now())
            elif file is not None and file.state is FileState.READY:
                self._ledger.upload_taken(self._provider, dataset.file_sha256)
            refused = self._ledger.refused_upload(self._provider, dataset.file_sha256)
            usable = file is not None and file.state not in _UNUSABLE
            if refused is not None and refused.final and not usable:
                text = f"{self._provider} refused {path}: {refused.message}"
                self._uploads.failed.setdefault(path, FtopsError(text))
            elif file is not None and file.state in _UNUSABLE:
                text = f"{path} {file.state.value} at {self._provider}; the next run sends it again"
                self._uploads.unready[path] = text
            else:
                self._note(path, file)
        for file_id in file_ids:
            self._note(file_id, self._there.get(file_id))

    def _note(self, key: str, file: UploadedFile | None) -> None:
        if file is not None and file.state is FileState.PROCESSING:
            self._uploads.unready[key] = f"{self._provider} is still processing file {file.id}"

    def _now(self) -> float:
        return self._context.hands.clock.now()

    def _tell(self, kind: EventKind, message: str) -> None:
        self._context.hands.emit(Event(kind, self._now(), message))


def under_way(file: UploadedFile, now: float) -> bool:
    """Return whether a file may become ready by waiting.

    Some servers leave a file at `uploaded` for ever: one that has been so for long is as ready as it gets.
    """
    if file.state is FileState.UPLOADED and file.created_at is not None:
        return now - file.created_at < LONGEST_WAIT_SECONDS
    return file.state in _UNDER_WAY
