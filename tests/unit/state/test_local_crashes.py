"""A local state under kills, a full disk, and files that others replace."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ftops.errors import LeaseLost, LockHeld
from ftops.state.backend import Holder
from ftops.state.backends.local import LocalBackend
from ftops.state.backends.waiting import Patience
from ftops.state.manager import StateManager

HOLDER = Holder("id", "me", "here", os.getpid(), "apply", 0.0)


def test_a_lock_file_that_was_replaced_is_noticed(tmp_path: Path) -> None:
    backend = LocalBackend(tmp_path / ".ftops" / "state.json")
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
        LocalBackend(path, Patience(lambda: now[0], sleep)).lock(HOLDER, 3)
    assert 3 <= now[0] < 3.5
    lease.release()


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


def test_a_backup_holds_the_state_before(tmp_path: Path) -> None:
    backend = LocalBackend(tmp_path / ".ftops" / "state.json")
    version = backend.write(b"one", None)
    backend.write(b"two", version)
    assert (tmp_path / ".ftops/state.json.backup").read_bytes() == b"one"
