"""The limit: the least that a no-op plan has to do, by the fastest means that PyPI has.

It stats every manifest and data file against an index, reads the state, lists the jobs, and compares
fingerprints. It has no lock, no message, no rule, and takes every answer at its word: nothing to use, only to
be measured beside. Run by the Python of an environment with msgspec; imports nothing of ftops.

    python limit.py PROJECT BASE_URL INDEX [--index KNOWN]

With --index it writes the index first, from what the world knows: that is not part of what is measured.
"""

from __future__ import annotations

import http.client
import os
import sys
from collections.abc import Iterator

import msgspec

PAGE = 100

Stamp = tuple[int, int, int, int]
"""Inode, size, and when content and inode changed."""


class Index(msgspec.Struct, array_like=True):
    """What is known of unchanged files: by path, its stamp and the fingerprints of the fine-tunes in it."""

    manifests: dict[str, tuple[Stamp, dict[str, str]]]
    data: dict[str, Stamp]


class Job(msgspec.Struct):
    """A job as the list shows it."""

    id: str
    status: str
    metadata: dict[str, str]


class Page(msgspec.Struct):
    """One page of jobs."""

    data: list[Job]
    has_more: bool


class RecordedJob(msgspec.Struct):
    """A job in the state."""

    id: str
    status: str


class Record(msgspec.Struct):
    """A fine-tune in the state."""

    fingerprint: str
    job: RecordedJob


class State(msgspec.Struct):
    """The part of a state that a no-op plan compares."""

    lineage: str
    fine_tunes: dict[str, Record]


def stamps(folder: str) -> Iterator[tuple[str, Stamp]]:
    """Yield every file below a folder with its stamp."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from stamps(entry.path)
            else:
                found = entry.stat(follow_symlinks=False)
                yield entry.path, (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def jobs(base_url: str) -> Iterator[Job]:
    """Yield every job of the list."""
    host, _, path = base_url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host)
    decoder = msgspec.json.Decoder(Page)
    after = ""
    while True:
        connection.request(
            "GET", f"/{path}/fine_tuning/jobs?limit={PAGE}{after}", headers={"Authorization": "Bearer x"}
        )
        page = decoder.decode(connection.getresponse().read())
        yield from page.data
        if not page.has_more:
            return
        after = f"&after={page.data[-1].id}"


def plan(project: str, base_url: str, index_path: str) -> dict[str, int]:
    """Compare what is declared, recorded and live; return how many are as they should be, how many not."""
    with open(index_path, "rb") as file:  # noqa: PTH123 - pathlib would be a tenth of the start
        index = msgspec.msgpack.decode(file.read(), type=Index)
    desired: dict[str, str] = {}
    for path, stamp in stamps(f"{project}/jobs"):
        known, fingerprints = index.manifests[path]
        if known != stamp:
            raise SystemExit(f"{path} has changed: the limit parses nothing")
        desired.update(fingerprints)
    if dict(stamps(f"{project}/data")) != index.data:
        raise SystemExit("data has changed: the limit reads none")
    with open(f"{project}/.ftops/state.json", "rb") as file:  # noqa: PTH123 - as above
        state = msgspec.json.decode(file.read(), type=State)
    live = {job.id: job for job in jobs(base_url)}
    counts = {"keep": 0, "other": 0}
    for name, fingerprint in desired.items():
        record = state.fine_tunes.get(name)
        job = live.get(record.job.id) if record else None
        kept = (
            record is not None
            and job is not None
            and record.fingerprint == fingerprint == job.metadata.get("ftops_fingerprint")
            and job.metadata.get("ftops_lineage") == state.lineage
            and job.status == record.job.status
        )
        counts["keep" if kept else "other"] += 1
    return counts


def write_index(project: str, known_path: str, index_path: str) -> None:
    """Write the index of a project from what its world knows of each manifest."""
    with open(known_path, "rb") as file:  # noqa: PTH123 - as above
        known = msgspec.json.decode(file.read(), type=dict[str, dict[str, str]])
    manifests = {
        path: (stamp, known[os.path.relpath(path, project)]) for path, stamp in stamps(f"{project}/jobs")
    }
    index = Index(manifests, dict(stamps(f"{project}/data")))
    with open(index_path, "wb") as file:  # noqa: PTH123 - as above
        file.write(msgspec.msgpack.encode(index))


def main() -> None:
    """Plan, or write the index."""
    project, base_url, index_path, *rest = sys.argv[1:]
    if rest:
        write_index(project, rest[1], index_path)
        return
    counts = plan(project, base_url, index_path)
    sys.stdout.write(f"{counts['keep']} unchanged, {counts['other']} otherwise\n")
    sys.exit(2 if counts["other"] else 0)


if __name__ == "__main__":
    main()
