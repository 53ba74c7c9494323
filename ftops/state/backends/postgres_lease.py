"""A lock that a PostgreSQL server keeps for one session, and frees when that session ends.

The server ends the session when it was silent for a lease, so that a run that is paused or cut off does
not stand in the way of others; a heartbeat keeps it from being silent. A new session would not hold the
lock: what is lost is never taken up again.
"""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from typing import Any

import psycopg
from msgspec import Struct

from ftops.errors import LeaseLost, StateError
from ftops.state.backend import Holder
from ftops.state.backends.heartbeat import Heartbeat
from ftops.state.backends.postgres_connection import Connection, Link, hung_up_after
from ftops.state.backends.shared_check import SharedCheck
from ftops.state.clocks import Clocks
from ftops.state.holder import holder_members, holder_of

OLDEST = 140000
"""PostgreSQL 14, the first with `idle_session_timeout`."""

ANSWER = 15.0
"""Seconds in which the server must answer for the lock, else it counts as lost."""

GRANTED = """
locktype = 'advisory' AND granted AND objsubid = 1
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
AND ((classid::bigint << 32) | objid::bigint) = hashtextextended(%(key)s::text, 0)
"""
"""The row of pg_locks for the lock."""

_TAKE = f"""
WITH mine AS MATERIALIZED (
    SELECT EXISTS (SELECT FROM pg_locks WHERE {GRANTED} AND pid = pg_backend_pid()) AS held)
SELECT held, CASE WHEN held THEN false ELSE pg_try_advisory_lock(hashtextextended(%(key)s::text, 0)) END,
    pg_backend_pid()
FROM mine
"""  # noqa: S608 - a constant
"""In one statement: a session that holds the lock already is not new, so a pooler gave us somebody else's."""

_HELD = f"SELECT pg_backend_pid(), EXISTS (SELECT FROM pg_locks WHERE {GRANTED} AND pid = pg_backend_pid())"  # noqa: S608 - a constant

_TRY = """
SELECT CASE WHEN pg_try_advisory_lock(hashtextextended(%(key)s::text, 0))
    THEN pg_advisory_unlock(hashtextextended(%(key)s::text, 0)) END
"""
"""NULL where the lock keeps this session out."""

_LET_GO = """
SELECT CASE WHEN pg_backend_pid() = %(pid)s THEN pg_advisory_unlock(hashtextextended(%(key)s::text, 0)) END
"""

_LET_GO_TRIES = 100

_ANNOUNCE = """
INSERT INTO ftops_state_lock (project, backend_pid, backend_start, words)
SELECT %(project)s, pid, backend_start, %(words)s FROM pg_stat_activity WHERE pid = pg_backend_pid()
ON CONFLICT (project) DO UPDATE SET
    backend_pid = excluded.backend_pid, backend_start = excluded.backend_start, words = excluded.words
"""


class Terms(Struct, frozen=True):
    """What a lock is taken for: a project at a place, for as long as it is not silent for `seconds`."""

    project: str
    location: str
    seconds: float
    clocks: Clocks = Clocks()
    answer: float = ANSWER

    @property
    def key(self) -> str:
        """What the number of the advisory lock is made from."""
        return f"ftops:{self.project}"


class LockSession:
    """The session that takes, keeps and frees one lock. Every method raises psycopg.Error or OSError."""

    def __init__(self, connection: Connection, terms: Terms) -> None:
        self._connection = connection
        self._terms = terms
        self._turn = threading.Lock()
        self._pid = self._ask("SELECT pg_backend_pid()")[0]

    def require_own_session(self, link: Link) -> None:
        """Refuse a server that is too old, or a pooler that makes one session of two connections."""
        version = self._connection.info.server_version
        if version < OLDEST:
            raise StateError(
                f"the state {self._terms.location} cannot be locked by PostgreSQL {version // 10000}",
                hint="the oldest server that can end a silent session is PostgreSQL 14",
            )
        # A pooler in transaction mode gives a session to a transaction: while one keeps it, we are moved.
        with link.session("lock") as other, other.transaction():
            theirs = other.execute("SELECT pg_backend_pid()").fetchone()
            ours = self._ask("SELECT pg_backend_pid()")
        if theirs == (self._pid,) or ours != (self._pid,):
            raise self._pooled()

    def take(self) -> bool:
        """Try once. Raises StateError where the lock would not be ours alone."""
        held, taken, pid = self._ask(_TAKE)
        if held:
            raise self._pooled()
        if taken and pid != self._pid:
            self.let_go(pid)
            raise self._pooled()
        return bool(taken)

    def prove(self, link: Link) -> None:
        """Make sure that the server keeps another session out. Raises StateError if it does not."""
        with link.session("lock") as other:
            row = other.execute(_TRY, {"key": self._terms.key}).fetchone()
        if row != (None,) or not self.holds():
            self.let_go()
            raise self._pooled()

    def let_go(self, pid: int | None = None) -> None:
        """Free the lock on the session that took it, to which a pooler may bring us back; else it stays."""
        for _ in range(_LET_GO_TRIES):
            if self._ask(_LET_GO, pid=pid or self._pid) != (None,):
                return

    def limit(self) -> None:
        """Let the server end this session, and so free the lock, when it hears nothing for a lease."""
        milliseconds = max(1, int(self._terms.seconds * 1000))
        self._ask(
            "SELECT set_config('idle_session_timeout', %(silence)s, false),"
            " set_config('tcp_keepalives_idle', '15', false),"
            " set_config('tcp_keepalives_interval', '5', false),"
            " set_config('tcp_keepalives_count', '3', false)",
            silence=str(milliseconds),
        )

    def announce(self, holder: Holder) -> Holder | None:
        """Record who holds the lock; return who is still recorded there, having died with it."""
        with self._turn, hung_up_after(self._connection, self._terms.answer):
            project = self._terms.project
            left = self._connection.execute(
                "SELECT words FROM ftops_state_lock WHERE project = %s", [project]
            ).fetchone()
            words = json.dumps(holder_members(holder))
            self._connection.execute(_ANNOUNCE, {"project": project, "words": words})
        return holder_of(left[0]) if left else None

    def clock(self) -> float:
        """Return the Unix seconds of the server."""
        return float(self._ask("SELECT extract(epoch FROM clock_timestamp())::float8")[0])

    def holds(self) -> bool:
        """Ask whether the lock is still this session's, and this still the session."""
        return bool(self._ask(_HELD) == (self._pid, True))

    def free(self) -> None:
        """Remove our entry, then the lock."""
        self._ask("DELETE FROM ftops_state_lock WHERE project = %(project)s RETURNING 1")
        self._ask("SELECT pg_advisory_unlock(hashtextextended(%(key)s::text, 0))")

    def close(self) -> None:
        """End the session, and so the lock."""
        with self._turn:
            self._connection.close()

    def _ask(self, statement: str, **more: str | int) -> tuple[Any, ...]:
        facts: dict[str, str | int] = {"key": self._terms.key, "project": self._terms.project, **more}
        with self._turn, hung_up_after(self._connection, self._terms.answer):
            return self._connection.execute(statement, facts).fetchone() or ()

    def _pooled(self) -> StateError:
        return StateError(
            f"the state {self._terms.location} cannot be locked: the lock is not held by a single session",
            hint="connect to the server itself, or through a pooler in session mode",
        )


class PostgresLease:
    """A held lock. `taken_from` is a holder that died with it, `clock_ahead` is of when it was taken.

    `alive` is the steady second at which the server last certainly began to wait for us.
    """

    def __init__(self, session: LockSession, terms: Terms, alive: float, holder: Holder) -> None:
        self._session = session
        self._terms = terms
        self._alive = alive
        self._over: str | None = None
        self.taken_from = session.announce(holder)
        self.clock_ahead: float | None = self._compare_clocks()
        self._shared = SharedCheck(self._ask)
        self._heartbeat = Heartbeat(self._beat, terms.seconds / 4)
        self._heartbeat.start()

    @property
    def expires_at(self) -> float | None:
        """Never by a clock of ours: `check` asks the server."""
        return None

    def check(self) -> None:
        """Ask the server, once for all threads that wait; no answer in time is a no."""
        self._shared()

    def release(self) -> None:
        """Remove our entry and free the lock, by ending the session if nothing else works."""
        lost, self._over = self._over is not None, self._over or "it was released"
        self._heartbeat.stop()
        try:
            if not lost:
                self._session.free()
        except (psycopg.Error, OSError):
            # Closing frees the lock as well; the words that stay are taken for a dead run's.
            pass
        finally:
            self._session.close()

    def _compare_clocks(self) -> float:
        wall = self._terms.clocks.wall
        before = wall()
        theirs = self._session.clock()
        return (before + wall()) / 2 - theirs

    def _ask(self) -> None:
        self._refuse_if_over()
        steady = self._terms.clocks.boot
        began = steady()
        if began - self._alive >= self._terms.seconds:
            raise self._lost(f"the server heard nothing from this run for {self._terms.seconds:g} seconds")
        try:
            held = self._session.holds()
            if not held:
                self._session.let_go()
        except (psycopg.Error, OSError) as error:
            raise self._lost("its session on the server has ended") from error
        if not held:
            raise self._lost("the server says that this session does not hold it")
        # An answer that we slept over is as old as its question.
        if steady() - began >= self._terms.seconds:
            raise self._lost(f"the server took more than {self._terms.seconds:g} seconds to answer")
        self._refuse_if_over()
        self._alive = began

    def _refuse_if_over(self) -> None:
        if self._over is not None:
            raise LeaseLost(
                f"the lock of {self._terms.location} is gone: {self._over}", hint="run ftops again"
            )

    def _lost(self, why: str) -> LeaseLost:
        self._over = self._over or why
        self._session.close()
        return LeaseLost(f"the lock of {self._terms.location} is gone: {self._over}", hint="run ftops again")

    def _beat(self) -> bool:
        with suppress(LeaseLost):
            self._shared()
        return self._over is None


def lease_of(session: LockSession, link: Link, terms: Terms, holder: Holder) -> PostgresLease:
    """Make a lease of a lock just taken. Raises StateError, psycopg.Error, OSError."""
    session.prove(link)
    alive = terms.clocks.boot()
    session.limit()
    return PostgresLease(session, terms, alive, holder)
