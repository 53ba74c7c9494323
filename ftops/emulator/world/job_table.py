"""The stored jobs."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from ftops.emulator.world.database import Database
from ftops.emulator.world.file_table import StoredFile, insert_file
from ftops.emulator.world.job import NEVER, Job
from ftops.emulator.world.job_rows import INSERT, SELECT, from_row, to_json, to_row
from ftops.emulator.world.lifecycle import Status, planned_end, status_at


class NotUnique(Exception):
    """Two jobs would share an id or the name of a model."""


class QuotaReached(Exception):
    """As many jobs are active as the provider allows."""

    def __init__(self, most: int, running: int, pending: int) -> None:
        super().__init__(f"{running} running, {pending} pending, {most} allowed")
        self.most = most
        self.running = running
        self.pending = pending


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which jobs of a family a list shows."""

    family: str
    limit: int = -1
    """Negative: all."""
    before: int | None = None
    """Only jobs that arrived before this one; None starts at the newest."""
    metadata: dict[str, str] | None = None
    without_metadata: bool = False
    created_real_before: float | None = None
    hidden: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Admission:
    """What a new job needs to enter the table."""

    names: Iterator[str]
    """Names for its model; it gets the first that is free, which only the table can say."""
    result: StoredFile | None = None
    """The file that is seen once the job has succeeded."""
    most_active: int | None = None
    """Refuse the job while so many of its family are active."""


@dataclass(slots=True)
class JobLoan:
    """A job on loan from the table: assign to `job` what it should become."""

    job: Job

    def delete_model(self) -> None:
        """Mark the job's model as deleted."""
        self.job = replace(self.job, model_deleted=True)


class JobTable:
    """Read and write jobs; every write is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, job: Job, admission: Admission) -> Job:
        """Store a new job; raises `QuotaReached`."""
        with self._database.write() as connection:
            if admission.most_active is not None:
                running, pending = _active(connection, job.family, job.created_at)
                if running + pending >= admission.most_active:
                    raise QuotaReached(admission.most_active, running, pending)
            name = next(name for name in admission.names if not _is_taken(connection, name))
            job = replace(job, fine_tuned_model=name, ends_at=planned_end(job))
            stored = connection.execute(INSERT, to_row(job))
            if admission.result is not None:
                insert_file(connection, admission.result)
        return replace(job, number=stored.lastrowid or 0)

    def add_many(self, jobs: Iterable[Job]) -> None:
        """Store jobs, without result files, all or none; raises `NotUnique`."""
        with self._database.write() as connection:
            try:
                connection.executemany(INSERT, map(to_row, jobs))
            except sqlite3.IntegrityError as error:
                raise NotUnique(str(error)) from error

    def earliest(self, family: str) -> float:
        """Return the emulated time at which the first job of a family was created, or `NEVER`."""
        query = "SELECT min(created_at) FROM jobs WHERE family = ?"
        with self._database.read() as connection:
            (created_at,) = connection.execute(query, (family,)).fetchone()
        return NEVER if created_at is None else float(created_at)

    def find(self, job_id: str, family: str | None = None) -> Job | None:
        """Return a job by its id, of one family or of any."""
        query = f"{SELECT} WHERE id = ? AND family = ifnull(?, family)"
        with self._database.read() as connection:
            row = connection.execute(query, (job_id, family)).fetchone()
        return None if row is None else from_row(row)

    def with_model(self, fine_tuned_model: str) -> Job | None:
        """Return the job that makes, or one day will have made, the model."""
        with self._database.read() as connection:
            row = connection.execute(f"{SELECT} WHERE fine_tuned_model = ?", (fine_tuned_model,)).fetchone()
        return None if row is None else from_row(row)

    def page(self, wanted: PageRequest) -> list[Job]:
        """Newest first."""
        conditions, values = _conditions(wanted)
        query = f"{SELECT} WHERE {' AND '.join(conditions)} ORDER BY number DESC LIMIT ?"
        with self._database.read() as connection:
            rows = connection.execute(query, (*values, wanted.limit)).fetchall()
        return [from_row(row) for row in rows]

    def with_finished_models(self, now: float) -> list[Job]:
        """Return the jobs whose models exist, oldest first."""
        query = (
            f"{SELECT} WHERE ends_at <= ? AND cancelled_at IS NULL AND failure IS NULL AND NOT model_deleted "
            "ORDER BY number"
        )
        with self._database.read() as connection:
            return [from_row(row) for row in connection.execute(query, (now,)).fetchall()]

    @contextmanager
    def change(self, job_id: str, family: str) -> Iterator[JobLoan | None]:
        """Lend a job inside a transaction; what it becomes on loan is stored. None: no such job."""
        with self._database.write() as connection:
            row = connection.execute(f"{SELECT} WHERE id = ? AND family = ?", (job_id, family)).fetchone()
            if row is None:
                yield None
                return
            loan = JobLoan(from_row(row))
            yield loan
            loan.job = replace(loan.job, ends_at=planned_end(loan.job))
            _store_change(connection, loan.job)

    def delete(self, job_id: str, family: str) -> bool:
        """Forget a job; False where there is none."""
        with self._database.write() as connection:
            query = "DELETE FROM jobs WHERE id = ? AND family = ?"
            return connection.execute(query, (job_id, family)).rowcount > 0

    def counts(self, now: float) -> dict[str, tuple[int, int]]:
        """Return how many jobs each family has, and how many of them are active."""
        query = "SELECT family, count(*), count(*) FILTER (WHERE ends_at > ?) FROM jobs GROUP BY family"
        with self._database.read() as connection:
            rows = connection.execute(query, (now,)).fetchall()
        return {family: (total, active) for family, total, active in rows}


def _store_change(connection: sqlite3.Connection, job: Job) -> None:
    connection.execute(
        "UPDATE jobs SET request = ?, pauses = ?, cancelled_at = ?, ends_at = ?, model_deleted = ? "
        "WHERE number = ?",
        (
            to_json(job.request),
            to_json(job.pauses),
            job.cancelled_at,
            job.ends_at,
            job.model_deleted,
            job.number,
        ),
    )
    result_available = job.ends_at if job.cancelled_at is None else NEVER
    connection.execute("UPDATE files SET available_at = ? WHERE job_id = ?", (result_available, job.id))


def _conditions(wanted: PageRequest) -> tuple[list[str], list[Any]]:
    conditions: list[str] = ["family = ?"]
    values: list[Any] = [wanted.family]
    for column, bound in {"number": wanted.before, "created_real": wanted.created_real_before}.items():
        if bound is not None:
            conditions.append(f"{column} < ?")
            values.append(bound)
    for pair in (wanted.metadata or {}).items():
        conditions.append("EXISTS (SELECT 1 FROM json_each(metadata) WHERE key = ? AND atom = ?)")
        values.extend(pair)
    if wanted.without_metadata:
        conditions.append("(metadata IS NULL OR metadata = '{}')")
    if wanted.hidden:
        conditions.append(f"id NOT IN ({', '.join('?' * len(wanted.hidden))})")
        values.extend(wanted.hidden)
    return conditions, values


def _is_taken(connection: sqlite3.Connection, fine_tuned_model: str) -> bool:
    query = "SELECT 1 FROM jobs WHERE fine_tuned_model = ?"
    return connection.execute(query, (fine_tuned_model,)).fetchone() is not None


def _active(connection: sqlite3.Connection, family: str, now: float) -> tuple[int, int]:
    """Return how many jobs are running, and how many wait; a paused one waits."""
    rows = connection.execute(f"{SELECT} WHERE family = ? AND ends_at > ?", (family, now)).fetchall()
    statuses = [status_at(from_row(row), now) for row in rows]
    running = statuses.count(Status.RUNNING)
    return running, len(statuses) - running
