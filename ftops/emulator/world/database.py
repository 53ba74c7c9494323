"""SQLite: one file, many threads, many processes. The only door to sqlite3."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SCHEMA_VERSION = 1
LOCK_TIMEOUT_SECONDS = 30.0

SCHEMA = """
CREATE TABLE IF NOT EXISTS clock (
  id INTEGER PRIMARY KEY CHECK (id = 1), emulated REAL NOT NULL, real REAL NOT NULL, speed REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS files (
  number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, filename TEXT NOT NULL,
  purpose TEXT NOT NULL,
  bytes INTEGER NOT NULL, available_at REAL NOT NULL, expires_at REAL,
  job_id TEXT, deleted INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS files_by_job ON files (job_id);
CREATE TABLE IF NOT EXISTS jobs (
  number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, family TEXT NOT NULL,
  created_at REAL NOT NULL, created_real REAL NOT NULL, model TEXT NOT NULL,
  fine_tuned_model TEXT NOT NULL UNIQUE, training_file TEXT NOT NULL, validation_file TEXT, suffix TEXT,
  method TEXT NOT NULL, request TEXT NOT NULL,
  metadata TEXT, run TEXT NOT NULL, failure TEXT, pauses TEXT NOT NULL, cancelled_at REAL,
  ends_at REAL NOT NULL, model_deleted INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS jobs_by_family ON jobs (family, number);
CREATE INDEX IF NOT EXISTS jobs_by_end ON jobs (family, ends_at);
CREATE TABLE IF NOT EXISTS faults (
  number INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, operation TEXT NOT NULL,
  skip INTEGER NOT NULL, times INTEGER, parameters TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS requests_received (
  operation TEXT NOT NULL, family TEXT NOT NULL, requests INTEGER NOT NULL, PRIMARY KEY (operation, family)
);
"""


class Database:
    """A pool of connections to one file; `close` must come after the last use."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._idle: list[sqlite3.Connection] = []
        self._guard = threading.Lock()
        with self.write() as connection:
            self._create(connection)

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection for statements that change nothing."""
        connection = self._take()
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        with self._guard:
            self._idle.append(connection)

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection inside a transaction that no other writer can interleave with."""
        with self.read() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def close(self) -> None:
        """Close every idle connection; the last one of all processes folds the WAL into the file."""
        with self._guard:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _take(self) -> sqlite3.Connection:
        with self._guard:
            if self._idle:
                return self._idle.pop()
        connection = sqlite3.connect(
            self._path, timeout=LOCK_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            # The schema may be a stranger's: it comes with the branch of a pull request.
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
        except BaseException:
            connection.close()
            raise
        return connection

    @staticmethod
    def _create(connection: sqlite3.Connection) -> None:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA_VERSION:
            raise sqlite3.DatabaseError(
                f"made by a newer emulator (schema {version}, known {SCHEMA_VERSION})"
            )
        for statement in SCHEMA.split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
