"""States in a PostgreSQL database: one row per project, a write in one transaction, a lock of one session."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import errors

from ftops.errors import StateConflict, StateError, StateUncertain
from ftops.state.backend import Holder, Lease, Opening, Stored
from ftops.state.backends.postgres_address import address_of
from ftops.state.backends.postgres_connection import Connect, Connection, Link, connect, failure
from ftops.state.backends.postgres_lease import GRANTED, LockSession, PostgresLease, Terms, lease_of
from ftops.state.backends.postgres_tables import Tables
from ftops.state.backends.waiting import Patience
from ftops.state.clocks import Clocks
from ftops.state.features import Earlier
from ftops.state.holder import holder_of, lock_held

_REMEMBER = """
INSERT INTO ftops_state_history (project, version, data, written_at)
SELECT project, version, data, written_at FROM ftops_state WHERE project = %s AND version::text = %s
ON CONFLICT DO NOTHING
"""

_FORGET = """
DELETE FROM ftops_state_history WHERE project = %(project)s AND version < (
    SELECT min(version) FROM (SELECT version FROM ftops_state_history WHERE project = %(project)s
    ORDER BY version DESC LIMIT %(kept)s) AS newest)
"""

_HOLDER = f"""
SELECT l.pid, a.backend_start,
    CASE WHEN a.backend_start IS NULL OR a.backend_start = w.backend_start THEN w.words END
FROM (SELECT pid FROM pg_locks WHERE {GRANTED}) AS l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
LEFT JOIN ftops_state_lock w ON w.project = %(project)s AND w.backend_pid = l.pid
"""  # noqa: S608 - a constant
"""The start distinguishes sessions with the same number; a role without rights does not see it."""


class PostgresBackend:
    """One project's row. Threads may share it; a run that ends without closing leaves nothing to clean up."""

    def __init__(
        self,
        opening: Opening,
        *,
        connect: Connect = connect,
        patience: Patience = Patience(pause=0.2),  # noqa: B008 - frozen
        clocks: Clocks = Clocks(),  # noqa: B008 - frozen
    ) -> None:
        self._address = address_of(opening)
        self._project = opening.project
        self._kept = opening.history
        self._terms = Terms(opening.project, self._address.location, opening.lease, clocks)
        self._connect = connect
        self._patience = patience
        self._link = Link(self._address, connect)
        self._tables = Tables(self._address.location)
        self._remember = True
        weakref.finalize(self, self._link.close)

    @property
    def location(self) -> str:
        """Host, port, database and project; no user, no password."""
        return self._address.location

    @property
    def recovery(self) -> str:
        """Name the command that knows the table."""
        return "see `ftops state history` for the states from before the last runs"

    def read(self) -> Stored | None:
        """Fetch the row; makes no table."""
        with self._link.session("read") as connection:
            try:
                row = connection.execute(
                    "SELECT version, data FROM ftops_state WHERE project = %s", [self._project], binary=True
                ).fetchone()
            except errors.UndefinedTable:
                self._tables.refuse_if_hidden(connection)
                return None
        return Stored(bytes(row[1]), str(row[0])) if row else None

    def write(self, data: bytes, expected: str | None) -> str:
        """Replace the row in one transaction, with a copy of the old one if it is the first of this run."""
        with self._link.session("write") as connection:
            self._tables.make(connection)
            version = self._replace(connection, data, expected)
        if version is not None:
            self._remember = False
            return version
        stored = self.read()
        if stored is not None and stored.data == data:
            return stored.version
        raise StateConflict(
            f"the state {self.location} was changed by another run since it was read", hint="run ftops again"
        )

    def lock(self, holder: Holder, timeout: float) -> Lease:
        """Take the advisory lock of a session of its own, and prove that it keeps others out."""
        with self._link.session("lock") as connection:
            self._tables.make(connection)
        lease = self._taken(holder, timeout)
        if lease is None:
            other = self.holder()
            broken = f"; `ftops state unlock {other.id}` ends it" if other else ""
            hint = f"wait for that run to end (--lock-timeout); {self.explain_lock()}{broken}"
            raise lock_held(self.location, other, hint)
        self._remember = True
        return lease

    def holder(self) -> Holder | None:
        """Return who holds the lock; None also where it is held by a session without an entry."""
        _pid, _start, words = self._session_of_holder()
        return holder_of(words)

    def unlock(self, holder: Holder) -> None:
        """End the session of this holder, and so its lock."""
        pid, start, words = self._session_of_holder()
        found = holder_of(words)
        if found is None or found.id != holder.id:
            raise StateError(
                f"the state {self.location} is not locked by {holder}", hint="check again who holds it"
            )
        hint = f"let an administrator run SELECT pg_terminate_backend({pid}) or GRANT pg_signal_backend"
        refused = StateError(f"this role may not end the session that locks {self.location}", hint=hint)
        if start is None:
            raise refused
        with self._link.session("unlock") as connection:
            try:
                row = connection.execute(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                    " WHERE pid = %s AND backend_start = %s",
                    [pid, start],
                ).fetchone()
            except errors.InsufficientPrivilege as error:
                raise refused from error
        if row == (False,):
            raise StateError(f"the session that locks {self.location} does not end", hint=hint)

    def explain_lock(self) -> str:
        """Say how long a dead run can hold it."""
        return (
            "the server frees the lock when the session that holds it ends, "
            f"and ends one that was silent for {self._terms.seconds:g} seconds"
        )

    def unwritable(self) -> str | None:
        """Ask the server for its mode and the rights of this role."""
        try:
            with self._link.session("write") as connection:
                return self._tables.unfit(connection)
        except StateError as error:
            return error.message

    def history(self) -> Sequence[Earlier]:
        """List the copies from before each run."""
        rows = self._rows(
            "SELECT version, extract(epoch FROM written_at)::float8, octet_length(data)"
            " FROM ftops_state_history WHERE project = %s ORDER BY version DESC",
            [self._project],
        )
        return [Earlier(str(version), written_at, size) for version, written_at, size in rows]

    def earlier(self, name: str) -> bytes:
        """Fetch a copy by the number of its version."""
        rows = []
        if name.isascii() and name.isdigit():
            rows = self._rows(
                "SELECT data FROM ftops_state_history WHERE project = %s AND version::text = %s",
                [self._project, name],
            )
        if not rows:
            raise StateError(
                f"{self.location} has no earlier version {name}", hint="see `ftops state history`"
            )
        return bytes(rows[0][0])

    def _rows(self, statement: str, facts: list[str]) -> list[tuple[Any, ...]]:
        with self._link.session("read the history of") as connection:
            try:
                return connection.execute(statement, facts, binary=True).fetchall()
            except errors.UndefinedTable:
                return []

    def _taken(self, holder: Holder, timeout: float) -> PostgresLease | None:
        session: LockSession | None = None
        lease: PostgresLease | None = None
        try:
            session = LockSession(self._connect(self._address), self._terms)
            session.require_own_session(self._link)
            if self._patience.until(lambda: session.take() or None, timeout):
                lease = lease_of(session, self._link, self._terms, holder)
        except (psycopg.Error, OSError) as error:
            raise failure(error, "lock", self._address) from error
        finally:
            if session is not None and lease is None:
                session.close()
        return lease

    def _session_of_holder(self) -> tuple[Any, ...]:
        with self._link.session("look at the lock of") as connection:
            try:
                row = connection.execute(
                    _HOLDER, {"key": self._terms.key, "project": self._project}
                ).fetchone()
            except errors.UndefinedTable:
                row = None
        return row or (None, None, None)

    def _replace(self, connection: Connection, data: bytes, expected: str | None) -> str | None:
        """Return the new version, None where the present one is not `expected`."""
        row, committing = None, False
        try:
            with connection.transaction():
                row = self._changed(connection, data, expected)
                if row is None:
                    raise psycopg.Rollback
                committing = True
        except psycopg.Error as error:
            if not committing:
                raise
            raise StateUncertain(
                f"the connection to {self.location} broke while the state was written",
                hint="run ftops again: it reads what is there",
            ) from error
        return str(row[0]) if row else None

    def _changed(self, connection: Connection, data: bytes, expected: str | None) -> tuple[Any, ...] | None:
        if expected is None:
            return connection.execute(
                "INSERT INTO ftops_state (project, version, data, written_at)"
                " VALUES (%s, nextval('ftops_state_version'), %b, now())"
                " ON CONFLICT (project) DO NOTHING RETURNING version",
                [self._project, data],
            ).fetchone()
        remember = self._remember and self._kept > 0
        if remember:
            connection.execute(_REMEMBER, [self._project, expected])
        row = connection.execute(
            "UPDATE ftops_state SET version = nextval('ftops_state_version'), data = %b, written_at = now()"
            " WHERE project = %s AND version::text = %s RETURNING version",
            [data, self._project, expected],
        ).fetchone()
        if remember and row is not None:
            connection.execute(_FORGET, {"project": self._project, "kept": self._kept})
        return row


def open_store(opening: Opening) -> PostgresBackend:
    """Open a `postgresql://` URL. Raises StateError and Refused; sends nothing."""
    return PostgresBackend(opening, patience=Patience(sleep=opening.sleep, pause=0.2))
