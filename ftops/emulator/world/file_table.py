"""The stored files: rows in the database, contents in a folder next to it."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import orjson

from ftops.emulator.world.database import Database
from ftops.emulator.world.identifiers import is_plain

SELECT = "SELECT id, filename, purpose, bytes, available_at, expires_at, job_id, deleted, number FROM files"
VISIBLE = "NOT deleted AND available_at <= ? AND (expires_at IS NULL OR expires_at > ?)"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file as the provider knows it."""

    id: str
    filename: str
    purpose: str
    bytes: int
    available_at: float
    """When it was uploaded. A result file's is the planned end of its job: stored before, seen after."""
    expires_at: float | None = None
    job_id: str | None = None
    """The job whose result this is; such a file's content is computed, not stored."""
    deleted: bool = False
    number: int = 0

    def visible(self, now: float) -> bool:
        """Say whether the API still, or already, shows it."""
        expired = self.expires_at is not None and self.expires_at <= now
        return not self.deleted and self.available_at <= now and not expired


class FileTable:
    """Read and write files."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def content_path(self, file_id: str) -> Path:
        """Return where the content of an uploaded file is."""
        return self._folder / file_id

    def _is_ours(self, file_id: str) -> bool:
        """Say whether it leads to a file of our folder; a stranger's row or link could lead anywhere."""
        return is_plain(file_id) and not self.content_path(file_id).is_symlink()

    def add(self, file: StoredFile, content: Path) -> None:
        """Take over an uploaded content and store its file."""
        content.replace(self.content_path(file.id))
        with self._database.write() as connection:
            insert_file(connection, file)

    def fill(self, file_id: str, content: Path) -> None:
        """Take over the content of a file that was made without any."""
        content.replace(self.content_path(file_id))

    def find(self, file_id: str) -> StoredFile | None:
        """Return a file by its id, visible or not: jobs still embed deleted ones."""
        return self.find_many([file_id]).get(file_id)

    def find_many(self, file_ids: Iterable[str]) -> dict[str, StoredFile]:
        """Return the files that exist, by id."""
        wanted = "id IN (SELECT value FROM json_each(?))"
        with self._database.read() as connection:
            rows = connection.execute(f"{SELECT} WHERE {wanted}", (_json_array(file_ids),)).fetchall()
        return {row[0]: StoredFile(*row) for row in rows if self._is_ours(row[0])}

    def results_of(self, job_ids: Iterable[str]) -> dict[str, StoredFile]:
        """Return the result files, visible or not, by job id."""
        wanted = "job_id IN (SELECT value FROM json_each(?))"
        with self._database.read() as connection:
            rows = connection.execute(f"{SELECT} WHERE {wanted}", (_json_array(job_ids),)).fetchall()
        return {row[6]: StoredFile(*row) for row in rows}

    def visible(self, now: float, *, purpose: str | None = None, ascending: bool = False) -> list[StoredFile]:
        """Return the files that the API shows, newest first unless `ascending`."""
        query = f"{SELECT} WHERE {VISIBLE} AND (? IS NULL OR purpose = ?) ORDER BY available_at, number"
        with self._database.read() as connection:
            rows = connection.execute(query, (now, now, purpose, purpose)).fetchall()
        files = [StoredFile(*row) for row in rows]
        return files if ascending else files[::-1]

    def delete(self, file_id: str) -> None:
        """Forget the content and keep the row, which jobs embed as deleted."""
        with self._database.write() as connection:
            connection.execute("UPDATE files SET deleted = 1 WHERE id = ?", (file_id,))
        self.content_path(file_id).unlink(missing_ok=True)

    def discard_expired(self, now: float) -> None:
        """Free the disk of files past their expiry."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT id FROM files WHERE expires_at <= ?", (now,)).fetchall()
        for (file_id,) in rows:
            if self._is_ours(file_id):
                self.content_path(file_id).unlink(missing_ok=True)


def insert_file(connection: sqlite3.Connection, file: StoredFile) -> None:
    """Store a row inside the caller's transaction."""
    connection.execute(
        "INSERT INTO files (id, filename, purpose, bytes, available_at, expires_at, job_id) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (file.id, file.filename, file.purpose, file.bytes, file.available_at, file.expires_at, file.job_id),
    )


def _json_array(texts: Iterable[str]) -> str:
    return orjson.dumps(list(texts)).decode()
