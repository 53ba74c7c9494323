"""What every state backend promises, with two clients; the local one with two processes as well."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ftops.errors import LeaseLost, LockHeld, StateConflict, StateError
from ftops.model.state import State
from ftops.state.backend import Holder, StateBackend
from ftops.state.backends.local import LocalBackend
from ftops.state.backends.memory import MemoryBackend
from ftops.state.manager import StateManager

HOLDER = Holder("id", "me", "here", os.getpid(), "apply", 0.0)
Clients = tuple[StateBackend, StateBackend]


def local(tmp_path: Path) -> Clients:
    path = tmp_path / ".ftops" / "state.json"
    return LocalBackend(path), LocalBackend(path)


def memory(tmp_path: Path) -> Clients:
    backend = MemoryBackend(time.time)
    return backend, backend


@pytest.fixture(params=[local, memory])
def clients(request: pytest.FixtureRequest, tmp_path: Path) -> Clients:
    make: Callable[[Path], Clients] = request.param
    return make(tmp_path)


def test_a_store_that_was_never_written_reads_as_none(clients: Clients) -> None:
    assert clients[0].read() is None


def test_one_client_reads_what_the_other_wrote(clients: Clients) -> None:
    version = clients[0].write(b"one", None)
    stored = clients[1].read()
    assert stored is not None
    assert (stored.data, stored.version) == (b"one", version)


def test_a_write_on_an_old_version_changes_nothing(clients: Clients) -> None:
    first = clients[0].write(b"one", None)
    clients[1].write(b"two", first)
    for stale in (None, first):
        with pytest.raises(StateConflict):
            clients[0].write(b"three", stale)
    stored = clients[0].read()
    assert stored is not None
    assert stored.data == b"two"


def test_a_lock_is_refused_to_the_second_client_until_it_is_released(clients: Clients) -> None:
    lease = clients[0].lock(HOLDER, 0)
    lease.check()
    with pytest.raises(LockHeld, match="me@here"):
        clients[1].lock(HOLDER, 0)
    assert clients[1].holder() == HOLDER
    lease.release()
    lease.release()
    assert clients[1].holder() is None
    clients[1].lock(HOLDER, 0).release()


def test_a_released_lease_no_longer_allows_anything(clients: Clients) -> None:
    lease = clients[0].lock(HOLDER, 0)
    lease.release()
    with pytest.raises(LeaseLost):
        lease.check()


def test_an_expired_lease_is_lost_and_free_for_others() -> None:
    now = [0.0]
    backend = MemoryBackend(lambda: now[0], lease_seconds=10)
    lease = backend.lock(HOLDER, 0)
    now[0] = 10.0
    with pytest.raises(LeaseLost):
        lease.check()
    backend.lock(HOLDER, 0).check()


def test_a_lock_file_that_was_replaced_is_noticed(tmp_path: Path) -> None:
    backend, _ = local(tmp_path)
    lease = backend.lock(HOLDER, 0)
    (tmp_path / ".ftops/state.json.lock").unlink()
    with pytest.raises(LeaseLost):
        lease.check()
    lease.release()


def test_a_local_lock_waits_no_longer_than_told(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    lease = LocalBackend(path).lock(HOLDER, 0)
    with pytest.raises(LockHeld):
        LocalBackend(path, monotonic=lambda: now[0], sleep=sleep).lock(HOLDER, 3)
    assert 3 <= now[0] < 3.5
    lease.release()


def _hold(path: str) -> None:
    LocalBackend(Path(path)).lock(HOLDER, 0)
    Path(path + ".held").touch()
    time.sleep(60)


def test_the_lock_of_another_process_holds_until_it_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    process = multiprocessing.get_context("spawn").Process(target=_hold, args=(str(path),))
    process.start()
    while not Path(f"{path}.held").exists():
        time.sleep(0.01)
    with pytest.raises(LockHeld):
        LocalBackend(path).lock(HOLDER, 0)
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    assert LocalBackend(path).holder() is None
    LocalBackend(path).lock(HOLDER, 0).release()


def _write_often(path: str) -> None:
    manager = StateManager(LocalBackend(Path(path)), "p", new_lineage=lambda: "l")
    state = manager.read()
    while True:
        state = manager.write(state)


def test_a_reader_sees_a_whole_state_whenever_the_writer_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    manager = StateManager(LocalBackend(path), "p", new_lineage=lambda: "l")
    serials: list[int] = []
    for _ in range(5):
        process = multiprocessing.get_context("spawn").Process(target=_write_often, args=(str(path),))
        process.start()
        while manager.read().serial <= (serials[-1] if serials else 0):
            time.sleep(0.01)
        process.kill()
        process.join()
        serials.append(manager.read().serial)
    assert serials == sorted(set(serials))


def test_a_full_disk_leaves_the_old_state(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    LocalBackend(path).write(b"old", None)
    code = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from ftops.state.backends.local import LocalBackend\n"
        "from ftops.errors import StateError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "backend = LocalBackend(Path(sys.argv[1])); version = backend.read().version\n"
        "try: backend.write(b'x' * 5000, version)\n"
        "except StateError as error: print(error.message, error.hint)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert "cannot write the state" in done.stdout
    assert "the state is as it was" in done.stdout
    assert path.read_bytes() == b"old"
    assert not list(tmp_path.glob("*.tmp"))


def test_the_manager_refuses_a_state_that_is_not_the_last_one_read(tmp_path: Path) -> None:
    first, second = (StateManager(client, "p", new_lineage=lambda: "l") for client in local(tmp_path))
    old = first.read()
    second.write(second.read())
    with pytest.raises(StateConflict):
        first.write(replace(old, not_mine={"p": ("job-1",)}))
    with pytest.raises(StateError):
        second.write(State("p", "other-lineage", 1))


def test_a_backup_holds_the_state_before(tmp_path: Path) -> None:
    backend, _ = local(tmp_path)
    version = backend.write(b"one", None)
    backend.write(b"two", version)
    assert (tmp_path / ".ftops/state.json.backup").read_bytes() == b"one"


def test_a_version_is_never_used_again(clients: Clients) -> None:
    versions: list[str] = []
    for number in range(20):
        data = b"serial %d" % number
        versions.append(clients[number % 2].write(data, versions[-1] if versions else None))
    assert len(set(versions)) == len(versions)


def test_every_backend_names_its_place_and_a_way_back(clients: Clients) -> None:
    assert clients[0].location
    assert clients[0].recovery


def test_a_stolen_lease_is_lost_and_stays_lost() -> None:
    backend = MemoryBackend(lambda: 0.0)
    lease = backend.lock(HOLDER, 0)
    backend.steal()
    successor = backend.lock(HOLDER, 0)
    with pytest.raises(LeaseLost):
        lease.check()
    lease.release()
    successor.check()


def test_a_lease_that_expires_while_another_run_waits_is_taken_over() -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    backend = MemoryBackend(lambda: now[0], lease_seconds=2, sleep=sleep)
    backend.lock(HOLDER, 0)
    with pytest.raises(LockHeld):
        backend.lock(HOLDER, 1)
    backend.lock(HOLDER, 1.5).check()


def _add_marks(path: str, who: str, rounds: int) -> None:
    manager = StateManager(LocalBackend(Path(path)), "p", new_lineage=lambda: "l")
    added = 0
    while added < rounds:
        state = manager.read()
        marks = (*state.not_mine.get("p", ()), f"{who}{added}")
        try:
            manager.write(replace(state, not_mine={"p": marks}))
        except StateConflict:
            continue
        added += 1


def test_two_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_add_marks, args=(str(path), who, 30)) for who in "ab"]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    state = StateManager(LocalBackend(path), "p", new_lineage=lambda: "l").read()
    assert state.serial == 60
    assert sorted(state.not_mine["p"]) == sorted(f"{who}{number}" for who in "ab" for number in range(30))
