"""Bring pinned data stored elsewhere into the project's cache: once, checked by its pin, in flat memory.

What cannot be brought holds the fine-tunes that train on it, like a broken file, and nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from ftops.errors import FtopsError
from ftops.files.data_cache import DataCache, Part
from ftops.model.event import Event, EventKind
from ftops.model.remote import Remote
from ftops.transport.incoming import Body, Unfinished
from ftops.transport.secret import Vault

if TYPE_CHECKING:
    from ftops.datasets.sources import Source, Sources

MOST_BYTES = 10 * 2**30
"""Of one file. More than any provider takes in one upload that ftops makes."""

MOST_TRIES = 6
"""Of one file in one run: each goes on where the last one broke, and two that bring nothing end it."""

TELL_EVERY = 64 * 2**20
"""Bytes between two words of progress."""

_MEGABYTE = 1_000_000


def unheard(_: Event) -> None:
    """Listen to nothing."""


class Fetcher:
    """Brings data for one run. `emit` hears of what is fetched, from the thread that asks."""

    def __init__(
        self,
        environ: Mapping[str, str],
        vault: Vault,
        emit: Callable[[Event], None] = unheard,
        *,
        pause: Callable[[float], None] = time.sleep,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._environ = environ
        self._vault = vault
        self._emit = emit
        self._pause = pause
        self._most_bytes = most_bytes

    def bring(self, root: Path, wanted: Iterable[Remote], used: Iterable[Remote]) -> dict[Remote, FtopsError]:
        """Fetch what is `wanted`; return why something could not be. The copies of what is `used` stay."""
        # The network takes longer to load than a plan takes that fetches nothing.
        from ftops.datasets.sources import Sources

        failed: dict[Remote, FtopsError] = {}
        cache, sources = DataCache(root), Sources(self._environ, self._vault)
        try:
            for remote in wanted:
                try:
                    self._bring(remote, cache, sources)
                except FtopsError as error:
                    failed[remote] = error
                except OSError as error:
                    why = error.strerror or str(error)
                    failed[remote] = FtopsError(f"its copy cannot be written: {why}", hint="check the disk")
        finally:
            sources.close()
        cache.drop_unused({one.folder for one in used})
        return failed

    def look(self, wanted: Iterable[Remote]) -> dict[Remote, FtopsError]:
        """Ask for the beginning of each file and keep nothing; return what cannot be read, and why."""
        from ftops.datasets.sources import Sources

        failed: dict[Remote, FtopsError] = {}
        sources = Sources(self._environ, self._vault)
        with closing(sources):
            for remote in wanted:
                try:
                    sources.of(remote).read(remote, 0).close()
                except FtopsError as error:
                    failed[remote] = error
        return failed

    def _bring(self, remote: Remote, cache: DataCache, sources: Sources) -> None:
        source = sources.of(remote)
        with cache.part(remote) as part:
            if part is None:
                return
            self._tell(EventKind.FETCH_STARTED, f"fetching {remote.url}")
            resumed = part.size > 0
            wrong = self._whole(remote, part, source)
            if wrong is not None and resumed:
                # What an earlier run left may be of another try, or of another file.
                part.restart()
                wrong = self._whole(remote, part, source)
            if wrong is not None:
                part.restart()
                raise wrong
            cache.keep(remote, part)
            self._tell(EventKind.FETCH_DONE, f"fetched {remote.url} ({_megabytes(part.size)})")

    def _whole(self, remote: Remote, part: Part, source: Source) -> FtopsError | None:
        """Fetch to the end; return what is wrong with the bytes. Raises Unfinished and FtopsError."""
        fruitless = 0
        for attempt in count(1):
            before = part.size
            try:
                body = source.read(remote, part.size)
                with closing(body):
                    self._receive(remote, part, body)
                return _compared(remote, part, source.told_digest(body))
            except Unfinished:
                fruitless = 0 if part.size > before else fruitless + 1
                if fruitless > 1 or attempt == MOST_TRIES:
                    raise
            self._pause(float(fruitless))
        return None

    def _receive(self, remote: Remote, part: Part, body: Body) -> None:
        if body.start != part.size:
            part.restart()
        if body.total is not None and body.total > self._most_bytes:
            raise self._too_large()
        try:
            for piece in body.pieces:
                before = part.size // TELL_EVERY
                part.add(piece)
                if part.size > self._most_bytes:
                    raise self._too_large()
                if part.size // TELL_EVERY > before:
                    self._tell(EventKind.FETCHING, _progress(remote, part.size, body.total))
            if body.total is not None and part.size != body.total:
                raise Unfinished(f"{remote.url} ended too soon", hint="run ftops again: it resumes there")
        except Unfinished:
            if not body.resumable:
                part.restart()
            raise

    def _too_large(self) -> FtopsError:
        return FtopsError(
            f"it is larger than {_megabytes(self._most_bytes)}", hint="split it, or train on less"
        )

    def _tell(self, kind: EventKind, message: str) -> None:
        self._emit(Event(kind, time.time(), message))


def _compared(remote: Remote, part: Part, told: str | None) -> FtopsError | None:
    found = part.digest.hexdigest()
    if remote.sha256 is not None and found != remote.sha256:
        return FtopsError(
            f"its content does not match the pin: its sha256 is {found}, the pin is {remote.sha256}",
            hint="restore the file, or review its new content and pin that",
        )
    if told is not None and found != told:
        return FtopsError(
            f"it arrived damaged: its sha256 is {found}, but its server announced {told}",
            hint="run ftops again",
        )
    return None


def _progress(remote: Remote, size: int, total: int | None) -> str:
    of = f" of {_megabytes(total)}" if total is not None else ""
    return f"fetched {_megabytes(size)}{of} of {remote.url}"


def _megabytes(count: int) -> str:
    return f"{count / _MEGABYTE:,.1f} MB" if count < 100 * _MEGABYTE else f"{count // _MEGABYTE:,} MB"
