"""The PostgreSQL store: what needs no server first, then over a real one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import psycopg
import pytest

from ftops.errors import LeaseLost, LockHeld, Refused, StateConflict, StateError, StateUncertain
from ftops.model.value import replace
from ftops.state.backend import Holder, Opening
from ftops.state.backends.postgres import PostgresBackend, open_store
from ftops.state.backends.postgres_address import Address, address_of
from ftops.state.backends.postgres_connection import Connection, connect, failure, hung_up_after
from ftops.state.backends.postgres_lease import LockSession, PostgresLease, Terms
from ftops.state.backends.postgres_tables import GRANTS, TABLES
from ftops.state.backends.waiting import Patience
from ftops.state.clocks import Clocks
from tests.services import started
from tests.services.postgres import Postgres, postgres

HOLDER = Holder("id", "me", "here", os.getpid(), "apply", 0.0, "https://ci/1")
OTHER = Holder("other", "you", "there", 7, "apply", 0.0)
FAST = Patience(pause=0.02)


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    for running in started("postgres", postgres):
        assert isinstance(running, Postgres)
        yield running


def opening(url: str, **environ: str) -> Opening:
    return Opening(url, Path("/nonexistent"), "p", environ)


def trusted(url: str, **environ: str) -> Opening:
    return replace(opening(url, **environ), reference="{env: STATE_URL}")


# An address


def test_a_password_never_stands_in_a_file_and_is_not_echoed() -> None:
    for url in (
        "postgresql://u:hunter2@h/d",
        "postgres://h/d?password=hunter2",
        "postgresql://h?sslpassword=hunter2",
    ):
        with pytest.raises(StateError, match="secret must never be in a file") as refused:
            open_store(opening(url))
        assert "hunter2" not in f"{refused.value}{refused.value.hint}"
        assert "{env: NAME}" in str(refused.value.hint)


def test_a_trusted_url_may_hold_a_password_which_is_never_shown() -> None:
    backend = open_store(trusted("postgresql://u:hunter2@db.example/d"))
    assert backend.location == "{env: STATE_URL} (project p)"
    assert "hunter2" not in repr(backend._address)
    assert "hunter2" in backend._address.conninfo


@pytest.mark.parametrize(
    "url", ["postgresql://u:hunter%2@h/d", "postgresql://h/d?hunter2=1", "postgresql://[h/d"]
)
def test_a_url_that_cannot_be_understood_is_not_echoed(url: str) -> None:
    with pytest.raises(StateError, match="cannot be understood") as refused:
        open_store(trusted(url))
    assert "hunter" not in str(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize(
    "setting",
    [
        "hostaddr=10.0.0.1",
        "passfile=/x",
        "service=s",
        "sslkey=/x",
        "require_auth=password",
        "sslkeylogfile=x",
    ],
)
def test_what_could_lead_a_credential_astray_does_not_stand_in_a_file(setting: str) -> None:
    with pytest.raises(StateError, match=f"sets {setting.partition('=')[0]}"):
        open_store(opening(f"postgresql://h/d?{setting}"))
    open_store(trusted(f"postgresql://h/d?{setting}"))


def test_libpqs_variables_fill_what_the_url_leaves_open() -> None:
    environ = {
        "PGHOST": "db",
        "PGPORT": "7",
        "PGUSER": "me",
        "PGPASSWORD": "pw",
        "PGDATABASE": "d",
        "PGSSLMODE": "require",
    }
    address = address_of(opening("postgresql:///", **environ))
    assert address.location == "postgresql://db:7/d (project p)"
    for part in ("user=me", "password=pw", "sslmode=require", "application_name=ftops", "connect_timeout=10"):
        assert part in address.conninfo
    assert "port=9" in address_of(opening("postgresql://db:9/", **environ)).conninfo


def test_the_environment_decides_on_tls_against_a_file_but_not_against_itself() -> None:
    url = "postgresql://db/d?sslmode=disable"
    assert "sslmode=verify-full" in address_of(opening(url, PGSSLMODE="verify-full")).conninfo
    assert "sslmode=disable" in address_of(trusted(url, PGSSLMODE="verify-full")).conninfo


def test_a_service_goes_before_other_variables_as_in_libpq() -> None:
    address = address_of(opening("postgresql:///d", PGSERVICE="prod", PGHOST="other"))
    assert "service=prod" in address.conninfo
    assert "other" not in address.conninfo
    assert address.location == "postgresql://service prod (project p)"


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1,evil.example", "x?host=evil.example", "127.0.0.2"]
)
def test_in_ci_nothing_goes_to_a_host_that_only_a_file_names(host: str) -> None:
    url = f"postgresql://{host}/d" if "?" not in host else f"postgresql://{host.replace('?', '/d?')}"
    stranger = "127.0.0.2" if host == "127.0.0.2" else "evil.example"
    with pytest.raises(Refused) as refused:
        open_store(opening(url, CI="1"))
    assert refused.value.hint is not None
    assert f"FTOPS_ALLOWED_HOSTS={stranger}" in refused.value.hint
    open_store(opening(url))
    open_store(opening(url, CI="1", PGHOST=stranger))
    open_store(opening(url, CI="1", FTOPS_ALLOWED_HOSTS=stranger))


def test_in_ci_a_host_out_of_a_variable_is_no_better_and_is_not_shown() -> None:
    """The author of a pull request writes its title, and chooses the variable."""
    with pytest.raises(Refused, match=r"spec\.state \(\{env: STATE_URL\}\) leads to") as refused:
        open_store(trusted("postgresql://u:hunter2@evil.example/d", CI="1"))
    assert "evil" not in f"{refused.value.message} {refused.value.hint}"
    with pytest.raises(StateError, match="sets hostaddr"):
        open_store(trusted("postgresql://localhost/d?hostaddr=10.0.0.1", CI="1"))
    open_store(trusted("postgresql://u:hunter2@localhost/d", CI="1"))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            'connection failed: ... FATAL:  password authentication failed for user "u"',
            "this user and password",
        ),
        ('FATAL:  no pg_hba.conf entry for host "h", user "u", database "d", SSL off', "refuses this login"),
        ("FATAL:  the database system is starting up", "starting up"),
        ("FATAL:  sorry, too many clients already", "no connection to spare"),
        ("failed to resolve host 'h': Name or service not known", "cannot be resolved"),
        ("connection timeout expired", "in time"),
        ("SSL error: certificate verify failed", "TLS"),
        ("consuming input failed: SSL connection has been closed unexpectedly", "the connection broke"),
        ("something\nnew with s3cret", "something new with ***"),
    ],
)
def test_what_libpq_says_becomes_one_sentence(words: str, told: str) -> None:
    error = failure(psycopg.OperationalError(words), "read", Address("here", "", ("s3cret",)))
    assert error.message.startswith("cannot read the state here: ")
    assert told in error.message
    assert "\n" not in error.message
    assert error.hint


def test_nobody_there_and_no_such_host_are_told(server: Postgres) -> None:
    with pytest.raises(StateError, match="nothing answers there"):
        open_store(opening("postgresql://127.0.0.1:1/d")).read()
    with pytest.raises(StateError, match="cannot be resolved"):
        open_store(opening("postgresql://no-such-host.invalid/d")).read()


# Reading and writing


def test_the_write_laws(server: Postgres) -> None:
    one, two = (open_store(server.opening("laws")) for _ in range(2))
    assert one.read() is None
    first = one.write(b"one", None)
    second = two.write(b"two", first)
    for stale in (None, first, "x", "9" * 40):
        with pytest.raises(StateConflict):
            one.write(b"three", stale)
    stored = one.read()
    assert stored is not None
    assert (stored.data, stored.version) == (b"two", second)


def test_reading_makes_no_table(server: Postgres) -> None:
    server.ask("CREATE DATABASE empty OWNER ftops")
    backend = open_store(
        replace(server.opening("p"), url=f"postgresql://ftops@127.0.0.1:{server.port}/empty")
    )
    assert backend.read() is None
    assert backend.holder() is None
    assert list(backend.history()) == []
    assert backend.unwritable() is None
    for name in ("1", "x", "\ud800", "\0"):
        with pytest.raises(StateError, match="no earlier version"):
            backend.earlier(name)
    assert server.ask("SELECT count(*) FROM pg_class WHERE relname LIKE 'ftops%%'", database="empty") == [
        (0,)
    ]


def test_tables_that_two_first_runs_make_at_once_are_made_once(server: Postgres) -> None:
    server.ask("CREATE DATABASE fresh OWNER ftops")
    url = f"postgresql://ftops@127.0.0.1:{server.port}/fresh"
    failed: list[StateError] = []

    def write(project: str) -> None:
        try:
            open_store(replace(server.opening(project), url=url)).write(b"x", None)
        except StateError as error:
            failed.append(error)

    _together(write, [str(number) for number in range(6)])
    assert failed == []
    assert server.ask("SELECT count(*) FROM ftops_state", database="fresh") == [(6,)]


def test_a_version_is_not_used_again_when_the_row_was_deleted(server: Postgres) -> None:
    backend = open_store(server.opening("deleted"))
    first = backend.write(b"one", None)
    server.ask("DELETE FROM ftops_state WHERE project = 'deleted'")
    assert backend.write(b"one", None) != first


def test_a_refused_write_of_what_is_stored_is_our_own_whose_reply_was_lost(server: Postgres) -> None:
    backend = open_store(server.opening("lost-reply"))
    version = backend.write(b"one", None)
    assert backend.write(b"one", None) == version


def test_an_idle_connection_that_the_server_ended_is_opened_again(server: Postgres) -> None:
    backend = open_store(server.opening("ended"))
    version = backend.write(b"one", None)
    _end_sessions(server, "ended")
    assert backend.write(b"two", version) != version


def test_a_write_whose_commit_gets_no_reply_is_uncertain(server: Postgres) -> None:
    backend = open_store(server.opening("uncertain"))
    version = backend.write(b"one", None)
    server.ask(
        "CREATE OR REPLACE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS"
        " 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(1); RETURN NULL; END'"
    )
    server.ask(
        "CREATE CONSTRAINT TRIGGER cut AFTER UPDATE ON ftops_state DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW WHEN (new.project = 'uncertain') EXECUTE FUNCTION cut()"
    )
    with pytest.raises(StateUncertain, match="broke while the state was written"):
        backend.write(b"two", version)
    server.ask("DROP TRIGGER cut ON ftops_state")
    stored = backend.read()
    assert stored is not None
    assert stored.data == b"one"


def test_a_copy_from_before_each_run_is_kept_and_no_more_than_asked(server: Postgres) -> None:
    version: str | None = None
    for run in range(5):
        backend = open_store(server.opening("history", history=3))
        for step in range(3):
            version = backend.write(b"%d.%d" % (run, step), version)
    backend = open_store(server.opening("history", history=3))
    history = backend.history()
    assert [backend.earlier(found.name) for found in history] == [b"3.2", b"2.2", b"1.2"]
    assert [found.size for found in history] == [3, 3, 3]
    assert abs(history[0].written_at - time.time()) < 60
    backend.lock(HOLDER, 0).release()
    backend.write(b"again", version)
    assert backend.earlier(backend.history()[0].name) == b"4.2"
    none = open_store(server.opening("no-history", history=0))
    none.write(b"two", none.write(b"one", None))
    assert list(none.history()) == []


def test_a_large_state_travels_in_seconds(
    server: Postgres, record_property: Callable[[str, object], None]
) -> None:
    backend = open_store(server.opening("large"))
    data = os.urandom(25 << 20)
    began = time.monotonic()
    backend.write(data, None)
    written = time.monotonic()
    stored = backend.read()
    record_property("seconds", (written - began, time.monotonic() - written))
    assert stored is not None
    assert stored.data == data
    assert time.monotonic() - began < 20


_COUNT = """
import sys
from pathlib import Path
from ftops.errors import StateConflict
from ftops.state.backend import Opening
from ftops.state.backends.postgres import open_store
backend = open_store(Opening(sys.argv[1], Path("/"), "count", {"PGPASSWORD": sys.argv[2]}))
added = 0
while added < 40:
    stored = backend.read()
    try:
        backend.write((stored.data if stored else b"") + sys.argv[3].encode(), stored and stored.version)
    except StateConflict:
        continue
    added += 1
"""


def _child(code: str, server: Postgres, *more: str, key: str = "child") -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, server.url(key), server.environ["PGPASSWORD"], *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)


def test_two_processes_that_write_at_once_lose_nothing(server: Postgres) -> None:
    for process in [_child(_COUNT, server, who, key="count") for who in "ab"]:
        with process:
            assert process.wait(60) == 0
    stored = open_store(server.opening("count")).read()
    assert stored is not None
    assert sorted(stored.data) == sorted(b"ab" * 40)


# Rights


@pytest.fixture
def reader(server: Postgres) -> Opening:
    """A role that may only look."""
    open_store(server.opening("p")).read() or open_store(server.opening("p")).write(b"one", None)
    if not server.ask("SELECT 1 FROM pg_roles WHERE rolname = 'reader'"):
        server.ask(f"CREATE ROLE reader LOGIN PASSWORD '{server.environ['PGPASSWORD']}'")
        server.ask("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    return replace(server.opening("p"), url=f"postgresql://reader@127.0.0.1:{server.port}/states")


def test_a_role_that_may_only_look_reads_and_is_told_that_it_may_not_write(
    server: Postgres, reader: Opening
) -> None:
    backend = open_store(reader)
    stored = backend.read()
    assert stored is not None
    for refused in (lambda: backend.write(b"two", stored.version), lambda: backend.lock(HOLDER, 0)):
        with pytest.raises(StateError, match="may be read, but not written"):
            refused()
    assert backend.holder() is None
    assert open_store(server.opening("p")).holder() is None
    assert str(backend.unwritable()).startswith("the role lacks INSERT on ftops_state")


def test_a_read_only_database_says_so(server: Postgres) -> None:
    url = f"postgresql://ftops@127.0.0.1:{server.port}/states?options=-c%20default_transaction_read_only%3Don"
    open_store(server.opening("read-only")).write(b"one", None)
    backend = open_store(replace(server.opening("read-only"), url=url))
    stored = backend.read()
    assert stored is not None
    for refused in (lambda: backend.write(b"two", stored.version), lambda: backend.lock(HOLDER, 0)):
        with pytest.raises(StateError, match="but not written: the database is read-only"):
            refused()
    assert backend.unwritable() == "default_transaction_read_only is on"


def test_a_role_that_may_make_no_tables_is_told_what_an_administrator_does(server: Postgres) -> None:
    server.ask("CREATE DATABASE bare")
    server.ask(f"CREATE ROLE guest LOGIN PASSWORD '{server.environ['PGPASSWORD']}'")
    server.ask("REVOKE CREATE ON SCHEMA public FROM public", database="bare")
    backend = open_store(
        replace(server.opening("p"), url=f"postgresql://guest@127.0.0.1:{server.port}/bare", lease=5)
    )
    assert backend.read() is None
    assert backend.unwritable() == "the role may not create tables in the schema public"
    for refused in (lambda: backend.write(b"one", None), lambda: backend.lock(HOLDER, 0)):
        with pytest.raises(StateError, match="this role may not") as told:
            refused()
        assert "GRANT CREATE ON SCHEMA" in str(told.value.hint)
    server.ask(TABLES, database="bare")
    assert "INSERT on ftops_state" in str(backend.unwritable())
    server.ask(GRANTS.replace(" TO role", " TO guest"), database="bare")
    assert backend.unwritable() is None
    lease = backend.lock(HOLDER, 0)
    version = backend.write(b"two", backend.write(b"one", None))
    open_store(replace(server.opening("p"), url=backend_url(server, "guest", "bare"))).write(
        b"three", version
    )
    lease.release()


def backend_url(server: Postgres, role: str, database: str) -> str:
    return f"postgresql://{role}@127.0.0.1:{server.port}/{database}"


def test_a_schema_that_the_role_may_not_use_is_no_missing_state(server: Postgres) -> None:
    server.ask("CREATE SCHEMA hidden")
    server.ask("CREATE TABLE hidden.ftops_state (project text)")
    url = backend_url(server, "ftops", "states") + "?options=-c%20search_path%3Dhidden"
    with pytest.raises(StateError, match="schema hidden, which this role may not use"):
        open_store(replace(server.opening("p"), url=url)).read()


def test_tables_of_a_newer_ftops_are_left_alone(server: Postgres) -> None:
    server.ask("CREATE DATABASE newer OWNER ftops")
    opened = replace(server.opening("p"), url=backend_url(server, "ftops", "newer"))
    version = open_store(opened).write(b"one", None)
    server.ask("COMMENT ON TABLE ftops_state IS 'ftops state, schema 2'", database="newer")
    with pytest.raises(StateError, match="newer ftops"):
        open_store(opened).write(b"two", version)


def test_a_wrong_password_and_a_missing_database_are_told(server: Postgres) -> None:
    wrong = replace(server.opening("p"), environ={"PGPASSWORD": "hunter2"})
    with pytest.raises(StateError, match="refuses this user and password") as refused:
        open_store(wrong).read()
    assert "hunter2" not in f"{refused.value}{refused.value.hint}"
    with pytest.raises(StateError, match="no such database"):
        open_store(replace(server.opening("p"), url=backend_url(server, "ftops", "nowhere"))).read()
    assert "no such database" in str(
        open_store(replace(server.opening("p"), url=backend_url(server, "ftops", "nowhere"))).unwritable()
    )


# The lock


def test_the_lock_laws(server: Postgres) -> None:
    one, two = (PostgresBackend(server.opening("lock"), patience=FAST) for _ in range(2))
    lease = one.lock(HOLDER, 0)
    lease.check()
    assert lease.expires_at is None
    with pytest.raises(LockHeld, match=r"me@here .*https://ci/1"):
        two.lock(OTHER, 0.1)
    assert two.holder() == HOLDER
    open_store(server.opening("another-project")).lock(OTHER, 0).release()
    lease.release()
    lease.release()
    with pytest.raises(LeaseLost, match="released"):
        lease.check()
    assert two.holder() is None
    successor = two.lock(OTHER, 0)
    assert isinstance(successor, PostgresLease)
    assert successor.taken_from is None
    lease.release()
    successor.check()
    assert one.holder() == OTHER
    successor.release()


def test_a_lock_that_comes_free_while_waiting_is_taken(server: Postgres) -> None:
    lease = open_store(server.opening("waiting")).lock(HOLDER, 0)
    waiting = PostgresBackend(
        server.opening("waiting"), patience=Patience(lambda: 0.0, lambda _: lease.release())
    )
    taken = waiting.lock(OTHER, 1)
    taken.check()
    taken.release()


def test_the_clock_of_this_machine_is_compared_with_the_servers(server: Postgres) -> None:
    clocks = Clocks(wall=lambda: time.time() + 1000)
    lease = PostgresBackend(server.opening("clocks"), clocks=clocks).lock(HOLDER, 0)
    assert isinstance(lease, PostgresLease)
    assert lease.clock_ahead is not None
    assert abs(lease.clock_ahead - 1000) < 5
    lease.release()


def _end_sessions(server: Postgres, name: str) -> None:
    server.ask(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = %s", name
    )


def test_a_session_that_is_ended_loses_the_lock_for_ever(server: Postgres) -> None:
    backend = open_store(server.opening("killed"))
    version = backend.write(b"one", None)
    lease = backend.lock(HOLDER, 0)
    _end_sessions(server, "killed")
    for _ in range(2):
        with pytest.raises(LeaseLost, match="its session on the server has ended"):
            lease.check()
    successor = backend.lock(OTHER, 0)
    assert isinstance(successor, PostgresLease)
    assert successor.taken_from == HOLDER
    lease.release()
    successor.check()
    assert backend.holder() == OTHER
    successor.release()
    assert backend.write(b"two", version) != version


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_restart_in_the_middle_loses_the_lock_and_nothing_else(server: Postgres, mode: str) -> None:
    backend = open_store(server.opening(f"restart-{mode}"))
    lease = backend.lock(HOLDER, 0)
    version = backend.write(b"one", None)
    server.stop(mode)
    with pytest.raises(StateError, match="nothing answers there"):
        backend.write(b"two", version)
    server.begin()
    with pytest.raises(LeaseLost):
        lease.check()
    stored = backend.read()
    assert stored is not None
    assert stored.data == b"one"
    assert backend.write(b"two", version) != version
    lease.release()
    backend.lock(OTHER, 0).release()


_HOLD = """
import sys
from pathlib import Path
from ftops.errors import LeaseLost
from ftops.state.backend import Holder, Opening
from ftops.state.backends.postgres import open_store
opening = Opening(sys.argv[1], Path("/"), "child", {"PGPASSWORD": sys.argv[2]},
    lease=float(sys.argv[3]), reference="{env: STATE_URL}")
lease = open_store(opening).lock(Holder("child", "c", "h", 1, "apply", 0.0), 5)
print("held", flush=True)
sys.stdin.readline()
try:
    lease.check()
    print("yes")
except LeaseLost as lost:
    print(lost)
"""


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_the_lock_of_a_killed_process_is_free_at_once(server: Postgres) -> None:
    backend = open_store(server.opening("child"))
    holding = _child(_HOLD, server, "60")
    try:
        assert holding.stdout is not None
        assert holding.stdout.readline() == "held\n"
        assert str(backend.holder()).startswith("c@h")
        with pytest.raises(LockHeld, match="c@h"):
            backend.lock(HOLDER, 0)
    finally:
        holding.kill()
        holding.communicate()
    began = time.monotonic()
    lease = backend.lock(HOLDER, 5)
    assert time.monotonic() - began < 2
    assert isinstance(lease, PostgresLease)
    assert lease.taken_from is not None
    assert lease.taken_from.id == "child"
    lease.release()


def test_a_process_that_is_paused_beyond_its_lease_is_taken_over_and_knows(server: Postgres) -> None:
    holding = _child(_HOLD, server, "1")
    try:
        assert holding.stdout is not None
        assert holding.stdout.readline() == "held\n"
        backend = open_store(server.opening("child"))
        time.sleep(1.2)
        with pytest.raises(LockHeld):
            backend.lock(HOLDER, 0)
        holding.send_signal(signal.SIGSTOP)
        lease = backend.lock(HOLDER, 10)
        holding.send_signal(signal.SIGCONT)
        told, _ = holding.communicate("\n", timeout=20)
        assert "is gone" in told
        lease.check()
        lease.release()
    finally:
        _end(holding)


def test_a_heartbeat_keeps_the_session_for_longer_than_a_lease(server: Postgres) -> None:
    lease = open_store(server.opening("beats", lease=0.8)).lock(HOLDER, 0)
    time.sleep(1.2)
    lease.check()
    lease.release()


def test_a_silence_longer_than_the_lease_is_lost_without_asking(server: Postgres) -> None:
    now = [0.0]
    backend = PostgresBackend(server.opening("asleep", lease=60), clocks=Clocks(boot=lambda: now[0]))
    lease = backend.lock(HOLDER, 0)
    now[0] = 59.0
    lease.check()
    now[0] = 119.0
    with pytest.raises(LeaseLost, match="the server heard nothing from this run for 60 seconds"):
        lease.check()
    lease.release()
    # The server frees the lock when it notices that the session has ended, a moment after it was closed.
    open_store(server.opening("asleep")).lock(OTHER, 20).release()


def test_an_answer_that_was_slept_over_does_not_count(server: Postgres) -> None:
    ticks = iter([0.0, 1.0, 61.0])
    lease = PostgresBackend(server.opening("slept"), clocks=Clocks(boot=lambda: next(ticks))).lock(HOLDER, 0)
    with pytest.raises(LeaseLost, match="more than 60 seconds"):
        lease.check()
    lease.release()


def test_a_server_process_that_hangs_does_not_make_the_check_hang(server: Postgres) -> None:
    opened = server.opening("hangs")
    connection = connect(address_of(opened))
    session = LockSession(connection, Terms("hangs", "here", 60, answer=0.5))
    open_store(opened).write(b"one", None)
    assert session.take()
    lease = PostgresLease(session, Terms("hangs", "here", 60, answer=0.5), Clocks().boot(), HOLDER)
    pid = connection.info.backend_pid
    os.kill(pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        with pytest.raises(LeaseLost):
            lease.check()
        assert time.monotonic() - began < 5
        lease.release()
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_lock_is_taken_from_its_holder_and_from_nobody_else(server: Postgres) -> None:
    backend = open_store(server.opening("unlock"))
    lease = open_store(server.opening("unlock")).lock(HOLDER, 0)
    with pytest.raises(StateError, match="is not locked by you@there"):
        backend.unlock(OTHER)
    lease.check()
    backend.unlock(HOLDER)
    with pytest.raises(LeaseLost):
        lease.check()
    with pytest.raises(StateError, match="is not locked by me@here"):
        backend.unlock(HOLDER)
    assert "silent for 60 seconds" in backend.explain_lock()


def test_a_role_without_the_right_cannot_end_the_holders_session(server: Postgres, reader: Opening) -> None:
    lease = open_store(server.opening("p")).lock(HOLDER, 0)
    assert open_store(reader).holder() == HOLDER
    with pytest.raises(StateError, match="may not end the session") as refused:
        open_store(reader).unlock(HOLDER)
    assert "pg_terminate_backend" in str(refused.value.hint)
    lease.check()
    lease.release()


def test_a_lock_whose_words_are_of_a_dead_session_is_another_runs(server: Postgres) -> None:
    backend = open_store(server.opening("wordless"))
    lease = backend.lock(HOLDER, 0)
    server.ask("UPDATE ftops_state_lock SET backend_start = now() WHERE project = 'wordless'")
    assert backend.holder() is None
    with pytest.raises(LockHeld, match="another run"):
        backend.lock(OTHER, 0)
    lease.release()


class OneSession:
    """A pooler in transaction mode: whoever connects is given the same session of the server."""

    def __init__(self) -> None:
        self.shared: Connection | None = None

    def __call__(self, address: Address) -> Connection:
        if self.shared is None or self.shared.closed:
            self.shared = connect(address)
        return self.shared


def test_a_pooler_that_makes_one_session_of_two_is_refused(server: Postgres) -> None:
    backend = PostgresBackend(server.opening("pooled"), connect=OneSession())
    with pytest.raises(StateError, match="the lock is not held by a single session") as refused:
        backend.lock(HOLDER, 0)
    assert "session mode" in str(refused.value.hint)
    assert open_store(server.opening("pooled")).holder() is None


class Old:
    """A server of before `idle_session_timeout`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.info = SimpleNamespace(server_version=130009)

    def __getattr__(self, name: str) -> object:
        return getattr(self._connection, name)


def test_a_server_that_cannot_end_silent_sessions_is_refused(server: Postgres) -> None:
    connection = connect(address_of(server.opening("old")))
    session = LockSession(cast("Connection", Old(connection)), Terms("old", "here", 60))
    with pytest.raises(StateError, match="by PostgreSQL 13") as refused:
        session.require_own_session(PostgresBackend(server.opening("old"))._link)
    assert "PostgreSQL 14" in str(refused.value.hint)
    session.close()


def test_a_session_that_already_holds_the_lock_is_not_taken_for_a_new_one(server: Postgres) -> None:
    open_store(server.opening("pooled")).write(b"one", None)
    pooler = OneSession()
    terms = Terms("pooled", "here", 60)
    first, second = (LockSession(pooler(address_of(server.opening("pooled"))), terms) for _ in range(2))
    assert first.take()
    with pytest.raises(StateError, match="not held by a single session"):
        second.take()
    first.close()


def test_a_server_whose_lock_keeps_nobody_out_is_refused(server: Postgres) -> None:
    backend = PostgresBackend(server.opening("no-op"))
    address = address_of(server.opening("no-op"))
    session = LockSession(connect(address), Terms("no-op", "here", 60))
    # Nothing is held: as with a server that answers yes to everybody.
    with pytest.raises(StateError, match="not held by a single session"):
        session.prove(backend._link)
    assert session.take()
    session.prove(backend._link)
    session.close()


def test_a_lock_that_is_no_longer_this_sessions_is_lost_for_ever(server: Postgres) -> None:
    opened = server.opening("freed")
    open_store(opened).write(b"one", None)
    connection = connect(address_of(opened))
    session = LockSession(connection, Terms("freed", "here", 60))
    assert session.take()
    lease = PostgresLease(session, Terms("freed", "here", 60), Clocks().boot(), HOLDER)
    connection.execute("SELECT pg_advisory_unlock_all()")
    for _ in range(2):
        with pytest.raises(LeaseLost, match="does not hold it"):
            lease.check()
    lease.release()


def test_many_threads_that_check_at_once_share_round_trips(server: Postgres) -> None:
    lease = open_store(server.opening("shared")).lock(HOLDER, 0)
    assert isinstance(lease, PostgresLease)
    asked, ask = [0], lease._shared._ask

    def counted() -> None:
        asked[0] += 1
        ask()

    lease._shared._ask = counted

    def check(_name: str) -> None:
        for _ in range(10):
            lease.check()

    _together(check, [str(number) for number in range(32)])
    assert asked[0] < 320 / 3
    lease.release()


def test_a_line_that_is_silent_is_hung_up(server: Postgres) -> None:
    with connect(address_of(server.opening("hang-up"))) as connection:
        began = time.monotonic()
        with pytest.raises(psycopg.OperationalError), hung_up_after(connection, 0.2):
            connection.execute("SELECT pg_sleep(30)")
        assert time.monotonic() - began < 5


def _together(run: Callable[[str], None], names: list[str]) -> None:
    threads = [threading.Thread(target=run, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
