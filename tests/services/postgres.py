"""A PostgreSQL server of this machine's packages, with a password, for tests."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from tests.services import Service, Unavailable

PASSWORD = "correct horse/bättery"


class Postgres(Service, frozen=True):
    """A server with the role `ftops`, which owns the database `states`, and a superuser for the tests."""

    port: int = 0
    programs: Path = Path()
    data: Path = Path()

    def begin(self) -> None:
        self._control("start", "-w", "-t", "60", "-l", str(self.data / "log"))

    def stop(self, mode: str = "fast") -> None:
        self._control("stop", "-w", "-m", mode)

    def restart(self, mode: str = "fast") -> None:
        self.stop(mode)
        self.begin()

    def ask(self, statement: str, *facts: object, database: str = "states") -> list[tuple[Any, ...]]:
        """Run a statement as the superuser."""
        with psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user="root",
            dbname=database,
            password=PASSWORD,
            autocommit=True,
        ) as connection:
            found = connection.execute(statement, facts or None)
            return found.fetchall() if found.description else []

    def _control(self, *arguments: str) -> None:
        _run([str(self.programs / "pg_ctl"), "-D", str(self.data), *arguments])


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Start a server on a free loopback port. Raises Unavailable where none is installed."""
    programs = _programs()
    home = Path(tempfile.mkdtemp(prefix="ftops-postgres-"))
    try:
        with _started(programs, home) as server:
            yield server
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def _started(programs: Path, home: Path) -> Iterator[Postgres]:
    port, data, secret = _free_port(), home / "data", home / "password"
    secret.write_text(PASSWORD)
    account = _account()
    for path in (home, secret) if account else ():
        shutil.chown(path, account or "")
    _run([
        *(str(programs / "initdb"), "-D", str(data), "-U", "root", "--pwfile", str(secret)),
        *("-A", "scram-sha-256", "-E", "UTF8", "--no-locale", "--no-sync"),
    ])  # fmt: skip
    with (data / "postgresql.conf").open("a") as file:
        file.write(
            f"listen_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = ''\n"
            "fsync = off\nshared_buffers = 16MB\nmax_connections = 40\n"
        )
    server = Postgres(
        name="postgres",
        # The key names a row and not a part of the URL: there it is only shown to the server's administrator.
        prefix=f"postgresql://ftops@127.0.0.1:{port}/states?application_name=",
        environ={"PGPASSWORD": PASSWORD},
        port=port,
        programs=programs,
        data=data,
    )
    try:
        server.begin()
        server.ask(f"CREATE ROLE ftops LOGIN PASSWORD '{PASSWORD}'", database="postgres")
        server.ask("CREATE DATABASE states OWNER ftops", database="postgres")
        yield server
    finally:
        if (data / "postmaster.pid").exists():
            server.stop("immediate")


def _programs() -> Path:
    found = [Path(path).parent for path in [shutil.which("initdb")] if path]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in found:
        if all((folder / name).exists() for name in ("initdb", "pg_ctl", "postgres")):
            return folder
    raise Unavailable("no PostgreSQL server is installed")


def _account() -> str | None:
    """Name another account where we are root, as which PostgreSQL does not run."""
    if os.getuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _run(command: list[str]) -> None:
    account = _account()
    entry = pwd.getpwnam(account) if account else None
    done = subprocess.run(
        command,
        cwd="/",
        user=entry and entry.pw_uid,
        group=entry and entry.pw_gid,
        extra_groups=[] if entry else None,
        stdin=subprocess.DEVNULL,
        # Not a pipe: the server that pg_ctl starts would keep it open.
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=120,
        check=False,
    )
    if done.returncode != 0:
        raise Unavailable(f"{Path(command[0]).name} ended with {done.returncode}")


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port
