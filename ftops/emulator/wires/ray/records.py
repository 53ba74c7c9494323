"""What the cluster knows, in the database: jobs, their processes, and what lies on the disks of nodes."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

import msgspec

from ftops.emulator.wires.ray.plans import Plan
from ftops.emulator.wires.ray.runs import Run
from ftops.emulator.world.database import Database

SCHEMA = (
    """CREATE TABLE IF NOT EXISTS ray_records (
      kind TEXT NOT NULL, key TEXT NOT NULL, due REAL, value BLOB NOT NULL, PRIMARY KEY (kind, key)
    )""",
    "CREATE INDEX IF NOT EXISTS ray_records_by_due ON ray_records (kind, due)",
)
CLUSTER = "the cluster"

_T = TypeVar("_T")


class Phase(StrEnum):
    """Where a job is; Ray shows less."""

    WAITING = "waiting"
    """For resources."""
    STARTING = "starting"
    RUNNING = "running"
    STALE = "stale"
    """Its process went with the head, and the head that came back has not noticed."""
    STUCK = "stuck"
    """A record without a log file, which never starts."""
    OVER = "over"


@dataclass(slots=True, kw_only=True)
class Cluster:
    """The head, and what its nodes have."""

    session: str = ""
    restarts: int = 0
    ray_version: str = "2.60.0"
    num_cpus: float = 16
    num_gpus: float = 4
    memory: float = 64e9
    """Bytes."""
    resources: dict[str, float] = field(default_factory=dict)
    """By name, of one's own."""
    stop_meets_start: str = "STOPPED"
    """How a job ends that was stopped while it waited, once it starts: STOPPED or FAILED."""
    records: int = 0
    """Jobs, drivers and processes so far."""


@dataclass(slots=True, kw_only=True)
class RayJob:
    """A submitted job, or a driver that somebody ran."""

    id: str
    number: int
    body: dict[str, Any]
    plan: Plan
    created_at: float
    created_real: float
    phase: Phase
    due: float | None
    """When something happens to it by itself; None: nothing does any more."""
    status: str = "PENDING"
    message: str | None = None
    error_type: str | None = None
    exit_code: int | None = None
    began_at: float | None = None
    ended_at: float | None = None
    stopped_at: float | None = None
    run: int | None = None
    doom: tuple[str, str] | None = None
    """Type and message of the error with which it will not start."""

    @property
    def is_driver(self) -> bool:
        """Say whether nobody submitted it."""
        return self.body.get("type") == "DRIVER"


@dataclass(slots=True, kw_only=True)
class Output:
    """A folder that trainers write into. It outlives sessions, as disks do."""

    path: str
    document: str = ""
    """The job document that came first, as text: the folder is that job's alone."""
    jobs: list[str] = field(default_factory=list)
    """Ids of the jobs whose processes came here, one for each start."""
    trainings: int = 0
    """Starts that trained."""
    steps: int = 0
    """Optimiser steps, of all trainings that are over."""
    total_steps: int = 0
    results: int = 0
    events: int = 0
    checkpoint: int = 0
    """Step from which another start goes on."""
    base_model: str | None = None
    running: int | None = None
    """Number of the process that holds the lock."""
    result: dict[str, Any] | None = None


@dataclass(slots=True, kw_only=True)
class Package:
    """What is known of a package besides its bytes."""

    name: str
    until: float | None = None
    """It is kept so long for whoever has asked for it."""
    dropped: bool = False


class Records:
    """The records, within one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def cluster(self) -> Cluster:
        """Return the cluster."""
        return self._get("cluster", CLUSTER, Cluster) or Cluster()

    def keep_cluster(self, cluster: Cluster) -> None:
        """Store the cluster."""
        self._put("cluster", CLUSTER, cluster, None)

    def number(self) -> int:
        """Return a number that no record had before."""
        cluster = self.cluster()
        cluster.records += 1
        self.keep_cluster(cluster)
        return cluster.records

    def job(self, job_id: str) -> RayJob | None:
        """Return a job by its id."""
        return self._get("job", job_id, RayJob)

    def jobs(self, *, active: bool = False) -> list[RayJob]:
        """Return all jobs, or those to which something can happen, in order of arrival."""
        return sorted(self._all("job", RayJob, active=active), key=lambda job: job.number)

    def keep_job(self, job: RayJob) -> None:
        """Store a job."""
        self._put("job", job.id, job, job.due)

    def forget_job(self, job_id: str) -> None:
        """Delete a job's record."""
        self._connection.execute("DELETE FROM ray_records WHERE kind = 'job' AND key = ?", (job_id,))

    def forget_jobs(self) -> None:
        """Lose the head's memory."""
        self._connection.execute("DELETE FROM ray_records WHERE kind IN ('job', 'package')")

    def package(self, name: str) -> Package:
        """Return what is known of a package."""
        return self._get("package", name, Package) or Package(name=name)

    def keep_package(self, package: Package) -> None:
        """Store what is known of a package."""
        self._put("package", package.name, package, package.until)

    def has_due(self, time: float) -> bool:
        """Say whether a job is due at exactly this time: those that wait for resources share one."""
        query = "SELECT 1 FROM ray_records WHERE kind = 'job' AND due = ? LIMIT 1"
        return self._connection.execute(query, (time,)).fetchone() is not None

    def is_used(self, package: str) -> bool:
        """Say whether a job that is not over names a package; jobs are searched as text, for speed."""
        query = "SELECT 1 FROM ray_records WHERE kind = 'job' AND due IS NOT NULL AND instr(value, ?) LIMIT 1"
        return self._connection.execute(query, (f"gcs://{package}".encode(),)).fetchone() is not None

    def take_dropped(self) -> list[str]:
        """Return the packages that were dropped since the last time."""
        names = [package.name for package in self._all("package", Package) if package.dropped]
        for name in names:
            self._connection.execute("DELETE FROM ray_records WHERE kind = 'package' AND key = ?", (name,))
        return names

    def run(self, number: int) -> Run:
        """Return a process."""
        found = self._get("run", str(number), Run)
        if found is None:
            raise KeyError(number)
        return found

    def orphans(self) -> list[Run]:
        """Return the processes that live on without a record of their job."""
        return self._all("run", Run, active=True)

    def keep_run(self, run: Run, *, orphan: bool = False) -> None:
        """Store a process; an orphan ends by itself, any other with its job."""
        self._put("run", str(run.number), run, run.ends_at if orphan else None)

    def output(self, path: str) -> Output:
        """Return a folder of the nodes, empty where nothing was written yet."""
        return self._get("output", path, Output) or Output(path=path)

    def outputs(self) -> list[Output]:
        """Return all folders, by their names."""
        return sorted(self._all("output", Output), key=lambda output: output.path)

    def keep_output(self, output: Output) -> None:
        """Store a folder."""
        self._put("output", output.path, output, None)

    def next_due(self, now: float) -> tuple[str, str] | None:
        """Return kind and key of what happens next by a time."""
        query = (
            "SELECT kind, key FROM ray_records WHERE kind IN ('job', 'run', 'package') AND due <= ? "
            "ORDER BY due, kind, key LIMIT 1"
        )
        found: tuple[str, str] | None = self._connection.execute(query, (now,)).fetchone()
        return found

    def _get(self, kind: str, key: str, kept: type[_T]) -> _T | None:
        query = "SELECT value FROM ray_records WHERE kind = ? AND key = ?"
        row = self._connection.execute(query, (kind, key)).fetchone()
        return None if row is None else msgspec.json.decode(row[0], type=kept)

    def _all(self, kind: str, kept: type[_T], *, active: bool = False) -> list[_T]:
        query = "SELECT value FROM ray_records WHERE kind = ? AND (due IS NOT NULL OR NOT ?)"
        rows = self._connection.execute(query, (kind, active)).fetchall()
        return [msgspec.json.decode(value, type=kept) for (value,) in rows]

    def _put(self, kind: str, key: str, value: object, due: float | None) -> None:
        row = (kind, key, due, msgspec.json.encode(value))
        self._connection.execute("REPLACE INTO ray_records VALUES (?, ?, ?, ?)", row)


class RecordTable:
    """The door to the records."""

    def __init__(self, database: Database) -> None:
        self._database = database
        with database.write() as connection:
            for statement in SCHEMA:
                connection.execute(statement)

    @contextmanager
    def read(self) -> Iterator[Records]:
        """Lend the records to look at."""
        with self._database.read() as connection:
            yield Records(connection)

    @contextmanager
    def write(self) -> Iterator[Records]:
        """Lend the records to change, all or nothing."""
        with self._database.write() as connection:
            yield Records(connection)
