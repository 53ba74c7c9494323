from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from ftops.errors import LeaseLost, LockHeld, StateConflict, StateError
from ftops.state.backend import Holder
from ftops.state.backends.local import LocalBackend
from ftops.state.backends.waiting import Patience

HOLDER = Holder("id", "me", "here", os.getpid(), "apply", 0.0, "https://ci/1")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.json"


def names(path: Path) -> set[str]:
    return {member.name for member in path.parent.iterdir()}


def test_writes_leave_a_state_a_backup_and_no_litter(path: Path) -> None:
    backend = LocalBackend(path)
    (path.parent / "state.json.tmp").write_bytes(b"left by a killed writer")
    version = None
    for text in (b"one", b"two", b"three"):
        version = backend.write(text, version)
    assert names(path) == {"state.json", "state.json.backup", "state.json.writing"}
    assert (path.parent / "state.json.backup").read_bytes() == b"two"


def test_a_writer_killed_after_its_backup_does_not_disturb_the_next(path: Path) -> None:
    backend = LocalBackend(path)
    version = backend.write(b"one", None)
    backup = path.parent / "state.json.backup"
    backup.hardlink_to(path)
    backend.write(b"two", version)
    assert (path.read_bytes(), backup.read_bytes()) == (b"two", b"one")
    assert names(path) == {"state.json", "state.json.backup", "state.json.writing"}


def test_a_symlink_to_a_state_stays_one_and_shares_its_lock(path: Path, tmp_path: Path) -> None:
    (tmp_path / "link").mkdir()
    link = tmp_path / "link/state.json"
    link.symlink_to(path)
    LocalBackend(link).write(b"one", None)
    assert link.is_symlink()
    assert path.read_bytes() == b"one"
    lease = LocalBackend(path).lock(HOLDER, 0)
    with pytest.raises(LockHeld):
        LocalBackend(link).lock(HOLDER, 0)
    lease.release()


def test_the_permissions_of_a_state_are_kept(path: Path) -> None:
    backend = LocalBackend(path)
    version = backend.write(b"one", None)
    path.chmod(0o640)
    backend.write(b"two", version)
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_directory_in_place_of_the_state_is_one_sentence(path: Path) -> None:
    path.mkdir()
    with pytest.raises(StateError, match=r"cannot read the state .*Is a directory"):
        LocalBackend(path).read()
    with pytest.raises(StateError, match="Is a directory"):
        LocalBackend(path).write(b"x", None)
    assert path.is_dir()


def test_a_loop_of_symlinks_is_one_sentence(path: Path) -> None:
    path.symlink_to(path)
    with pytest.raises(StateError, match="symbolic links"):
        LocalBackend(path).read()


def test_a_file_in_place_of_the_directory_is_one_sentence(path: Path) -> None:
    path.write_text("a file")
    inside = LocalBackend(path / "state.json")
    with pytest.raises(StateError, match="cannot write the state"):
        inside.write(b"x", None)
    with pytest.raises(StateError, match="cannot lock the state"):
        inside.lock(HOLDER, 0)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_an_unwritable_directory_is_one_sentence(path: Path) -> None:
    path.parent.chmod(0o500)
    with pytest.raises(StateError, match="Permission denied"):
        LocalBackend(path).write(b"x", None)
    path.parent.chmod(0o700)


def test_of_two_writers_at_once_exactly_one_wins_each_round(path: Path) -> None:
    outcomes: list[str] = []
    version = LocalBackend(path).write(b"start", None)
    for number in range(20):
        start = threading.Barrier(2)

        def write(data: bytes, start: threading.Barrier = start, expected: str = version) -> None:
            start.wait()
            try:
                outcomes.append(LocalBackend(path).write(data, expected))
            except StateConflict:
                outcomes.append("conflict")

        writers = [threading.Thread(target=write, args=(b"%d by %d" % (number, who),)) for who in (1, 2)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        stored = LocalBackend(path).read()
        assert stored is not None
        version = stored.version
        assert sorted(outcomes[-2:]) == sorted([version, "conflict"])


def test_whoever_looks_at_a_free_lock_is_not_in_the_way(path: Path) -> None:
    backend = LocalBackend(path)
    backend.lock(HOLDER, 0).release()
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            LocalBackend(path).holder()

    looker = threading.Thread(target=look)
    looker.start()
    for _ in range(200):
        backend.lock(HOLDER, 0).release()
    stop.set()
    looker.join()


def test_a_lock_that_cannot_be_announced_is_not_kept(path: Path) -> None:
    info = path.parent / "state.json.lock.info"
    info.mkdir()
    with pytest.raises(StateError, match="cannot lock the state"):
        LocalBackend(path).lock(HOLDER, 0)
    info.rmdir()
    LocalBackend(path).lock(HOLDER, 0).release()


def test_what_a_dead_holder_left_behind_is_nobody(path: Path) -> None:
    (path.parent / "state.json.lock.info").write_text('{"who": "ghost"}')
    assert LocalBackend(path).holder() is None


def test_a_holder_whose_words_are_broken_still_holds(path: Path) -> None:
    lease = LocalBackend(path).lock(HOLDER, 0)
    (path.parent / "state.json.lock.info").write_text("{")
    with pytest.raises(LockHeld, match="another run"):
        LocalBackend(path).lock(HOLDER, 0)
    lease.release()


def test_a_lost_lease_does_not_remove_the_words_of_its_successor(path: Path) -> None:
    old = LocalBackend(path).lock(HOLDER, 0)
    for name in ("state.json.lock", "state.json.lock.info"):
        (path.parent / name).unlink()
    new = LocalBackend(path).lock(HOLDER, 0)
    with pytest.raises(LeaseLost):
        old.check()
    old.release()
    assert LocalBackend(path).holder() == HOLDER
    new.check()
    new.release()


def test_a_lock_that_comes_free_while_waiting_is_taken(path: Path) -> None:
    lease = LocalBackend(path).lock(HOLDER, 0)
    waiting = LocalBackend(path, Patience(lambda: 0.0, lambda _: lease.release()))
    waiting.lock(HOLDER, 1).check()


def test_whether_a_write_would_work_is_told_without_one(tmp_path: Path) -> None:
    assert LocalBackend(tmp_path / "made/later/state.json").unwritable() is None
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("")
    found = LocalBackend(tmp_path / "file/state.json").unwritable()
    assert found == f"{tmp_path}/file is not a directory"


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_read_only_directory_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        assert "may not be written to" in str(LocalBackend(tmp_path / "state.json").unwritable())
    finally:
        tmp_path.chmod(0o700)
