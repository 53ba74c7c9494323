"""What every state backend promises, with two clients, and with two processes where there can be two.

Each test is a promise, and runs over every kind of store; the run ends with the matrix of both.
"""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from ftops.errors import LeaseLost, LockHeld, StateConflict, StateError
from ftops.model.state import State
from ftops.model.value import replace
from ftops.state.backend import Lease, StateBackend
from ftops.state.features import BreaksLocks, ComparesClocks, ExplainsLocks, KeepsHistory, TookOver
from ftops.state.form import StateForm
from ftops.state.manager import StateManager
from tests.contracts.conftest import Applies
from tests.contracts.holders import CONTEXT, PATIENCE, holder, holding, write_marks
from tests.contracts.stores import LEASE, Bench


def written(state: State) -> bytes:
    return StateForm().encode(state)


def numbered(serial: int) -> bytes:
    return written(State("p", "l", serial))


def put(client: StateBackend, serial: int, expected: str | None) -> str:
    return client.write(numbered(serial), expected)


def test_a_store_that_was_never_written_reads_as_none(bench: Bench) -> None:
    assert bench.client().read() is None


def test_one_client_reads_what_the_other_wrote(bench: Bench) -> None:
    version = put(bench.client(), 1, None)
    stored = bench.client().read()
    assert stored is not None
    assert (stored.data, stored.version) == (numbered(1), version)


def test_a_write_on_an_old_version_changes_nothing(bench: Bench) -> None:
    one, other = bench.client(), bench.client()
    first = put(one, 1, None)
    put(other, 2, first)
    for stale in (None, first):
        with pytest.raises(StateConflict):
            put(one, 3, stale)
    stored = one.read()
    assert stored is not None
    assert stored.data == numbered(2)


def test_a_version_is_never_used_again(bench: Bench) -> None:
    clients = bench.client(), bench.client()
    versions: list[str] = []
    for number in range(12):
        versions.append(put(clients[number % 2], number, versions[-1] if versions else None))
    assert len(set(versions)) == len(versions)


def test_a_large_state_is_whole(bench: Bench) -> None:
    marks = tuple(f"job-{number:08d}" for number in range(200_000))
    data = written(State("p", "l", 1, not_mine={"oa": marks}))
    assert len(data) > 4_000_000
    bench.client().write(data, None)
    stored = bench.client().read()
    assert stored is not None
    assert stored.data == data


def test_a_lock_is_refused_to_the_second_client_until_it_is_released(bench: Bench) -> None:
    one, other = bench.client(), bench.client()
    lease = one.lock(holder("first"), 0)
    lease.check()
    with pytest.raises(LockHeld, match="first@here"):
        other.lock(holder("second"), 0)
    lease.check()
    lease.release()
    lease.release()
    other.lock(holder("second"), 0).release()


def test_whoever_asks_is_told_who_holds_the_lock_since_when(bench: Bench) -> None:
    one, other = bench.client(), bench.client()
    assert other.holder() is None
    lease = one.lock(holder("first"), 0)
    told = other.holder()
    assert told is not None
    assert (told.id, told.who, told.host) == ("id-of-first", "first", "here")
    assert told.since == pytest.approx(1_700_000_000, abs=1)
    lease.release()
    assert other.holder() is None


def test_a_released_lease_no_longer_allows_anything(bench: Bench) -> None:
    lease = bench.client().lock(holder("first"), 0)
    lease.release()
    for _ in range(2):
        with pytest.raises(LeaseLost):
            lease.check()


def test_a_write_under_the_lock_is_a_write_like_any_other(bench: Bench) -> None:
    client, other = bench.client(), bench.client()
    lease = client.lock(holder("first"), 0)
    first = put(client, 1, None)
    second = put(client, 2, first)
    lease.check()
    lease.release()
    assert put(other, 3, second)


def test_the_clock_of_a_store_is_compared_with_ours(bench: Bench, applies: Applies) -> None:
    lease = bench.client().lock(holder("first"), 0)
    lease.release()
    assert isinstance(lease, ComparesClocks) == bench.traits.clock
    if applies(bench.traits.clock):
        assert isinstance(lease, ComparesClocks)
        assert lease.clock_ahead is not None
        assert abs(lease.clock_ahead) < 5


def test_a_lock_that_a_person_breaks_is_lost_for_its_holder(bench: Bench, applies: Applies) -> None:
    one, other = bench.client(), bench.client()
    assert isinstance(other, BreaksLocks) == bench.traits.breakable
    if not applies(bench.traits.breakable):
        assert isinstance(other, ExplainsLocks) == bench.traits.processes
        return
    assert isinstance(other, BreaksLocks)
    lease = one.lock(holder("first"), 0)
    with pytest.raises(StateError):
        other.unlock(holder("somebody-else"))
    lease.check()
    other.unlock(holder("first"))
    successor = other.lock(holder("second"), LEASE * 3)
    with pytest.raises(LeaseLost):
        _check_until_renewed(lease)
    lease.release()
    successor.check()
    successor.release()


def test_earlier_states_are_kept_and_bounded(bench: Bench, applies: Applies) -> None:
    client = bench.client()
    assert isinstance(client, KeepsHistory) == bench.traits.history
    if not applies(bench.traits.history):
        return
    assert isinstance(client, KeepsHistory)
    version, most = None, bench.opening.history
    for run in range(most + 3):
        lease = client.lock(holder("first"), PATIENCE)
        version = put(client, run, version)
        lease.release()
    kept = client.history()
    assert 1 <= len(kept) <= most
    newest = client.earlier(kept[0].name)
    assert newest == numbered(most + 1)
    assert kept[0].size == len(newest)
    with pytest.raises(StateError):
        client.earlier("no-such-version")


def test_no_message_holds_a_credential(bench: Bench) -> None:
    client = bench.client()
    assert client.location
    assert client.recovery
    for name, value in bench.opening.environ.items():
        if any(word in name for word in ("KEY", "PASSWORD", "TOKEN", "SECRET")):
            assert value not in client.location + client.recovery


def test_two_processes_that_write_at_once_lose_nothing(bench: Bench, applies: Applies) -> None:
    if not applies(bench.traits.processes):
        return
    processes = [CONTEXT.Process(target=write_marks, args=(bench.opening, who, 15)) for who in "ab"]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    state = StateManager(bench.client(), "p", new_lineage=lambda: "l").read()
    assert state.serial == 30
    assert sorted(state.not_mine["p"]) == sorted(f"{who}{number}" for who in "ab" for number in range(15))


def test_the_lock_of_a_killed_process_comes_free(bench: Bench, tmp_path: Path, applies: Applies) -> None:
    if not applies(bench.traits.processes):
        return
    client = bench.client()
    with holding(bench.opening, tmp_path / "notes") as first:
        with pytest.raises(LockHeld, match="first@here"):
            client.lock(holder("second"), 0)
        first.kill()
        if bench.traits.frees == "by unlock":
            with pytest.raises(LockHeld) as refused:
                client.lock(holder("second"), 0)
            assert "ftops state unlock id-of-first" in (refused.value.hint or "")
            assert isinstance(client, BreaksLocks)
            client.unlock(holder("first"))
        lease = client.lock(holder("second"), LEASE * 4)
    if bench.traits.frees != "by unlock":
        assert isinstance(lease, TookOver)
        assert lease.taken_from is not None
        assert lease.taken_from.who == "first"
    lease.check()
    lease.release()


def test_a_holder_that_was_paused_beyond_its_lease_refuses_to_go_on(
    bench: Bench, tmp_path: Path, applies: Applies
) -> None:
    if not applies(bench.traits.processes):
        return
    with holding(bench.opening, tmp_path / "notes") as first:
        first.send(signal.SIGSTOP)
        if not applies(bench.traits.ends_pauses):
            # Nobody else gets in, so the holder may go on.
            with pytest.raises(LockHeld):
                bench.client().lock(holder("second"), 0.5)
            first.send(signal.SIGCONT)
            return
        lease = bench.client().lock(holder("second"), LEASE * 6)
        first.send(signal.SIGCONT)
        first.wait_for("lost")
        first.wait_for("stays-lost")
        first.wait_for("released")
        lease.check()
        lease.release()


def test_a_holder_that_was_paused_and_not_missed_refuses_too(
    bench: Bench, tmp_path: Path, applies: Applies
) -> None:
    if not applies(bench.traits.ends_pauses):
        return
    with holding(bench.opening, tmp_path / "notes") as first:
        first.send(signal.SIGSTOP)
        signal.sigtimedwait([], LEASE * 1.5)
        first.send(signal.SIGCONT)
        first.wait_for("lost")
        first.wait_for("stays-lost")


def test_the_manager_refuses_a_state_that_is_not_the_last_one_read(bench: Bench) -> None:
    first, second = (StateManager(bench.client(), "p", new_lineage=lambda: "l") for _ in range(2))
    old = first.read()
    second.write(second.read())
    with pytest.raises(StateConflict):
        first.write(replace(old, not_mine={"p": ("job-1",)}))
    with pytest.raises(StateError):
        second.write(State("p", "other-lineage", 1))


def _check_until_renewed(lease: Lease) -> None:
    """Ask until the next renewal must have noticed: a lease by time learns of a broken lock only then."""
    for _ in range(int(LEASE * 100)):
        lease.check()
        signal.sigtimedwait([], 0.01)
