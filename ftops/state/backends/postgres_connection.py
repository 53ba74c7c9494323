"""Connections to a PostgreSQL server, and its failures in one sentence each."""

from __future__ import annotations

import logging
import os
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from ftops.errors import StateError
from ftops.state.backends.postgres_address import Address

Connection = psycopg.Connection[tuple[Any, ...]]
Connect = Callable[[Address], Connection]

LONGEST = 300.0
"""Seconds after which a server that says nothing is hung up on: a large state may travel slowly."""

_SETTINGS = """
SET statement_timeout = '60s';
SET lock_timeout = '10s';
SET idle_in_transaction_session_timeout = '60s';
SET default_transaction_isolation = 'read committed';
SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'
"""
"""The last one: what was noted before a request that costs money must survive a crash of the server."""

# Psycopg's warnings would otherwise go to the terminal where nobody configures logging.
logging.getLogger("psycopg").addHandler(logging.NullHandler())

_SHORT = 160
"""Characters of a library's words that make a sentence."""

_AGAIN = "run ftops again once the server is back"
_LOGIN = "check the user in the URL or PGUSER, PGPASSWORD or PGPASSFILE, and the server's pg_hba.conf"

_REASONS: dict[str, tuple[str, str]] = {
    "28P01": ("the server refuses this user and password", _LOGIN),
    "28000": ("the server refuses this login", _LOGIN),
    "3D000": ("the server has no such database", "create it with createdb, or fix the URL"),
    "42501": ("this role may not do that", "let an administrator grant it: docs/reference/state-backends.md"),
    "25006": ("the database is read-only", "connect to the primary; check default_transaction_read_only"),
    "53100": ("the server's disk is full", "free some space; the state is as it was"),
    "53200": ("the server is out of memory", _AGAIN),
    "53300": ("the server has no connection to spare", "wait, or raise max_connections; ftops needs two"),
    "55P03": ("another session is blocking it", "see pg_locks for which one"),
    "57014": ("the server took too long, or the statement was cancelled", "run ftops again"),
    "57P01": ("the server ended the connection", _AGAIN),
    "57P02": ("the server crashed", _AGAIN),
    "57P03": ("the server is starting up or shutting down", _AGAIN),
    "57P05": ("the server ended the connection, which was idle for too long", "run ftops again"),
    "name": ("the name of the host cannot be resolved", "check the host in the URL or PGHOST"),
    "refused": ("nothing answers there", "check host and port, and that the server runs"),
    "silent": ("the server does not answer in time", "check host and port, and the firewall between"),
    "tls": ("no trusted TLS connection can be made", "check PGSSLMODE, PGSSLROOTCERT and the certificate"),
    "broken": ("the connection broke", _AGAIN),
}
"""SQLSTATE, or our word where libpq has none -> (what is wrong, what to do)."""

_WORDS: tuple[tuple[str, str], ...] = (
    (r"password authentication failed|no password supplied", "28P01"),
    (r"no pg_hba\.conf entry|authentication failed|role \S+ does not exist|not permitted to log in", "28000"),
    (r"database \S+ does not exist", "3D000"),
    (r"system is (starting|shutting|not yet)|in recovery mode|not accepting connections", "57P03"),
    (r"too many (clients|connections)|connection slots", "53300"),
    (r"permission denied for database", "42501"),
    (r"failed to resolve|translate host name", "name"),
    (r"refused|No such file|unreachable|No route", "refused"),
    (r"timeout|timed out", "silent"),
    (r"closed (the |unexpectedly)|connection (is )?(closed|lost)|reset by|EOF|receive|to send", "broken"),
    (r"certificate|SSL|TLS", "tls"),
)
"""What libpq says about a connection that failed, for which it has no SQLSTATE."""


def failure(error: Exception, doing: str, address: Address) -> StateError:
    """Say in one sentence what went wrong; holds no secret."""
    text = address.clean(" ".join(str(error).split()))
    state = getattr(error, "sqlstate", None)
    if state is None:
        state = next((state for words, state in _WORDS if re.search(words, text, re.IGNORECASE)), "")
    reason, hint = _REASONS.get(state, (_short(text, state), "check the server's log"))
    if state in {"42501", "25006"} and doing != "read":
        reason = f"it may be read, but not written: {reason}"
    return StateError(f"cannot {doing} the state {address.location}: {reason}", hint=hint)


def _short(text: str, state: str) -> str:
    text = re.sub(r"^connection failed: |^connection to server .*? failed: |^(FATAL|ERROR): +", "", text)
    text = text if len(text) <= _SHORT else f"{text[:_SHORT]}..."
    return f"{text} (SQLSTATE {state})" if state else text


def connect(address: Address) -> Connection:
    """Open a connection that commits every statement by itself. Raises psycopg.Error."""
    connection: Connection = psycopg.connect(address.conninfo, autocommit=True, prepare_threshold=None)
    try:
        with hung_up_after(connection, 20):
            connection.execute(_SETTINGS)
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def hung_up_after(connection: Connection, seconds: float) -> Iterator[None]:
    """Cut the line under whatever waits for the server too long: the library has no timeout of its own.

    TCP notices a vanished machine, but not a process there that has stopped.
    """
    line = socket.socket(fileno=os.dup(connection.fileno()))
    timer = threading.Timer(seconds, _cut, [line])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        line.close()


def _cut(line: socket.socket) -> None:
    # A line that has broken by itself needs no cutting.
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)


class Link:
    """One connection for everything but the lock: opened when needed, and again when it broke.

    Threads take turns.
    """

    def __init__(self, address: Address, connect: Connect) -> None:
        self._address = address
        self._connect = connect
        self._connection: Connection | None = None
        self._turn = threading.RLock()

    @contextmanager
    def session(self, doing: str) -> Iterator[Connection]:
        """Lend the connection. What the library raises meanwhile becomes StateError."""
        with self._turn:
            try:
                connection = self._open()
                with hung_up_after(connection, LONGEST):
                    yield connection
            except (psycopg.Error, OSError) as error:
                raise failure(error, doing, self._address) from error
            finally:
                self._drop_if_unfit()

    def close(self) -> None:
        """Return the connection up; the next session opens one."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _open(self) -> Connection:
        if self._connection is not None and not _lives(self._connection):
            self.close()
        if self._connection is None:
            self._connection = self._connect(self._address)
        return self._connection

    def _drop_if_unfit(self) -> None:
        connection = self._connection
        if connection is not None and connection.info.transaction_status != TransactionStatus.IDLE:
            self.close()


def _lives(connection: Connection) -> bool:
    """Look, without asking, whether the server has ended an idle connection."""
    try:
        # The first call may fetch only the server's last words, the second finds the end behind them.
        connection.pgconn.consume_input()
        connection.pgconn.consume_input()
    except psycopg.Error:
        return False
    return not connection.closed
