"""What the provider holds: jobs and files, already encoded, and the pages that they are listed in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from benchmarks.provider.shapes import encoded, file_object, job_object, queued

USUAL_LIMIT = 20
PAGE_LIMIT = 100
"""The page size that ftops asks for: these pages are encoded before the first request comes."""

_FILENAME = re.compile(rb'filename="([^"]*)"')


class Account:
    """Jobs and files of one account, oldest first inside, newest first in lists."""

    def __init__(self, jobs: Iterable[bytes] = (), files: Iterable[bytes] = ()) -> None:
        self._jobs = list(jobs)
        self._files = list(files)
        self._given = len(self._jobs), len(self._files)
        self._places = {_id_of(job): place for place, job in enumerate(self._jobs)}
        self._pages: dict[tuple[str | None, int], bytes] = {}
        after: str | None = None
        while (page := json.loads(self.page(after, PAGE_LIMIT)))["has_more"]:
            after = page["last_id"]

    def page(self, after: str | None, limit: int) -> bytes:
        """Return one page of jobs. Raises KeyError for a cursor that is no job."""
        known = self._pages.get((after, limit))
        if known is None:
            end = len(self._jobs) if after is None else self._places[after]
            start = max(0, end - limit)
            known = _listed(self._jobs[start:end][::-1], more=start > 0)
            self._pages[after, limit] = known
        return known

    def job(self, job_id: str) -> bytes:
        """Return one job. Raises KeyError."""
        return self._jobs[self._places[job_id]]

    def create(self, order: dict[str, Any]) -> bytes:
        """Make a job, which will be found succeeded; return it as it is now."""
        number = len(self._jobs)
        job = job_object(number, order)
        self._jobs.append(encoded(job))
        self._places[job["id"]] = number
        self._pages.clear()
        return encoded(queued(job))

    def upload(self, form: bytes) -> bytes:
        """Take a file out of a form; only its name and size are kept. Raises ValueError without one."""
        name = _FILENAME.search(form)
        if name is None:
            raise ValueError("a form without a file")
        start = form.index(b"\r\n\r\n", name.end()) + 4
        boundary = form[: form.index(b"\r\n")]
        file = encoded(
            file_object(len(self._files), name[1].decode(), form.index(b"\r\n" + boundary, start) - start)
        )
        self._files.append(file)
        return file

    def file(self, file_id: str) -> bytes:
        """Return one file. Raises KeyError."""
        return {_id_of(file): file for file in self._files}[file_id]

    def files(self) -> bytes:
        """Return all files in one page."""
        return _listed(self._files[::-1], more=False)

    def reset(self) -> None:
        """Forget everything that was created or uploaded."""
        jobs, files = self._given
        for job in self._jobs[jobs:]:
            del self._places[_id_of(job)]
        del self._jobs[jobs:], self._files[files:]
        self._pages.clear()


def _listed(items: list[bytes], *, more: bool) -> bytes:
    ids = (_id_of(items[0]), _id_of(items[-1])) if items else (None, None)
    tail = {"has_more": more, "first_id": ids[0], "last_id": ids[1]}
    return b'{"object":"list","data":[' + b",".join(items) + b"]," + encoded(tail)[1:]


def _id_of(item: bytes) -> str:
    """Read the id without decoding the rest: it stands near the beginning of what `shapes` encodes."""
    start = item.index(b'"id":"') + 6
    return item[start : item.index(b'"', start)].decode()
