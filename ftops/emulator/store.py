"""What the emulator remembers: clock, files, jobs, faults, in one SQLite database."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

SCHEMA = """
CREATE TABLE IF NOT EXISTS clock (
  one INTEGER PRIMARY KEY CHECK (one = 1), real REAL NOT NULL, emulated REAL NOT NULL, speed REAL NOT NULL);
CREATE TABLE IF NOT EXISTS files (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, filename TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  purpose TEXT NOT NULL, created_at REAL NOT NULL, expires_at REAL, deleted INTEGER NOT NULL DEFAULT 0,
  examples INTEGER NOT NULL DEFAULT 0, form TEXT, problem TEXT);
CREATE TABLE IF NOT EXISTS jobs (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, family TEXT NOT NULL, request BLOB NOT NULL,
  created_at REAL NOT NULL, real_created REAL NOT NULL, waits REAL NOT NULL, queues REAL NOT NULL,
  trains REAL NOT NULL, examples INTEGER NOT NULL, epochs INTEGER NOT NULL, tokens INTEGER NOT NULL,
  problem TEXT, cancelled_at REAL, paused_at REAL, paused_for REAL NOT NULL DEFAULT 0,
  hidden INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS jobs_by_family ON jobs (family, seq);
CREATE TABLE IF NOT EXISTS deleted_models (id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS faults (
  id INTEGER PRIMARY KEY AUTOINCREMENT, operation TEXT NOT NULL, kind TEXT NOT NULL, times INTEGER NOT NULL,
  skip INTEGER NOT NULL, options BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS requests (operation TEXT PRIMARY KEY, count INTEGER NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class StoredJob:
    """A job as it was asked for, with the lengths of its phases (emulated seconds).

    What it is doing follows from these and the clock; nothing has to run for time to pass.
    """

    seq: int
    id: str
    family: str
    request: dict[str, Any]
    created_at: float
    waits: float
    queues: float
    trains: float
    examples: int
    epochs: int
    tokens: int
    problem: str | None
    cancelled_at: float | None
    paused_at: float | None
    paused_for: float


@dataclass(frozen=True, slots=True)
class StoredFile:
    """An uploaded file and what was found in it. `problem` names the first bad line."""

    id: str
    filename: str
    bytes: int
    purpose: str
    created_at: float
    expires_at: float | None
    deleted: bool
    examples: int
    form: str | None
    problem: str | None


_JOB_COLUMNS = (
    "seq, id, family, request, created_at, waits, queues, trains, examples, epochs, tokens, problem, "
    "cancelled_at, paused_at, paused_for"
)
_FILE_COLUMNS = "id, filename, bytes, purpose, created_at, expires_at, deleted, examples, form, problem"


Where = tuple[str, tuple[Any, ...]]
"""A clause of SQL, starting with AND, and its values."""


class Store:
    """The database. A connection a call, so that threads and processes share nothing but the file."""

    def __init__(self, database: Path, speed: float, clock: Callable[[], float]) -> None:
        database.parent.mkdir(parents=True, exist_ok=True)
        self._database = database
        self._clock = clock
        self._write_lock = threading.Lock()
        self.files_folder = database.with_name(database.name + ".files")
        self.files_folder.mkdir(exist_ok=True)
        with self.connection() as db:
            db.execute("PRAGMA journal_mode=WAL")
            db.executescript(SCHEMA)
        with self.writing() as db:
            now = clock()
            db.execute("INSERT OR IGNORE INTO clock VALUES (1, ?, ?, ?)", (now, now, speed))
            emulated = self._emulated(db)
            db.execute("UPDATE clock SET real = ?, emulated = ?, speed = ?", (now, emulated, speed))

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """Open a connection that sees only whole transactions."""
        db = sqlite3.connect(self._database, timeout=30, isolation_level=None)
        try:
            yield db
        finally:
            db.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Open a transaction; all of it happens, or nothing."""
        with self._write_lock, self.connection() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

    def now(self) -> float:
        """Give the emulated time (Unix seconds, running `speed` times as fast as the real one)."""
        with self.connection() as db:
            return self._emulated(db)

    def advance(self, seconds: float) -> None:
        """Move the emulated clock forward."""
        with self.writing() as db:
            db.execute("UPDATE clock SET emulated = emulated + ?", (max(0.0, seconds),))

    def real_now(self) -> float:
        """Give the real time."""
        return self._clock()

    def add_job(self, job: dict[str, Any]) -> None:
        """Store a job; keys are column names."""
        with self.writing() as db:
            self.add_jobs(db, [job])

    def add_jobs(self, db: sqlite3.Connection, jobs: list[dict[str, Any]]) -> None:
        """Store many jobs in one transaction."""
        db.executemany(
            "INSERT INTO jobs (id, family, request, created_at, real_created, waits, queues, trains,"
            " examples, epochs, tokens, problem)"
            " VALUES (:id, :family, :request, :created_at, :real_created, :waits,"
            " :queues, :trains, :examples, :epochs, :tokens, :problem)",
            [{**job, "request": orjson.dumps(job["request"]), "real_created": self._clock()} for job in jobs],
        )

    def job(self, family: str, job_id: str) -> StoredJob | None:
        """Find a job."""
        found = self._jobs("family = ? AND id = ? AND hidden = 0", (family, job_id), "seq")
        return found[0] if found else None

    def jobs(self, family: str, *, newer_than_real: float | None = None) -> list[StoredJob]:
        """Give a family's jobs, oldest first; with a bound, only those older than it (a lagging list)."""
        bound = newer_than_real if newer_than_real is not None else float("inf")
        return self._jobs("family = ? AND hidden = 0 AND real_created <= ?", (family, bound), "seq")

    def page(
        self,
        family: str,
        after: str | None,
        limit: int,
        where: Where,
        older_than: float,
    ) -> list[StoredJob]:
        """Give one page of jobs, newest first, past the job `after`."""
        clause, values = where
        arguments: tuple[Any, ...] = (family, older_than, *values)
        if after is not None:
            clause += " AND seq < COALESCE((SELECT seq FROM jobs WHERE id = ?), 0)"
            arguments = (*arguments, after)
        condition = f"family = ? AND hidden = 0 AND real_created <= ?{clause}"
        return self._jobs(condition, arguments, f"seq DESC LIMIT {int(limit)}")

    def update_job(self, job_id: str, column: str, value: float | None) -> None:
        """Set one of a job's times."""
        if column not in ("cancelled_at", "paused_at", "paused_for", "hidden"):
            raise ValueError(column)
        with self.writing() as db:
            query = f"UPDATE jobs SET {column} = ? WHERE id = ?"  # noqa: S608 -- checked above
            db.execute(query, (value, job_id))

    def count_jobs(self) -> dict[str, int]:
        """Count the jobs of each family, hidden ones too."""
        with self.connection() as db:
            return dict(db.execute("SELECT family, COUNT(*) FROM jobs GROUP BY family").fetchall())

    def add_file(self, file: StoredFile) -> None:
        """Store a file's description."""
        with self.writing() as db:
            db.execute(
                f"INSERT INTO files ({_FILE_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?)",  # noqa: S608 -- constant
                tuple(getattr(file, name) for name in _FILE_COLUMNS.split(", ")),
            )

    def file(self, file_id: str) -> StoredFile | None:
        """Find a file, deleted ones too."""
        found = self._files("id = ?", (file_id,))
        return found[0] if found else None

    def files(self) -> list[StoredFile]:
        """Give the files that are there, oldest first."""
        return self._files("deleted = 0", ())

    def delete_file(self, file_id: str) -> None:
        """Mark a file as deleted; jobs go on showing it so."""
        with self.writing() as db:
            db.execute("UPDATE files SET deleted = 1 WHERE id = ?", (file_id,))

    def delete_model(self, model: str) -> None:
        """Delete a model; its job stays."""
        with self.writing() as db:
            db.execute("INSERT OR IGNORE INTO deleted_models VALUES (?)", (model,))

    def deleted_models(self) -> set[str]:
        """Give the models that were deleted."""
        with self.connection() as db:
            return {row[0] for row in db.execute("SELECT id FROM deleted_models")}

    def _emulated(self, db: sqlite3.Connection) -> float:
        real, emulated, speed = db.execute("SELECT real, emulated, speed FROM clock").fetchone()
        return float(emulated + max(0.0, self._clock() - real) * speed)

    def _jobs(self, where: str, arguments: tuple[Any, ...], order: str) -> list[StoredJob]:
        query = f"SELECT {_JOB_COLUMNS} FROM jobs WHERE {where} ORDER BY {order}"  # noqa: S608 -- ours
        with self.connection() as db:
            rows = db.execute(query, arguments).fetchall()
        return [_job(row) for row in rows]

    def _files(self, where: str, arguments: tuple[Any, ...]) -> list[StoredFile]:
        query = f"SELECT {_FILE_COLUMNS} FROM files WHERE {where} ORDER BY seq"  # noqa: S608 -- ours
        with self.connection() as db:
            rows = db.execute(query, arguments).fetchall()
        return [_file(row) for row in rows]


def _job(row: tuple[Any, ...]) -> StoredJob:
    values = [*row[:3], orjson.loads(row[3]), *row[4:]]
    return StoredJob(*values)


def _file(row: tuple[Any, ...]) -> StoredFile:
    values = [*row[:6], bool(row[6]), *row[7:]]
    return StoredFile(*values)
